//! The versions of the API, from `api/v<number>.toml`.
//!
//! The newest version is the project as it is. Each file is read with the version that it leads to known, so that they are gone through from the
//! newest to the oldest.

mod back;
mod fields;
mod file;

pub(crate) use file::VersionFile;

use super::document::{Content, Document, Entry, Node};
use super::draft::Drafts;
use super::faults::{Faults, Place};
use super::shape;
use crate::versions::{Face, Gone, Step, Version, Versions};
use crate::{Application, SourceFile};
use mainstay_expr::{parse_date, parse_timestamp};
use std::path::Path;
use std::sync::Arc;

const SECONDS_A_DAY: i64 = 86_400;
const MICROS_A_SECOND: i64 = 1_000_000;
/// The most versions that are served at once: each is a whole API with its routes.
const MAX_VERSIONS: usize = 20;

/// A version's file.
struct Part {
    number: u32,
    document: Document,
    file: VersionFile,
}

/// The versions that a project has.
pub(super) fn read(
    files: &[SourceFile],
    drafts: &Drafts,
    application: &Application,
    faults: &mut Faults,
) -> Versions {
    let mut parts: Vec<Part> = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.path.parent() == Some(Path::new("api")))
        .filter_map(|(index, file)| part(index, file, faults))
        .collect();
    parts.sort_by_key(|part| part.number);
    check_numbers(&parts, faults);
    if faults.has_errors() { Versions::default() } else { derive(&parts, drafts, application, faults) }
}

fn part(index: usize, file: &SourceFile, faults: &mut Faults) -> Option<Part> {
    let (mut document, sound) = Document::parse(Some(index), &file.text, faults);
    let name = file.path.file_stem()?.to_str()?;
    let digits = name.strip_prefix('v').filter(|digits| !digits.starts_with('0'));
    let Some(number) = digits.and_then(|digits| digits.parse().ok()) else {
        let message = format!("`{name}` is not a version of the API");
        let fault = faults.error("bad_version", document.at(0..0), message);
        fault.help("the file of version 2 is api/v2.toml");
        return None;
    };
    lengthen(&mut document.root);
    let file = shape::read(&document, faults);
    sound.then_some(Part { number, document, file })
}

/// Turns what fields were in the short form, `before = "string"`, into the long one.
fn lengthen(root: &mut Node) {
    for models in entries(root, "models") {
        for model in entries(models, "") {
            for kind in ["fields", "removed"] {
                entries(model, kind).flat_map(|fields| entries(fields, "")).for_each(lengthen_field);
            }
        }
    }
}

/// The values of the entries of a table that are called so; of all of them where there is no name.
fn entries<'n>(node: &'n mut Node, name: &str) -> impl Iterator<Item = &'n mut Node> {
    let entries = match &mut node.content {
        Content::Table(entries) => entries.as_mut_slice(),
        _ => &mut [],
    };
    entries.iter_mut().filter(move |entry| name.is_empty() || entry.key == name).map(|entry| &mut entry.value)
}

fn lengthen_field(field: &mut Node) {
    for before in entries(field, "before").filter(|before| before.kind() == "a string") {
        let span = before.span.clone();
        let content = std::mem::replace(&mut before.content, Content::Table(Vec::new()));
        let value = Node { span: span.clone(), content };
        before.content = Content::Table(vec![Entry { key: "type".to_owned(), key_span: span, value }]);
    }
}

fn check_numbers(parts: &[Part], faults: &mut Faults) {
    for pair in parts.windows(2) {
        let expected = pair[0].number + 1;
        if pair[1].number != expected {
            let message =
                format!("version {expected} is missing between {} and {}", pair[0].number, pair[1].number);
            faults.error("bad_version", pair[1].document.at(0..0), message);
        }
    }
    if let Some(first) = parts.first().filter(|part| part.number == 1 && part.file.has_changes()) {
        let message = "there is no version before the first from which it could have changed";
        faults.error("bad_version", first.document.at(0..0), message);
    }
    if let Some(part) = parts.get(MAX_VERSIONS) {
        let message = format!("at most {MAX_VERSIONS} versions are served at once");
        let hint =
            "remove the oldest: delete the changes of the oldest file that has some, and the files before it";
        faults.error("too_many", part.document.at(0..0), message).help(hint);
    }
}

/// All versions, the oldest first.
fn derive(parts: &[Part], drafts: &Drafts, application: &Application, faults: &mut Faults) -> Versions {
    let mut versions = Vec::new();
    let mut steps: Vec<Arc<Step>> = Vec::new();
    for part in parts.iter().rev() {
        versions.push(version(part, steps.clone(), faults));
        let first = std::ptr::eq(part, &raw const parts[0]);
        if first && (part.number == 1 || !part.file.has_changes()) {
            break;
        }
        let newer = steps.last().map(|step| step.older.clone());
        let newer = newer.as_deref().unwrap_or(application);
        let sources =
            back::Sources { document: &part.document, file: &part.file, drafts, number: part.number - 1 };
        match back::step(&sources, newer, faults) {
            Some(step) => steps.push(Arc::new(step)),
            None => return Versions::default(), // With faults reported.
        }
        gone(part, newer, &mut versions, faults);
        if first {
            let face = Face::new(steps.clone()).map(Arc::new);
            versions.push(Version { number: part.number - 1, face, ..Version::default() });
        }
    }
    versions.reverse();
    Versions::new(versions)
}

fn version(part: &Part, steps: Vec<Arc<Step>>, faults: &mut Faults) -> Version {
    let deprecated = instant(part, "deprecated", part.file.deprecated.as_deref(), faults);
    let sunset = instant(part, "sunset", part.file.sunset.as_deref(), faults);
    if let (Some(deprecated), Some(sunset)) = (deprecated, sunset)
        && sunset < deprecated
    {
        let message = "a version cannot be gone before it is deprecated";
        faults.error("bad_date", part.document.place(&["sunset"]), message);
    }
    let link = part.file.link.clone().filter(|link| check_link(part, link, faults));
    let face = Face::new(steps).map(Arc::new);
    Version { number: part.number, deprecated, sunset, link, without: Vec::new(), face }
}

/// The day or instant in seconds since 1970.
fn instant(part: &Part, key: &str, text: Option<&str>, faults: &mut Faults) -> Option<i64> {
    let text = text?;
    let day = parse_date(text).map(|days| i64::from(days) * SECONDS_A_DAY);
    let instant = day.or_else(|| parse_timestamp(text).map(|micros| micros.div_euclid(MICROS_A_SECOND)));
    if instant.is_none() {
        let message = format!("`{text}` is not a day, as 2027-01-31, or an instant, as 2027-01-31T08:00:00Z");
        faults.error("bad_date", part.document.place(&[key]), message);
    }
    instant
}

/// It stands in a header between angle brackets.
fn check_link(part: &Part, link: &str, faults: &mut Faults) -> bool {
    let is_address = link.starts_with("https://") || link.starts_with("http://") || link.starts_with('/');
    let sound = is_address && link.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
    if !sound {
        let message = format!("`{link}` is not the address of a page");
        let fault = faults.error("bad_link", part.document.place(&["link"]), message);
        fault.help("it begins with https://, or with / for a page of this server");
    }
    sound
}

/// Takes what a version has no more from it and from those after it.
fn gone(part: &Part, application: &Application, versions: &mut [Version], faults: &mut Faults) {
    for (index, name) in part.file.without.iter().enumerate() {
        let place = part.document.place(&["without", &index.to_string()]);
        if let Some(gone) = operation(name, application, place, faults) {
            versions.iter_mut().for_each(|version| version.without.push(gone.clone()));
        }
    }
}

/// What models offer: the second half of their operations' names.
const VERBS: [&str; 10] =
    ["list", "watch", "get", "create", "update", "put", "delete", "update_many", "delete_many", "restore"];

fn operation(name: &str, application: &Application, place: Place, faults: &mut Faults) -> Option<Gone> {
    let (model, verb) = name.split_once('.').unwrap_or((name, ""));
    let model = application.model_named(model).filter(|model| !model.internal);
    match model {
        Some(model) if VERBS.contains(&verb) => Some(Gone { model: Some(model.id), verb: verb.to_owned() }),
        None if name == "batch" || ["auth.", "locks.", "app."].iter().any(|of| name.starts_with(of)) => {
            Some(Gone { model: None, verb: name.to_owned() })
        }
        _ => {
            let message = format!("there is no operation `{name}` in this version");
            let fault = faults.error("unknown_operation", place, message);
            fault.help(format!("a model has {}", VERBS.join(", ")));
            None
        }
    }
}
