//! The program under test, on a copy of the project in a folder of its own.

use crate::client::Client;
use crate::data::Data;
use crate::load::Target;
use crate::options::Options;
use crate::process::Guard;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How it is started.
pub(crate) struct Program {
    executable: PathBuf,
    project: PathBuf,
    data: PathBuf,
    log: Option<PathBuf>,
    /// Where its database is, if it is not among its own data.
    url: Option<String>,
    /// The process of the server of that.
    database: Option<u32>,
}

/// It, running. It is killed when this is dropped.
pub(crate) struct Running {
    guard: Guard,
    /// Where it is.
    pub(crate) target: Target,
    started: Instant,
}

impl Program {
    /// Copies the project into `folder`. The program's own data will be there too.
    pub(crate) fn prepare(options: &Options, folder: &Path, data: &Data) -> Result<Self, String> {
        let (project, url) = (folder.join("project"), data.url());
        copy_folder(&options.project, &project)?;
        make_room_for_sockets(&project)?;
        if url.is_some() {
            add_settings(&project.join("mainstay.toml"), &[("data", "engine = \"postgres\"\n")])?;
        }
        let (executable, log) = (options.mainstay.clone(), options.log.clone());
        Ok(Program { executable, project, data: self::data(folder), log, url, database: data.pid()? })
    }

    /// Starts it on a free port, and waits until it says which.
    pub(crate) fn start(&self) -> Result<Running, String> {
        let mut command = Command::new(&self.executable);
        command
            .arg("serve")
            .arg(&self.project)
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stderr(self.log_target()?);
        if let Some(url) = &self.url {
            command.env("MAINSTAY_DATA_URL", url);
        }
        let started = Instant::now();
        let address = |line: &str| line.split_once("http://")?.1.trim().parse().ok();
        let (guard, address) = Guard::start(&mut command, address)
            .map_err(|error| format!("{error}; `--log FILE` keeps what it says"))?;
        let target = Target { address, pid: guard.pid(), database: self.database };
        Ok(Running { guard, target, started })
    }

    /// Starts it, measures the time to the first good answer, and stops it.
    pub(crate) async fn first_answer(&self, target: &str, token: &str) -> Result<Duration, String> {
        let running = self.start()?;
        Client::open(running.target.address).await?.get(target, token).await?;
        let time = running.started.elapsed();
        running.stop()?;
        Ok(time)
    }

    fn log_target(&self) -> Result<Stdio, String> {
        let Some(path) = &self.log else { return Ok(Stdio::null()) };
        let file = File::options().create(true).append(true).open(path);
        file.map(Stdio::from).map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Running {
    /// Stops it as an operator does.
    pub(crate) fn stop(self) -> Result<(), String> {
        self.guard.terminate()
    }
}

/// Where the program's own data are, in the folder of a run.
pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The channel that sockets hear, and bounds that 10,000 of them keep to. Clients here answer no pings.
const CHANNEL: &str = "pattern = \"room/{room}\"\n\n[variables]\nroom = \"room\"\n\n\
    [allow]\nsubscribe = \"room.allow.read\"\npublish = \"room.is_member\"\n";
const BOUNDS: [(&str, &str); 3] = [
    ("server", "max_connections = 15000\n"),
    ("limits", "watchers = 15000\n"),
    ("live", "messages_per_second = 1000000\nping_ms = 3600000\n"),
];

fn make_room_for_sockets(project: &Path) -> Result<(), String> {
    let channels = project.join("channels");
    let written =
        fs::create_dir_all(&channels).and_then(|()| fs::write(channels.join("bench.toml"), CHANNEL));
    written.map_err(|error| format!("{}: {error}", channels.display()))?;
    add_settings(&project.join("mainstay.toml"), &BOUNDS)
}

/// Adds lines to the tables of a project's settings.
fn add_settings(settings: &Path, lines: &[(&str, &str)]) -> Result<(), String> {
    let at = |error| format!("{}: {error}", settings.display());
    let mut text = fs::read_to_string(settings).map_err(at)?;
    for (table, line) in lines {
        let head = format!("[{table}]\n");
        text = match text.split_once(&head) {
            Some((before, after)) => format!("{before}{head}{line}{after}"),
            None => format!("{text}\n{head}{line}"),
        };
    }
    fs::write(settings, text).map_err(at)
}

/// Copies a project, without the data of somebody who has served it.
fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let at = |path: &Path, error| format!("{}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| at(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| at(from, error))? {
        let entry = entry.map_err(|error| at(from, error))?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if !source.is_dir() {
            fs::copy(&source, &copy).map_err(|error| at(&source, error))?;
        } else if entry.file_name() != "data" {
            copy_folder(&source, &copy)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn settings_are_added_to_their_tables() {
        let check = |text: &str, expected: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), text).unwrap();
            add_settings(file.path(), &[("data", "engine = \"postgres\"\n")]).unwrap();
            assert_eq!(fs::read_to_string(file.path()).unwrap(), expected);
        };
        check("name = \"x\"\n", "name = \"x\"\n\n[data]\nengine = \"postgres\"\n");
        check("[data]\nreaders = 2\n[server]\n", "[data]\nengine = \"postgres\"\nreaders = 2\n[server]\n");
    }

    #[test]
    fn a_project_is_copied_without_its_data() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for path in ["mainstay.toml", "models/room.toml", "data/mainstay.db"] {
            let path = from.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        copy_folder(&from, &to).unwrap();
        assert!(to.join("mainstay.toml").is_file() && to.join("models/room.toml").is_file());
        assert!(!to.join("data").exists());
    }
}
