//! The project's documents, judged before anything is served.

use crate::document::Document;
use crate::error::{Failure, Fault};
use crate::persisted::ProjectDocument;
use crate::schema::{Built, build};
use apollo_compiler::executable::Operation as Asked;
use apollo_compiler::parser::LineColumn;
use mainstay_engine::Registry;
use mainstay_model::{Application, GraphQl, Version};
use serde_json::Map;
use std::ops::Range;

/// What is wrong with a document of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFault {
    /// The document, by its place among those that were judged.
    pub document: usize,
    /// The code with which a client would be told, as `invalid_document`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where: a range of bytes in the document's text.
    pub span: Range<usize>,
}

/// What is wrong with the documents of a project: each is judged by the schema of the version that it belongs to, and by the limits in `[graphql]`
/// with the variables' defaults. Those of a version that the project does not have are passed over.
///
/// # Errors
/// What is wrong with a schema, which is a fault of ours.
pub fn check(application: &Application, documents: &[ProjectDocument]) -> Result<Vec<DocumentFault>, String> {
    let mut faults = Vec::new();
    for version in application.versions.iter() {
        let mut these =
            documents.iter().enumerate().filter(|(_, of)| of.version == version.number).peekable();
        if these.peek().is_none() {
            continue;
        }
        let built = schema_of(application, version)?;
        for (place, document) in these {
            let Err(failure) = judge(&built, &application.config.graphql, &document.text) else { continue };
            faults.extend(failure.errors.into_iter().map(|fault| told(place, &document.text, fault)));
        }
    }
    Ok(faults)
}

/// The schema that clients of a version know.
fn schema_of(application: &Application, version: &Version) -> Result<Built, String> {
    let application = version.face.as_ref().map_or(application, |face| &face.application);
    let mut operations = Registry::new(application).operations().to_vec();
    operations.retain(|operation| version.offers(operation.model, &operation.name));
    build(application, &operations)
}

/// Parses, validates and plans a document: each operation with all that `@skip` and `@include` can bring into it.
fn judge(built: &Built, limits: &GraphQl, text: &str) -> Result<(), Failure> {
    let document = Document::parse(built, limits, text)?;
    for operation in document.parsed.operations.iter() {
        for all in [false, true] {
            let planned = document.plan(built, limits, name(operation), |_| all);
            let checked = planned.and_then(|plan| plan.check_cost(&Map::new(), limits));
            checked.map_err(|failure| failure.placed(place(&document, operation)))?;
        }
    }
    Ok(())
}

fn name(operation: &Asked) -> Option<&str> {
    operation.name.as_ref().map(|name| name.as_str())
}

/// Where an operation's name is in its document.
fn place(document: &Document, operation: &Asked) -> Option<LineColumn> {
    operation.name.as_ref()?.location()?.line_column(&document.parsed.sources)
}

fn told(document: usize, text: &str, fault: Fault) -> DocumentFault {
    let span = fault.places.first().map_or(0..0, |place| span(text, place));
    DocumentFault { document, code: fault.error.code.as_str(), message: fault.error.message, span }
}

/// The word at a place, whose column counts bytes.
fn span(text: &str, place: &LineColumn) -> Range<usize> {
    let line_start: usize = text.split_inclusive('\n').take(place.line.saturating_sub(1)).map(str::len).sum();
    let start = text.floor_char_boundary(line_start + place.column.saturating_sub(1));
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@');
    let word = text[start..].find(|letter| !is_word(letter)).unwrap_or(text.len() - start);
    start..start + word
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_model::Project;

    fn application(settings: &str) -> Application {
        let models = [
            ("mainstay.toml", settings),
            ("models/task.toml", "[fields]\ntitle = \"string\"\n[allow]\nread = \"auth.id != null\"\n"),
            ("api/v2.toml", "[models.task.fields.title]\nwas = \"name\"\n"),
        ];
        Project::load_from(&models).unwrap_or_else(|faults| panic!("{}", faults.render(false))).application
    }

    /// The code and the marked text of each fault.
    #[track_caller]
    fn check_text(settings: &str, version: u32, text: &str, expected: &[(&str, &str)]) {
        let document = ProjectDocument { version, name: "one".to_owned(), text: text.to_owned() };
        let faults = check(&application(settings), &[document]).unwrap();
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, &text[fault.span.clone()])).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_document_is_judged_by_the_schema_of_its_version() {
        check_text("", 2, "{ tasks { nodes { title } } }", &[]);
        check_text("", 1, "{ tasks { nodes { name } } }", &[]);
        check_text("", 1, "{\n  tasks { nodes { title } }\n}", &[("invalid_document", "title")]);
        check_text(
            "",
            2,
            "{ tasks(where: \"é\") { nodes { nothing } } }",
            &[("invalid_document", "nothing")],
        );
        check_text("", 2, "query A { me { id } }\nquery A { me { id } }", &[("invalid_document", "A")]);
    }

    #[test]
    fn limits_are_kept_whatever_switches_say() {
        let settings = "[graphql]\nmax_depth = 2\n";
        let deep =
            "query Deep($all: Boolean!) { tasks { nodes { id } edges @include(if: $all) { node { id } } } }";
        check_text(settings, 2, deep, &[("document_too_complex", "Deep")]);
        check_text("", 2, "query Wide { tasks(first: 500) { nodes { title id version created_at } } }", &[]);
        let wide = "[graphql]\nmax_complexity = 1000\n";
        check_text(
            wide,
            2,
            "query Wide { tasks(first: 500) { nodes { title id } edges { cursor } } }",
            &[("document_too_complex", "Wide")],
        );
    }
}
