//! What a file holds, by its name.

use crate::failure::Failure;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The form of the records in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A line of names, then a line for each record (RFC 4180)
    Csv,
    /// A JSON object a line
    Jsonl,
    /// One JSON array of objects
    Json,
}

impl Format {
    /// The format of the file at `path`: as chosen, or by the name's ending, `.gz` aside.
    pub(crate) fn of(path: &Path, chosen: Option<Format>) -> Result<Format, Failure> {
        chosen.or_else(|| by_name(path)).ok_or_else(|| {
            Failure::new(
                "unknown_format",
                format!("the name of {} does not say what is in it", path.display()),
            )
            .hint("say it with `--format csv`, `jsonl` or `json`")
        })
    }
}

fn by_name(path: &Path) -> Option<Format> {
    let plain = if is_gzip(path) { path.with_extension("") } else { path.to_owned() };
    match plain.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// Whether the name says that the file is compressed.
pub(crate) fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_in_the_file() {
        for (name, expected) in [
            ("cities.csv", Some(Format::Csv)),
            ("cities.csv.gz", Some(Format::Csv)),
            ("a.b/cities.JSONL", Some(Format::Jsonl)),
            ("cities.ndjson.GZ", Some(Format::Jsonl)),
            ("cities.json", Some(Format::Json)),
            ("cities.gz", None),
            ("cities.txt", None),
            ("csv", None),
        ] {
            assert_eq!(by_name(Path::new(name)), expected, "{name}");
        }
    }
}
