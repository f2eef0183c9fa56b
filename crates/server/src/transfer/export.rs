//! An export: pages of records into a file.

use super::Format;
use super::output::Output;
use super::sink::Sink;
use crate::backend::Backend;
use crate::failure::Failure;
use mainstay_engine::{Caller, ListRequest};
use mainstay_model::Model;
use std::io;
use std::path::PathBuf;

/// What to export, and how.
pub(crate) struct Options {
    /// The file; standard output when there is none.
    pub(crate) file: Option<PathBuf>,
    /// The format.
    pub(crate) format: Format,
    /// A condition in CEL.
    pub(crate) filter: Option<String>,
}

/// Writes the records of a model that the caller sees, oldest first, and answers how many. `advances` hears how many are written, and how many
/// there are.
pub(crate) async fn run(
    backend: &Backend,
    caller: &Caller,
    model: &Model,
    options: Options,
    advances: impl Fn(u64, u64),
) -> Result<u64, Failure> {
    let path = options.file.clone().unwrap_or_else(|| PathBuf::from("standard output"));
    let failed = |error: io::Error| Failure::io("write", &path, &error);
    let mut request = ListRequest {
        filter: options.filter,
        limit: ListRequest::MAX_LIMIT,
        count: true,
        ..ListRequest::default()
    };
    // Asked before the file is made, so that a wrong filter leaves no file behind.
    let mut page = backend.engine.list(caller, model.id, &request).await?;
    let total = page.count.unwrap_or(0);
    request.count = false;
    let out = Output::open(options.file.as_deref())?;
    let never_shown = backend.engine.never_shown(caller, model.id);
    let mut sink = Sink::begin(options.format, model, &never_shown, out).map_err(failed)?;
    let mut written = 0;
    loop {
        match page.items.iter().try_for_each(|view| sink.write(model, view)) {
            // Whoever read standard output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(written),
            result => result.map_err(failed)?,
        }
        written += page.items.len() as u64;
        advances(written, total);
        request.cursor = page.next.take();
        if request.cursor.is_none() {
            break;
        }
        page = backend.engine.list(caller, model.id, &request).await?;
    }
    match sink.end().and_then(Output::finish) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(written),
        result => result.map(|()| written).map_err(failed),
    }
}
