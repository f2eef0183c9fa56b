//! The command line.

use crate::workload::Workload;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures Mainstay, and next to it the limits of what it is made of
#[derive(Debug, Parser)]
#[command(name = "mainstay-bench", args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) child: Option<Child>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What this program does as its own child.
#[derive(Debug, Subcommand)]
pub(crate) enum Child {
    /// Serve constant JSON with bare axum
    #[command(hide = true, name = "bare-axum")]
    Axum {
        /// Sizes of answers in bytes
        sizes: Vec<usize>,
    },
    /// Hold sockets and write the same bytes to each when told
    #[command(hide = true, name = "bare-loop")]
    Loop {
        /// The size of what is written, in bytes
        event_bytes: usize,
    },
    /// Hold WebSockets and send the same texts to each when told
    #[command(hide = true, name = "bare-sockets")]
    Sockets {
        /// The size of what those get who watch records, in bytes
        record_bytes: usize,
        /// The size of what those get who hear a channel, in bytes
        message_bytes: usize,
    },
    /// Do what stdin says with bare SQLite and argon2
    #[command(hide = true, name = "bare-worker")]
    Worker {
        /// A hash of the password
        hash: String,
        /// A copy of the program's database, which is changed
        database: Option<PathBuf>,
    },
}

/// Where the program keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// In a file of its own.
    Sqlite,
    /// In a private PostgreSQL, which is started for it.
    Postgres,
}

impl Engine {
    /// Its name in the settings of a project.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }
}

/// Messages with which growth is measured.
const GROWTH: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

/// What is measured, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The program to measure
    #[arg(long, value_name = "PATH", default_value = "target/release/mainstay")]
    pub(crate) mainstay: PathBuf,
    /// Where the program keeps its data; for `postgres` it must be built with that feature
    #[arg(long, value_name = "NAME", value_enum, default_value = "sqlite")]
    pub(crate) engine: Engine,
    /// The example that is served
    #[arg(long, value_name = "FOLDER", default_value = "examples/chat")]
    pub(crate) project: PathBuf,
    /// Where the data are kept while it runs: on a disk, because an fsync costs nothing in memory
    #[arg(long, value_name = "FOLDER", default_value = "target")]
    pub(crate) folder: PathBuf,
    /// Connections that are open at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(2..=4_096))]
    pub(crate) connections: u16,
    /// Connections that watch the room in the workload `watch`
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    pub(crate) watchers: u16,
    /// How long a workload is measured in each round, in seconds
    #[arg(long, value_name = "S", default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Rounds; in each, everything is measured once, so that a machine that gets slower does so for all
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) rounds: u16,
    /// Messages in the room before anything is measured
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub(crate) messages: u64,
    /// Measure all of it with 10,000, 100,000, 1,000,000 and 10,000,000 messages, and show how the processor time for an answer grows
    #[arg(long, conflicts_with = "messages")]
    pub(crate) growth: bool,
    /// Workloads to measure [default: all]
    #[arg(long, value_name = "NAMES", value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Workload>,
    /// Reads a second by others while half of the connections log in; 0 is as many as possible
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) reads_beside_logins: u32,
    /// Where the figures are written as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Where the program's log goes [default: nowhere]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

impl Options {
    /// How long a workload is measured in each round.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// How many messages there are to be: what is measured is measured with each.
    pub(crate) fn sizes(&self) -> Vec<u64> {
        if self.growth { GROWTH.to_vec() } else { vec![self.messages] }
    }

    /// Whether a workload is to be measured.
    pub(crate) fn wants(&self, workload: Workload) -> bool {
        self.only.is_empty() || self.only.contains(&workload)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.1..=3_600.0).contains(&seconds) { Ok(seconds) } else { Err("from 0.1 to 3600".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn rounds_take_a_time_that_ends() {
        for (text, good) in
            [("3", true), ("0.1", true), ("0", false), ("-1", false), ("inf", false), ("NaN", false)]
        {
            assert_eq!(seconds(text).is_ok(), good, "{text}");
        }
    }

    /// `cargo xtask bench` gives the first, and who calls it the second.
    #[test]
    fn the_later_of_two_options_counts() {
        let options = Cli::parse_from(["mainstay-bench", "--folder", "a", "--folder", "b"]).options;
        assert_eq!(options.folder, PathBuf::from("b"));
    }

    #[test]
    fn growth_has_its_own_sizes() {
        let sizes =
            |arguments: &[&str]| Cli::parse_from([&["mainstay-bench"], arguments].concat()).options.sizes();
        assert_eq!(sizes(&["--messages", "5000"]), [5_000]);
        assert_eq!(sizes(&["--growth"]), GROWTH);
        assert!(Cli::try_parse_from(["mainstay-bench", "--growth", "--messages", "5000"]).is_err());
    }

    #[test]
    fn workloads_are_chosen_by_their_names() {
        let options = Cli::parse_from(["mainstay-bench", "--only", "read_by_id,batch"]).options;
        assert!(options.wants(Workload::ReadById) && options.wants(Workload::Batch));
        assert!(!options.wants(Workload::Create));
        assert!(Cli::parse_from(["mainstay-bench"]).options.wants(Workload::Create));
    }
}
