//! GraphQL, with the documents of the project.

use crate::failure::{Failure, exit};
use crate::project::Opened;
use mainstay_api::Api;
use mainstay_api::operations::Protocol;
use std::io;
use std::path::Path;

/// Where a project has its documents.
const DOCUMENTS: &str = "api/graphql";

/// The API with GraphQL, and with its page while a project is being made.
pub(crate) fn with_graphql(api: Api, project: &Opened, is_dev: bool) -> Result<Api, Failure> {
    let documents = documents(&project.folder)?;
    let operations = api.operations(Protocol::GraphQl);
    let endpoints = mainstay_graphql::endpoints(&operations, &documents).map_err(|message| {
        let hint = format!("the documents are in {DOCUMENTS}; `mainstay graphql` prints the schema");
        Failure::new("graphql_broken", message).hint(hint).exit(exit::BROKEN)
    })?;
    let page = if is_dev { mainstay_graphql::page() } else { Vec::new() };
    Ok(endpoints.into_iter().chain(page).fold(api, Api::with))
}

/// The documents of a project, by name: those of `api/graphql/*.graphql`.
fn documents(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let folder = folder.join(DOCUMENTS);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io("read", &folder, &error)),
    };
    let mut documents = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("read", &folder, &error))?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'));
        let Some(name) = name.filter(|_| path.extension().is_some_and(|end| end == "graphql")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        documents.push((name.to_owned(), text));
    }
    documents.sort();
    Ok(documents)
}
