//! The report of refused rows.

use crate::failure::Failure;
use csv::WriterBuilder;
use mainstay_engine::Error;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A line of the report: what is wrong with which field of which row.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    line: u64,
    field: Option<&'a str>,
    code: &'a str,
    reason: &'a str,
}

/// Writes it: CSV where the name ends so, else JSON, an object a line. The file is made when the first row is refused.
pub(crate) struct Report {
    path: PathBuf,
    /// Whether to write on behind what an interrupted import reported.
    append: bool,
    file: Option<File>,
}

impl Report {
    /// The report at `path`, which is tried out: one that cannot be written is to be known before the first row is.
    pub(crate) fn open(path: PathBuf, append: bool) -> Result<Self, Failure> {
        try_out(&path).map_err(|error| Failure::io("write the report", &path, &error))?;
        Ok(Report { path, append, file: None })
    }

    /// Reports a row.
    pub(crate) fn refuse(&mut self, line: u64, error: &Error) -> Result<(), Failure> {
        let lines = self.lines(line, error);
        let written = self.file().and_then(|file| file.write_all(&lines));
        written.map_err(|error| Failure::io("write the report", &self.path, &error))
    }

    fn lines(&self, line: u64, error: &Error) -> Vec<u8> {
        let code = error.code.as_str();
        let of_fields = error.fields.iter().map(|field| Entry {
            line,
            field: Some(&field.field),
            code: field.code,
            reason: &field.message,
        });
        let mut entries: Vec<Entry<'_>> = of_fields.collect();
        if entries.is_empty() {
            entries.push(Entry { line, field: None, code, reason: &error.message });
        }
        if self.is_csv() { as_csv(&entries) } else { as_jsonl(&entries) }
    }

    fn is_csv(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let append = self.append;
            let mut options = OpenOptions::new();
            let mut file =
                options.create(true).append(append).write(true).truncate(!append).open(&self.path)?;
            if self.is_csv() && file.metadata()?.len() == 0 {
                file.write_all(b"line,field,code,reason\n")?;
            }
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Leaves things as they are. A pipe is not tried: whoever reads it would take that for the end.
fn try_out(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            OpenOptions::new().write(true).create_new(true).open(path)?;
            fs::remove_file(path)
        }
        _ => OpenOptions::new().append(true).open(path).map(drop),
    }
}

fn as_jsonl(entries: &[Entry<'_>]) -> Vec<u8> {
    let line =
        |entry| serde_json::to_string(entry).expect("a struct of texts and numbers has a JSON form") + "\n";
    entries.iter().map(line).collect::<String>().into_bytes()
}

fn as_csv(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for entry in entries {
        writer.serialize(entry).expect("a struct of texts and numbers has a CSV form");
    }
    writer.into_inner().expect("memory can be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_engine::{Code, FieldError};

    fn check(name: &str, error: &Error, expected: &str) {
        let lines = Report { path: PathBuf::from(name), append: false, file: None }.lines(7, error);
        assert_eq!(String::from_utf8_lossy(&lines), expected);
    }

    #[test]
    fn each_fault_has_its_line() {
        let fields =
            vec![FieldError::new("a", "min", "is \"small\""), FieldError::new("b", "type", "is no int")];
        let error = Error::validation(fields);
        check("r.csv", &error, "7,a,min,\"is \"\"small\"\"\"\n7,b,type,is no int\n");
        let expected = "{\"line\":7,\"field\":\"a\",\"code\":\"min\",\"reason\":\"is \\\"small\\\"\"}\n\
                        {\"line\":7,\"field\":\"b\",\"code\":\"type\",\"reason\":\"is no int\"}\n";
        check("r.jsonl", &error, expected);
    }

    #[test]
    fn a_fault_of_the_whole_row_names_no_field() {
        let error = Error::new(Code::Forbidden, "a rule forbids this");
        check("r.csv", &error, "7,,forbidden,a rule forbids this\n");
        check(
            "r",
            &error,
            "{\"line\":7,\"field\":null,\"code\":\"forbidden\",\"reason\":\"a rule forbids this\"}\n",
        );
    }
}
