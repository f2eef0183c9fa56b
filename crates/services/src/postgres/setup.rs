//! How a server is set up.

use std::path::{Path, PathBuf};

/// How a server is set up. All of them sort texts by a language and live in an odd time zone, as real ones may: who forgets to say
/// `COLLATE "C"`, or to mean UTC, is found out.
#[derive(Debug, Clone)]
pub struct Setup {
    durable: bool,
    /// Where its own folder is made; `None` is where temporary files are.
    pub(super) folder: Option<PathBuf>,
    settings: Vec<(String, String)>,
    /// Files of the data folder, by their names.
    pub(super) files: Vec<(&'static str, String)>,
}

impl Setup {
    /// Nothing is synced: what a crash of the machine would lose is not missed by a test, and it is several times as fast.
    pub fn quick() -> Self {
        Setup { durable: false, folder: None, settings: Vec::new(), files: Vec::new() }
    }

    /// As it comes: a commit is on the disk before it is acknowledged.
    pub fn durable() -> Self {
        Setup { durable: true, ..Setup::quick() }
    }

    /// Keeps its files in a folder of its own within this one. Where we are root, `postgres` must be able to get there.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Adds a setting of `postgresql.conf`; a later one wins.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes encrypted connections, by this certificate and its key, in PEM.
    #[must_use]
    pub fn encrypted(mut self, certificate: &str, key: &str) -> Self {
        self.files.push(("server.crt", certificate.to_owned()));
        self.files.push(("server.key", key.to_owned()));
        self.set("ssl", "on")
    }

    /// Who may connect, and how: the lines of `pg_hba.conf`. Else anybody may, from this machine. `postgres` must be able to without a password.
    #[must_use]
    pub fn access(mut self, lines: &str) -> Self {
        self.files.push(("pg_hba.conf", lines.to_owned()));
        self
    }

    /// What is added to the `postgresql.conf` that `initdb` made.
    pub(super) fn text(&self) -> String {
        // As many connections as the tests of some nodes, each with its pools, can want at once.
        let mut text =
            "listen_addresses = '127.0.0.1'\nmax_connections = 400\ntimezone = '<+0545>-05:45'\n".to_owned();
        if !self.durable {
            text += "fsync = off\nfull_page_writes = off\n";
        } else if cfg!(target_os = "linux") {
            // After a crash each file is synced, and there are a thousand; at once that takes a fraction of the seconds.
            text += "recovery_init_sync_method = syncfs\n";
        }
        for (name, value) in &self.settings {
            text += &format!("{name} = '{}'\n", value.replace('\'', "''"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Setup;

    #[test]
    fn later_settings_win_and_values_are_quoted() {
        let text = Setup::quick().set("fsync", "on").set("application_name", "it's").text();
        let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("no {line:?} in {text}"));
        assert!(at("fsync = off\n") < at("fsync = 'on'\n"));
        at("application_name = 'it''s'\n");
        assert!(!Setup::durable().text().contains("fsync ="));
    }
}
