//! The models' files, parsed and given their places, before anything in them is judged.

use super::document::{Content, Document, Entry, Node};
use super::faults::Faults;
use super::file::ModelFile;
use super::{names, shape};
use crate::{SourceFile, builtin};
use mainstay_expr::ModelId;
use std::path::Path;

/// The most models that a project may have.
const MAX_MODELS: usize = 1_000;

/// A model as its files have it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Its file; for `user` the built-in one, then the project's if there is one.
    pub(super) parts: Vec<Part>,
}

/// A file about a model.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) document: Document,
    pub(super) file: ModelFile,
}

/// All models; a model's id is its place.
#[derive(Debug)]
pub(super) struct Drafts(Vec<Draft>);

impl Draft {
    /// Whether it belongs to the engine.
    pub(super) fn is_internal(&self) -> bool {
        self.name.starts_with('_')
    }
}

impl Drafts {
    pub(super) fn iter(&self) -> impl Iterator<Item = (ModelId, &Draft)> {
        self.0.iter().enumerate().map(|(index, draft)| (id(index), draft))
    }

    /// The model called `name`.
    pub(super) fn find(&self, name: &str) -> Option<ModelId> {
        self.0.iter().position(|draft| draft.name == name).map(id)
    }
}

fn id(index: usize) -> ModelId {
    ModelId(u16::try_from(index).expect("MAX_MODELS fits"))
}

/// The built-in models and the project's.
pub(super) fn collect(files: &[SourceFile], faults: &mut Faults) -> Drafts {
    let built_in = |(name, text): &(&str, &str)| {
        let parts = vec![part(None, text, faults).0];
        Draft { name: (*name).to_owned(), parts }
    };
    let mut drafts: Vec<Draft> = builtin::MODELS.iter().map(built_in).collect();
    let in_models = |(_, file): &(usize, &SourceFile)| file.path.parent() == Some(Path::new("models"));
    let mut count = 0;
    for (index, file) in files.iter().enumerate().filter(in_models) {
        add(&mut drafts, index, file, faults);
        count += 1;
    }
    warn_if_empty(count, faults);
    Drafts(drafts)
}

fn add(drafts: &mut Vec<Draft>, index: usize, file: &SourceFile, faults: &mut Faults) {
    let name = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (part, sound) = part(Some(index), &file.text, faults);
    if !sound {
        faults.mark_broken(&name);
    }
    if let Some(draft) = drafts.iter_mut().find(|draft| draft.name == name && !draft.is_internal()) {
        return draft.parts.push(part);
    }
    let start = part.document.at(0..0);
    if !names::check_model(&name, start.clone(), faults) {
        return faults.mark_broken(&name);
    }
    if drafts.len() == MAX_MODELS {
        faults.error("too_many", start, format!("a project has at most {MAX_MODELS} models"));
        return;
    }
    drafts.push(Draft { name, parts: vec![part] });
}

fn part(file: Option<usize>, text: &str, faults: &mut Faults) -> (Part, bool) {
    let (mut document, sound) = Document::parse(file, text, faults);
    lengthen_fields(&mut document.root);
    let file = shape::read(&document, faults);
    (Part { document, file }, sound)
}

/// Turns fields in the short form, `title = "string"`, into the long one, so that there is one form to check.
fn lengthen_fields(root: &mut Node) {
    let Content::Table(entries) = &mut root.content else { return };
    let fields = entries.iter_mut().find(|entry| entry.key == "fields");
    let Some(Content::Table(fields)) = fields.map(|entry| &mut entry.value.content) else { return };
    for field in fields.iter_mut().filter(|field| field.value.kind() == "a string") {
        let span = field.value.span.clone();
        let long = Node { span: span.clone(), content: Content::Table(Vec::new()) };
        let value = std::mem::replace(&mut field.value, long);
        field.value.content = Content::Table(vec![Entry { key: "type".to_owned(), key_span: span, value }]);
    }
}

fn warn_if_empty(count: usize, faults: &mut Faults) {
    // A project that does not load has more to hear, and its models may be in the files that could not be read.
    if count == 0 && !faults.has_errors() {
        let message = "the project has no models, so all that it offers is accounts";
        faults
            .warning("no_models", super::Place::NOWHERE, message)
            .help("a model is a file as models/note.toml");
    }
}
