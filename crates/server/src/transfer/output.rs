//! The file that an export is written to.
//!
//! A regular file gets its name when it is complete, so that nobody takes half an export for a whole one. What is not a regular file (a pipe,
//! a terminal, a device) keeps its place and is written straight into: to put a file of ours there would destroy it.

use super::format::is_gzip;
use crate::failure::Failure;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The most links that are followed one after another, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// A file, or standard output.
pub(crate) struct Output {
    bytes: Bytes,
    /// What is to be named at the end; nothing where bytes go straight to their place.
    unfinished: Option<Unfinished>,
}

enum Bytes {
    Stdout(io::Stdout),
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

/// A file that has not got its name yet. It goes when the export fails.
struct Unfinished {
    path: PathBuf,
    name: PathBuf,
}

impl Output {
    /// The file at `path`, compressed when its name ends in `.gz`, or standard output.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Output { bytes: Bytes::Stdout(io::stdout()), unfinished: None });
        };
        let (file, unfinished) = open_file(path).map_err(|error| Failure::io("write", path, &error))?;
        let file = BufWriter::new(file);
        let bytes = match is_gzip(path) {
            true => Bytes::Gzip(GzEncoder::new(file, Compression::default())),
            false => Bytes::Plain(file),
        };
        Ok(Output { bytes, unfinished })
    }

    /// Writes what is left, and gives a file its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let file = match self.bytes {
            Bytes::Stdout(mut stdout) => return stdout.flush(),
            Bytes::Plain(file) => file,
            Bytes::Gzip(file) => file.finish()?,
        };
        let file = file.into_inner()?;
        let Some(unfinished) = self.unfinished else { return Ok(()) };
        file.sync_all()?;
        fs::rename(&unfinished.path, &unfinished.name)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::Stdout(stdout) => stdout.write(bytes),
            Bytes::Plain(file) => file.write(bytes),
            Bytes::Gzip(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.bytes {
            Bytes::Stdout(stdout) => stdout.flush(),
            Bytes::Plain(file) => file.flush(),
            Bytes::Gzip(file) => file.flush(),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is there only when the export failed: otherwise it has its name.
        let _ = fs::remove_file(&self.path);
    }
}

fn open_file(path: &Path) -> io::Result<(File, Option<Unfinished>)> {
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let name = follow_links(path)?;
    let is_regular = existing.as_ref().is_none_or(fs::Metadata::is_file);
    if !is_regular || is_of_the_system(&name) {
        return Ok((OpenOptions::new().append(true).open(path)?, None));
    }
    let (file, unfinished) = begin(name)?;
    if let Some(existing) = existing {
        file.set_permissions(existing.permissions())?;
    }
    Ok((file, Some(unfinished)))
}

/// Makes a file beside the one that it will be, under a name that nobody has: `create_new` takes no file or link that is there.
fn begin(name: PathBuf) -> io::Result<(File, Unfinished)> {
    let mut path = name.clone().into_os_string();
    path.push(format!(".{}.unfinished", Uuid::now_v7().simple()));
    let path = PathBuf::from(path);
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    Ok((file, Unfinished { path, name }))
}

/// Where a path leads, also when nothing is there yet. Links of the system (`/dev/stdout`) are left as they are: they lead to
/// something open and not to a name.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) if !is_of_the_system(&path) => path = path.with_file_name("").join(target),
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("there are too many symbolic links"))
}

fn is_of_the_system(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    folder.is_some_and(|folder| folder.starts_with("/proc") || folder == Path::new("/dev"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    fn write(path: &Path, text: &str) {
        let mut output = Output::open(Some(path)).expect("it opens");
        output.write_all(text.as_bytes()).expect("it is written");
        output.finish().expect("it ends");
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is read"));
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        fs::write(&path, "before").expect("it is written");
        fs::write(folder.path().join("out.unfinished"), "somebody's").expect("it is written");
        let mut output = Output::open(Some(&path)).expect("it opens");
        output.write_all(b"half").expect("it is written");
        drop(output);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "before");
        write(&path, "whole");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "whole");
        assert_eq!(names(folder.path()), ["out", "out.unfinished"], "something else was left or taken");
    }

    #[test]
    fn a_link_is_followed_and_stays_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).expect("a folder");
        fs::write(at("deep/old"), "before").expect("it is written");
        for (link, target) in [("to-old", "deep/old"), ("to-new", "deep/new"), ("to-link", "to-old")] {
            symlink(target, at(link)).expect("a link");
            write(&at(link), link);
            assert!(at(link).is_symlink(), "{link} was replaced");
        }
        assert_eq!(fs::read_to_string(at("deep/old")).expect("it is there"), "to-link");
        assert_eq!(fs::read_to_string(at("deep/new")).expect("it is there"), "to-new");
        assert_eq!(names(&at("deep")), ["new", "old"]);
    }

    #[test]
    fn a_pipe_is_written_into_and_stays_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read_to_string(path).expect("it is read")
        });
        write(&path, "through");
        assert_eq!(reader.join().expect("it ends"), "through");
        assert_eq!(names(folder.path()), ["pipe"]);
    }

    #[test]
    fn links_of_the_system_lead_to_no_name() {
        for path in ["/dev/stdout", "/proc/self/fd/1"] {
            assert!(is_of_the_system(Path::new(path)), "{path}");
            assert!(is_of_the_system(&follow_links(Path::new(path)).expect("it resolves")), "{path}");
        }
    }
}
