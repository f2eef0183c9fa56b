//! An import, from a file to its summary.

use super::Format;
use super::columns::Column;
use super::convert::{Converter, Refused};
use super::ids::Fingerprint;
use super::refs::Refs;
use super::report::Report;
use super::resume::{Bookmark, Progress};
use super::rows::{self, Place, Row, Rows};
use super::source::Source;
use super::writer::{Tally, Writer};
use crate::backend::Backend;
use crate::failure::Failure;
use crate::terminal::grouped;
use mainstay_engine::Caller;
use mainstay_model::Model;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::mpsc;

/// Batches that are read ahead of the one that is being written.
const BATCHES_AHEAD: usize = 2;

/// What to import, and how.
pub(crate) struct Options {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its format.
    pub(crate) format: Format,
    /// Records in a transaction.
    pub(crate) batch: usize,
    /// Where refused rows are reported; where the file's name says, or an interrupted import did, when there is none.
    pub(crate) report: Option<PathBuf>,
    /// Whether to begin anew where an import was interrupted.
    pub(crate) restart: bool,
}

/// What an import has to tell while it runs, and what it is told.
pub(crate) trait Watcher {
    /// It begins; `resumed` when it goes on behind the rows of an interrupted one. The file has `size_bytes`.
    fn begins(&self, size_bytes: u64, resumed: Option<&Progress>);
    /// A batch is done, and so many bytes of the file are read.
    fn advances(&self, read_bytes: u64, tally: &Tally);
}

/// How an import ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What became of the rows.
    pub(crate) tally: Tally,
    /// What had become of them when this run began.
    pub(crate) before: Tally,
    /// Where refused rows were reported: in two files when an interrupted import used another.
    pub(crate) reports: Vec<PathBuf>,
    /// The line that it would go on with, when it was interrupted.
    pub(crate) interrupted_at: Option<u64>,
}

/// Imports a file into a model. `stop` ends it behind the current batch.
pub(crate) async fn run(
    backend: &Backend,
    caller: &Caller,
    model: &Model,
    options: &Options,
    watcher: &dyn Watcher,
    stop: &AtomicBool,
) -> Result<Ended, Failure> {
    let source = Source::open(&options.file)?;
    let bookmark = Bookmark::new(&backend.folder, &model.name, &source.fingerprint);
    let (columns, start) = read_header(backend, model, &source, options)?;
    let resumed = bookmark.load().filter(|_| !options.restart);
    let reports = reports(options, resumed.as_ref());
    let report = Report::open(reports[0].clone(), resumed.is_some())?;
    watcher.begins(source.size_bytes, resumed.as_ref());
    let noted = std::path::absolute(&reports[0]).ok();
    let mut progress = resumed.unwrap_or(Progress { place: start, tally: Tally::default(), report: None });
    let before = progress.tally;
    let mut batches = read_ahead(&source, options, progress.place, columns.len());
    let mut import = Import::new(backend, caller, model, &source.fingerprint, columns, report, before);
    while let Some(rows) = batches.recv().await {
        let rows = rows.map_err(|error| broken_off(options, &error, &progress.tally))?;
        let written = import.write(rows).await;
        let (place, tally) = written.map_err(|failure| {
            failure.hint("what was imported stays; the same command goes on from there")
        })?;
        progress = Progress { place, tally, report: noted.clone() };
        bookmark.save(&progress)?;
        watcher.advances(source.read_bytes.load(Relaxed), &progress.tally);
        if stop.load(Relaxed) {
            let interrupted_at = Some(progress.place.line);
            return Ok(Ended { tally: progress.tally, before, reports, interrupted_at });
        }
    }
    bookmark.remove();
    Ok(Ended { tally: progress.tally, before, reports, interrupted_at: None })
}

/// Where refused rows are reported from now on, and then, when it is elsewhere, where an interrupted import did.
fn reports(options: &Options, resumed: Option<&Progress>) -> Vec<PathBuf> {
    let noted = resumed.and_then(|progress| progress.report.clone());
    let by_name = || default_report(&options.file);
    let now = options.report.clone().or_else(|| noted.clone()).unwrap_or_else(by_name);
    let has_more = resumed.is_some_and(|progress| progress.tally.refused > 0);
    let earlier = noted.filter(|noted| has_more && std::path::absolute(&now).ok().as_ref() != Some(noted));
    std::iter::once(now).chain(earlier).collect()
}

/// In the current folder, since the file's own may be somebody else's.
fn default_report(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".refused.jsonl");
    PathBuf::from(name)
}

/// An import under way.
struct Import<'a> {
    converter: Converter<'a>,
    writer: Writer<'a>,
}

impl<'a> Import<'a> {
    fn new(
        backend: &'a Backend,
        caller: &'a Caller,
        model: &Model,
        fingerprint: &'a Fingerprint,
        columns: Vec<(String, Column)>,
        report: Report,
        tally: Tally,
    ) -> Self {
        let engine = &backend.engine;
        let converter =
            Converter { engine, caller, model: model.id, fingerprint, columns, refs: Refs::default() };
        let writer = Writer { engine, caller, operation: format!("{}.create", model.name), report, tally };
        Import { converter, writer }
    }

    /// Writes a batch, which is never empty. Answers the place behind it, and what has become of all rows up to there.
    async fn write(&mut self, rows: Vec<Row>) -> Result<(Place, Tally), Failure> {
        let mut place = Place::START;
        let mut commands = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            place = row.next;
            self.writer.tally.read += 1;
            match self.converter.command(row).await {
                Ok(command) => commands.push((line, command)),
                Err(Refused::Row(error)) => self.writer.settle(line, &error)?,
                Err(Refused::Failed(error)) => return Err(error.into()),
            }
        }
        self.writer.write(commands).await?;
        Ok((place, self.writer.tally))
    }
}

/// The columns of a CSV file, and where its rows begin. A name that means nothing ends the import before it has begun: it would
/// refuse every row.
fn read_header(
    backend: &Backend,
    model: &Model,
    source: &Source,
    options: &Options,
) -> Result<(Vec<(String, Column)>, Place), Failure> {
    if options.format != Format::Csv {
        return Ok((Vec::new(), Place::START));
    }
    let read = source.bytes_from(0).and_then(rows::header);
    let (names, start) = read.map_err(|error| unreadable(options, &error))?;
    let mut columns: Vec<(String, Column)> = Vec::with_capacity(names.len());
    for name in names {
        let column = Column::named(backend.engine.application(), model, &name)
            .map_err(|error| unknown_column(&name, &error.message))?;
        if let Some((other, _)) = columns.iter().find(|(_, other)| other.field() == column.field()) {
            return Err(duplicate_column(other, &name));
        }
        columns.push((name, column));
    }
    Ok((columns, start))
}

fn unknown_column(name: &str, reason: &str) -> Failure {
    Failure::new("unknown_column", format!("the column `{name}`: {reason}")).hint(
        "the first line of a CSV file names the fields; a ref may be given as `country.code`, by a unique field",
    )
}

fn duplicate_column(first: &str, second: &str) -> Failure {
    let message = match first == second {
        true => format!("there are two columns `{first}`"),
        false => format!("the columns `{first}` and `{second}` say the same field"),
    };
    Failure::new("duplicate_column", message).hint("leave one of them out")
}

/// Reads the file on a thread of its own, some batches ahead. It ends when nobody receives any more.
fn read_ahead(
    source: &Source,
    options: &Options,
    from: Place,
    columns: usize,
) -> mpsc::Receiver<io::Result<Vec<Row>>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let (format, size) = (options.format, options.batch);
    let bytes = source.bytes_from(from.offset);
    std::thread::spawn(move || {
        let mut rows = match bytes {
            Ok(bytes) => rows::read(format, bytes, from, columns),
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let (batch, end) = read_batch(rows.as_mut(), size);
            if !batch.is_empty() && sender.blocking_send(Ok(batch)).is_err() {
                return;
            }
            match end {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return drop(sender.blocking_send(Err(error))),
            }
        }
    });
    receiver
}

/// Reads rows, and says whether there may be more. The rows before a fault of the file are written like all others.
fn read_batch(rows: &mut dyn Rows, size: usize) -> (Vec<Row>, io::Result<bool>) {
    let mut batch = Vec::with_capacity(size);
    while batch.len() < size {
        match rows.next_row() {
            Ok(Some(row)) => batch.push(row),
            Ok(None) => return (batch, Ok(false)),
            Err(error) => return (batch, Err(error)),
        }
    }
    (batch, Ok(true))
}

fn unreadable(options: &Options, error: &io::Error) -> Failure {
    Failure::io("read", &options.file, error)
}

/// The rows behind a fault of the file cannot be found, those before it are written.
fn broken_off(options: &Options, error: &io::Error, tally: &Tally) -> Failure {
    let failure = unreadable(options, error);
    match tally.imported {
        0 => failure,
        imported => failure.hint(format!(
            "{} imported before it and stay; a mended file is another one to the program, and only ids or unique fields tell that \
             its rows are there already",
            match imported {
                1 => "1 record was".to_owned(),
                _ => format!("{} records were", grouped(imported)),
            }
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_called_after_the_file_and_kept_by_what_goes_on() {
        let check = |chosen: Option<&str>, noted: Option<&str>, refused: u64, expected: &[&str]| {
            let options = Options {
                file: PathBuf::from("a/b.csv.gz"),
                format: Format::Csv,
                batch: 1,
                report: chosen.map(PathBuf::from),
                restart: false,
            };
            let tally = Tally { refused, ..Tally::default() };
            let resumed = Progress { place: Place::START, tally, report: noted.map(PathBuf::from) };
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(reports(&options, Some(&resumed)), expected);
        };
        check(None, None, 0, &["b.csv.gz.refused.jsonl"]);
        check(None, Some("/there/r.csv"), 1, &["/there/r.csv"]);
        check(Some("/here/r.csv"), Some("/here/r.csv"), 1, &["/here/r.csv"]);
        check(Some("/here/r.csv"), Some("/there/r.csv"), 1, &["/here/r.csv", "/there/r.csv"]);
        check(Some("/here/r.csv"), Some("/there/r.csv"), 0, &["/here/r.csv"]);
    }
}
