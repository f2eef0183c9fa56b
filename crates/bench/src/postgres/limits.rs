//! `pgbench` on a copy of the program's database.

use super::record::Recorded;
use super::script::{self, FIRST_NUMBER, ID_OF_OLD, Script};
use crate::process;
use crate::sample::Sample;
use crate::scene::KEPT_IDS;
use mainstay_services::postgres::Database;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::NamedTempFile;

/// What `pgbench` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// What the program asks to read a message by its id.
    Read,
    /// What it asks to read a page.
    List,
    /// The transaction of a create.
    Create,
    /// The insert of the message alone.
    Insert,
    /// A transaction of a hundred creates.
    Batch,
}

/// The copy, and the statements.
pub(crate) struct Pgbench {
    database: Database,
    /// The server's process.
    server: u32,
    recorded: Recorded,
    /// How many messages have numbers.
    numbered: u64,
    runs: u32,
}

impl Pgbench {
    pub(super) fn prepare(database: Database, server: u32, recorded: Recorded) -> Result<Self, String> {
        let numbered = number_messages(&database)?;
        Ok(Pgbench { database, server, recorded, numbered, runs: 0 })
    }

    /// Runs it with so many clients for this long, in whole seconds.
    pub(crate) fn measure(&mut self, work: Work, clients: u16, time: Duration) -> Result<Sample, String> {
        self.runs += 1;
        let script = self.script(work);
        let mut file = NamedTempFile::new().map_err(|error| format!("a script of pgbench: {error}"))?;
        file.write_all(script.text.as_bytes()).map_err(|error| format!("a script of pgbench: {error}"))?;
        let seconds = time.as_secs_f64().ceil() as u64;
        let mut command = self.command(&script, file.path(), clients, seconds + 1);
        let before = process::cpu_of_family(self.server)?;
        let output = command.output().map_err(|error| format!("pgbench: {error}"))?;
        let cpu = process::cpu_of_family(self.server)?.saturating_sub(before);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let counted = counted(&said).filter(|_| output.status.success());
        let (good, time) = counted.ok_or_else(|| format!("pgbench said\n{said}"))?;
        // The first second, which is not counted, is of the same kind.
        let database_cpu = cpu.mul_f64(time.as_secs_f64() / (seconds + 1) as f64);
        Ok(Sample { good, time, database_cpu, ..Sample::default() })
    }

    fn script(&self, work: Work) -> Script {
        let Recorded { read, list, create } = &self.recorded;
        match work {
            Work::Read => script::reads(&read.0, &read.1, self.numbered),
            Work::List => script::reads(list, &read.1, self.numbered),
            Work::Create => script::creates(&create.0, &create.1, self.runs),
            Work::Insert => script::inserts(&create.0, &create.1, self.runs),
            Work::Batch => script::batches(&create.0, &create.1, self.runs),
        }
    }

    fn command(&self, script: &Script, file: &Path, clients: u16, seconds: u64) -> Command {
        let mut command = self.database.command("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--progress=1"]);
        command.args([format!("--client={clients}"), format!("--time={seconds}")]).arg("--file").arg(file);
        for (name, value) in &script.variables {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg(self.database.url());
        command
    }
}

/// Gives messages from all over the table ids that end in the numbers from [`FIRST_NUMBER`] on, so that a script can draw one; as many as
/// the program is asked for. Answers how many.
fn number_messages(database: &Database) -> Result<u64, String> {
    database.sql(&format!(
        "UPDATE \"message\" SET \"id\" = ('{ID_OF_OLD}' || ({FIRST_NUMBER} + \"place\" / \"stride\"))::uuid \
         FROM (SELECT \"id\" AS \"old\", row_number() OVER (ORDER BY \"id\") - 1 AS \"place\", \
         greatest((count(*) OVER () + {KEPT_IDS} - 1) / {KEPT_IDS}, 1) AS \"stride\" FROM \"message\") AS \"numbered\" \
         WHERE \"id\" = \"old\" AND \"place\" % \"stride\" = 0"
    ));
    database.sql("VACUUM (FULL, ANALYZE) \"message\"");
    database.sql("CHECKPOINT");
    let count =
        database.sql(&format!("SELECT count(*) FROM \"message\" WHERE \"id\"::text LIKE '{ID_OF_OLD}1%'"));
    count.parse().map_err(|error| format!("the number of messages: {count}: {error}"))
}

/// The transactions behind the first second, in which sessions prepare their statements and fill their caches, and the time that they took.
fn counted(said: &str) -> Option<(u64, Duration)> {
    let number_behind = |start: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(start))?;
        line.split([' ', '/', ',']).next()?.parse::<f64>().ok()
    };
    let processed = number_behind("number of transactions actually processed: ")?;
    let time = processed / number_behind("tps = ")?;
    let first = said.lines().find_map(|line| line.strip_prefix("progress: "))?;
    let (first_time, rest) = first.split_once(" s, ")?;
    let (first_time, first_rate): (f64, f64) =
        (first_time.parse().ok()?, rest.split_once(' ')?.0.parse().ok()?);
    // Where the machine could not keep up, the first second is told of too late to be taken out.
    let (good, time) = match first_time < time / 2.0 {
        true => ((processed - first_time * first_rate).max(0.0), time - first_time),
        false => (processed, time),
    };
    Some((good as u64, Duration::try_from_secs_f64(time).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_services::postgres::Server;

    #[test]
    fn the_first_second_does_not_count() {
        let said = "pgbench (15.14)\nprogress: 1.0 s, 1000.0 tps, lat 1.0 ms stddev 0.1, 0 failed\n\
            progress: 2.0 s, 2000.0 tps, lat 1.0 ms stddev 0.1, 0 failed\nnumber of clients: 64\n\
            number of transactions actually processed: 5000\nnumber of failed transactions: 0 (0.000%)\n\
            tps = 1666.666667 (without initial connection time)\n";
        let (good, time) = counted(said).unwrap();
        assert_eq!((good, time.as_millis()), (4_000, 1_999));
        let late = "progress: 3.1 s, 7.1 tps, lat 1401.6 ms stddev 765.2, 0 failed\n\
            number of transactions actually processed: 42\ntps = 14.0 (without initial connection time)\n";
        assert_eq!(counted(late), Some((42, Duration::from_secs(3))));
        assert_eq!(counted("pgbench: error: no"), None);
    }

    #[test]
    fn numbered_messages_are_found_by_their_numbers() {
        let database = Server::shared().database();
        database.sql(
            r#"CREATE TABLE "message" ("id" UUID PRIMARY KEY);
            INSERT INTO "message" SELECT gen_random_uuid() FROM generate_series(1, 10)"#,
        );
        assert_eq!(number_messages(&database).unwrap(), 10);
        let last =
            format!("SELECT count(*) FROM \"message\" WHERE \"id\" = '{ID_OF_OLD}{}'", FIRST_NUMBER + 9);
        assert_eq!(database.sql(&last), "1");
    }
}
