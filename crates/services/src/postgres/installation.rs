//! Where PostgreSQL's programs are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the folder of the programs, to test with another version than the one that would be found.
const FOLDER: &str = "MAINSTAY_TEST_POSTGRES_BIN";
/// Debian keeps each version in a folder of its own and off the `PATH`, since `initdb` is not for users there.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What is run here; all of them have to be in one folder, so that they are of one version.
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "psql", "pg_basebackup"];

/// A folder with PostgreSQL's programs.
#[derive(Debug, Clone)]
pub struct Installation {
    folder: PathBuf,
}

impl Installation {
    /// That of `MAINSTAY_TEST_POSTGRES_BIN`; without it, the first of those on the `PATH`, where `pg_config` says, and Debian's newest.
    pub fn find() -> Result<Installation, String> {
        if let Some(folder) = std::env::var_os(FOLDER) {
            let folder = PathBuf::from(folder);
            let complete = is_complete(&folder);
            return complete
                .then_some(Installation { folder })
                .ok_or_else(|| format!("{FOLDER} names a folder without {}", PROGRAMS.join(", ")));
        }
        let mut folders = on_the_path().into_iter().chain(said_by_pg_config()).chain(debian(DEBIAN.as_ref()));
        let found = folders.find(|folder| is_complete(folder));
        found.map(|folder| Installation { folder }).ok_or_else(|| {
            format!("PostgreSQL is missing: {} are in no folder that was looked at", PROGRAMS.join(", "))
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of its programs, without what the environment says of other servers.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        let variables = std::env::vars_os().map(|(name, _)| name);
        for variable in variables.filter(|name| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(variable);
        }
        // What it says is read here.
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }
}

/// The folders of the `PATH`. A program there may be a link to where the others are.
fn on_the_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).map(|folder| folder.join("postgres"));
    let real = programs.filter_map(|program| program.canonicalize().ok());
    real.filter_map(|program| program.parent().map(Path::to_owned)).collect()
}

fn said_by_pg_config() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    Some(PathBuf::from(String::from_utf8(said.stdout).ok()?.trim_end()))
}

/// The folders of Debian's packages, the newest version first.
fn debian(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let version = |name: &OsStr| name.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<u32> = entries.filter_map(|entry| version(&entry.file_name())).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|version| folder.join(version.to_string()).join("bin")).collect()
}

fn is_complete(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9", "15", "14", "common"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = debian(folder.path());
        let expected = ["15/bin", "14/bin", "9/bin"].map(|version| folder.path().join(version));
        assert_eq!(found, expected);
        assert!(debian(&folder.path().join("none")).is_empty());
    }

    #[test]
    fn a_folder_has_all_programs_or_none() {
        let folder = tempfile::tempdir().unwrap();
        for program in PROGRAMS {
            assert!(!is_complete(folder.path()));
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        assert!(is_complete(folder.path()));
    }
}
