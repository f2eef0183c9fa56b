//! Where exported records are written.

use super::Format;
use super::format::is_gzip;
use crate::failure::Failure;
use flate2::Compression;
use flate2::write::GzEncoder;
use mainstay_engine::View;
use mainstay_expr::FieldId;
use mainstay_model::{Model, base, json};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file, or standard output. A file gets its name when it is complete.
pub(crate) enum Output {
    Stdout(io::Stdout),
    File { file: BufWriter<File>, unfinished: PathBuf, path: PathBuf },
    Gzip { file: GzEncoder<BufWriter<File>>, unfinished: PathBuf, path: PathBuf },
}

impl Output {
    /// The file at `path`, compressed when its name ends in `.gz`, or standard output.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Output::Stdout(io::stdout())) };
        let path = path.to_owned();
        let mut unfinished = path.clone().into_os_string();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).map_err(|error| Failure::io("write", &path, &error))?;
        let file = BufWriter::new(file);
        Ok(if is_gzip(&path) {
            Output::Gzip { file: GzEncoder::new(file, Compression::default()), unfinished, path }
        } else {
            Output::File { file, unfinished, path }
        })
    }

    /// Writes what is left, and gives a file its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let (file, unfinished, path) = match self {
            Output::Stdout(mut stdout) => return stdout.flush(),
            Output::File { file, unfinished, path } => (file, unfinished, path),
            Output::Gzip { file, unfinished, path } => (file.finish()?, unfinished, path),
        };
        file.into_inner()?.sync_all()?;
        fs::rename(unfinished, path)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Stdout(stdout) => stdout.write(bytes),
            Output::File { file, .. } => file.write(bytes),
            Output::Gzip { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout(stdout) => stdout.flush(),
            Output::File { file, .. } => file.flush(),
            Output::Gzip { file, .. } => file.flush(),
        }
    }
}

/// Writes records in a format.
pub(crate) enum Sink<W: Write> {
    Csv { out: Box<csv::Writer<W>>, columns: Vec<FieldId> },
    Jsonl { out: W },
    Json { out: W, is_first: bool },
}

impl<W: Write> Sink<W> {
    /// Begins: a CSV file with the names of the fields, an array with its bracket.
    pub(crate) fn begin(format: Format, model: &Model, mut out: W) -> io::Result<Self> {
        match format {
            Format::Csv => {
                let columns = columns(model);
                let mut out = Box::new(csv::Writer::from_writer(out));
                out.write_record(columns.iter().map(|field| &model.field(*field).name))?;
                Ok(Sink::Csv { out, columns })
            }
            Format::Jsonl => Ok(Sink::Jsonl { out }),
            Format::Json => {
                out.write_all(b"[")?;
                Ok(Sink::Json { out, is_first: true })
            }
        }
    }

    /// Writes a record, as far as the caller sees it.
    pub(crate) fn write(&mut self, model: &Model, view: &View) -> io::Result<()> {
        match self {
            Sink::Csv { out, columns } => {
                let text = |field: &FieldId| match view.hidden.contains(field) {
                    true => String::new(),
                    false => json::encode_text(view.record.get(*field)),
                };
                out.write_record(columns.iter().map(text)).map_err(io_error)
            }
            Sink::Jsonl { out } => {
                let mut line = object(model, view);
                line.push(b'\n');
                out.write_all(&line)
            }
            Sink::Json { out, is_first } => {
                out.write_all(if *is_first { b"\n" } else { b",\n" })?;
                *is_first = false;
                out.write_all(&object(model, view))
            }
        }
    }

    /// Ends, and gives the output back.
    pub(crate) fn end(self) -> io::Result<W> {
        match self {
            Sink::Csv { out, .. } => out.into_inner().map_err(csv::IntoInnerError::into_error),
            Sink::Jsonl { out } => Ok(out),
            Sink::Json { mut out, .. } => {
                out.write_all(b"\n]\n")?;
                Ok(out)
            }
        }
    }
}

/// The error behind a failed write, which `csv` wraps in one of its own.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// What a CSV file has a column for: all that anybody could see.
fn columns(model: &Model) -> Vec<FieldId> {
    let shown = |field: &FieldId| {
        !model.field(*field).is_secret() && (model.soft_delete || *field != base::DELETED_AT)
    };
    model.answer_order.iter().copied().filter(shown).collect()
}

fn object(model: &Model, view: &View) -> Vec<u8> {
    let mut bytes = Vec::new();
    json::encode_record(model, &view.record.values, view.fields(model), &mut bytes);
    bytes
}
