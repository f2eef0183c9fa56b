//! The form in which exported records are written.

use super::Format;
use mainstay_engine::View;
use mainstay_expr::FieldId;
use mainstay_model::{Model, base, json};
use std::io::{self, Write};

/// Writes records in a format.
pub(crate) enum Sink<W: Write> {
    Csv { out: Box<csv::Writer<W>>, columns: Vec<FieldId> },
    Jsonl { out: W },
    Json { out: W, is_first: bool },
}

impl<W: Write> Sink<W> {
    /// Begins: a CSV file with the names of the fields, an array with its bracket. `never_shown` are the fields that the caller sees in no
    /// record: an empty column of them would mean null to an import, which may well be refused.
    pub(crate) fn begin(
        format: Format,
        model: &Model,
        never_shown: &[FieldId],
        mut out: W,
    ) -> io::Result<Self> {
        match format {
            Format::Csv => {
                let columns = columns(model, never_shown);
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

/// What a CSV file has a column for: all that the caller may see in some record.
fn columns(model: &Model, never_shown: &[FieldId]) -> Vec<FieldId> {
    let shown = |field: &FieldId| {
        !never_shown.contains(field)
            && !model.field(*field).is_secret()
            && (model.soft_delete || *field != base::DELETED_AT)
    };
    model.answer_order.iter().copied().filter(shown).collect()
}

fn object(model: &Model, view: &View) -> Vec<u8> {
    let mut bytes = Vec::new();
    json::encode_record(model, &view.record.values, view.fields(model), &mut bytes);
    bytes
}
