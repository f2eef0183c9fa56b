//! GraphQL, with the documents of the project.

use crate::failure::{Failure, exit};
use crate::project::{Opened, summary};
use crate::terminal::{colored_errors, complain};
use mainstay_api::Api;
use mainstay_api::operations::Protocol;
use mainstay_graphql::{DocumentFault, ProjectDocument};
use mainstay_model::{Application, Diagnostic, Diagnostics, Severity, SourceFile};
use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a project has its documents: those of the newest version, and in a folder `v1` and so on those of each.
const DOCUMENTS: &str = "api/graphql";

/// A document, and its file in the project's folder.
struct Found {
    document: ProjectDocument,
    path: PathBuf,
}

/// The API with GraphQL, and with its page while a project is being made.
pub(crate) fn with_graphql(api: Api, project: &Opened, is_dev: bool) -> Result<Api, Failure> {
    let documents = sound(&project.folder, &project.application)?;
    let operations = api.operations(Protocol::GraphQl);
    let endpoints = mainstay_graphql::endpoints(&operations, &documents);
    let page = if is_dev { mainstay_graphql::page() } else { Vec::new() };
    Ok(endpoints.into_iter().chain(page).fold(api, Api::with))
}

/// The documents of a project; what is wrong with them goes to standard error.
fn sound(folder: &Path, application: &Application) -> Result<Vec<ProjectDocument>, Failure> {
    let documents = read(folder, application)?;
    let mut diagnostics = Diagnostics::default();
    judge(application, &documents, &mut diagnostics)?;
    if diagnostics.items.is_empty() {
        return Ok(documents.into_iter().map(|found| found.document).collect());
    }
    complain(&format!("{}\n", diagnostics.render(colored_errors())));
    let message = format!("the documents in {DOCUMENTS} are not valid: {}", summary(&diagnostics));
    let hint = "`mainstay graphql` prints the schema";
    Err(Failure::new("graphql_broken", message).hint(hint).exit(exit::BROKEN))
}

/// Adds what is wrong with the documents to what was found in the project.
pub(crate) fn diagnose(
    folder: &Path,
    application: &Application,
    diagnostics: &mut Diagnostics,
) -> Result<(), Failure> {
    judge(application, &read(folder, application)?, diagnostics)
}

fn judge(application: &Application, found: &[Found], diagnostics: &mut Diagnostics) -> Result<(), Failure> {
    let first = diagnostics.files.len();
    let file = |found: &Found| SourceFile { path: found.path.clone(), text: found.document.text.clone() };
    diagnostics.files.extend(found.iter().map(file));
    let mut names = HashSet::new();
    for (place, Found { document, .. }) in found.iter().enumerate() {
        let version = document.version;
        if application.versions.get(version).is_none() {
            let message =
                format!("the project's API has no version {version}, so that nobody can ask for this");
            diagnostics.items.push(item("document_version", message, first + place, 0..0));
        } else if !names.insert((version, &document.name)) {
            let message = format!("version {version} has another document with the name `{}`", document.name);
            diagnostics.items.push(item("document_twice", message, first + place, 0..0));
        }
    }
    let documents: Vec<ProjectDocument> = found.iter().map(|found| found.document.clone()).collect();
    let faults = mainstay_graphql::check(application, &documents)
        .map_err(|message| Failure::new("graphql_broken", message))?;
    let of_fault =
        |DocumentFault { document, code, message, span }| item(code, message, first + document, span);
    diagnostics.items.extend(faults.into_iter().map(of_fault));
    Ok(())
}

fn item(code: &'static str, message: String, file: usize, span: Range<usize>) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code, message, file: Some(file), span, hint: None }
}

/// The documents of a project: those of `api/graphql/*.graphql` for the newest version, of `api/graphql/v1/*.graphql` for version 1, and so on.
fn read(folder: &Path, application: &Application) -> Result<Vec<Found>, Failure> {
    let mut found = documents_in(folder, Path::new(DOCUMENTS), application.versions.newest().number)?;
    for path in listed(folder, Path::new(DOCUMENTS))? {
        let number = path.file_name().and_then(|name| name.to_str()?.strip_prefix('v')?.parse().ok());
        if let Some(number) = number.filter(|_| folder.join(&path).is_dir()) {
            found.extend(documents_in(folder, &path, number)?);
        }
    }
    Ok(found)
}

fn documents_in(folder: &Path, inner: &Path, version: u32) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for path in listed(folder, inner)? {
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'));
        let Some(name) = name.filter(|_| path.extension().is_some_and(|end| end == "graphql")) else {
            continue;
        };
        let file = folder.join(&path);
        let text = std::fs::read_to_string(&file).map_err(|error| Failure::io("read", &file, &error))?;
        found.push(Found { document: ProjectDocument { version, name: name.to_owned(), text }, path });
    }
    Ok(found)
}

/// What is in a folder of the project, by name; nothing where there is no such folder.
fn listed(folder: &Path, inner: &Path) -> Result<Vec<PathBuf>, Failure> {
    let path = folder.join(inner);
    let entries = match std::fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::io("read", &path, &error)),
    };
    let mut paths: Vec<PathBuf> = entries.iter().map(|entry| inner.join(entry.file_name())).collect();
    paths.sort();
    Ok(paths)
}
