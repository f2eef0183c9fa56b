//! Reading and checking a project folder.
//!
//! All files are parsed, then all models and fields declared, then all expressions compiled: what one file says is known before
//! another is judged by it. Each stage goes on past its faults, so that all of them are reported at once.

mod channels;
mod compile;
mod constraints;
mod cycles;
mod default;
mod document;
mod draft;
mod faults;
mod fields;
mod file;
mod folder;
mod indexes;
mod key_length;
mod lookups;
mod models;
mod names;
mod options;
mod raw_text;
mod relations;
mod rules;
mod settings;
mod shape;
mod suggest;
mod types;
mod versions;

pub(crate) use file::{ChannelFile, ModelFile};
pub use suggest::nearest;
pub(crate) use versions::VersionFile;

use crate::{Application, Config, Diagnostics, SourceFile, Versions};
use document::{Document, Quoted};
use faults::{Faults, Place};
use std::path::Path;

/// The file of the settings. A folder without it is not a project: to serve a wrong folder is an error.
const CONFIG_FILE: &str = "mainstay.toml";

/// A project folder.
#[derive(Debug)]
pub struct Project;

/// A project that loaded, with what somebody should look at.
#[derive(Debug)]
pub struct Loaded {
    /// The checked application.
    pub application: Application,
    /// Warnings.
    pub diagnostics: Diagnostics,
}

impl Project {
    /// Reads and checks the project in `folder`.
    ///
    /// # Errors
    /// Every fault, when there is an error among them. A missing folder or file is a diagnostic like any other.
    pub fn load(folder: &Path) -> Result<Loaded, Diagnostics> {
        let mut faults = Faults::default();
        match folder::read(folder, &mut faults) {
            Some(files) => check(files, faults),
            None => Err(faults.finish(Vec::new())),
        }
    }

    /// As [`Project::load`], from texts in memory: `(path, text)`, with paths as `mainstay.toml` and `models/room.toml`.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn load_from(files: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
        let file = |(path, text): &(&str, &str)| SourceFile { path: path.into(), text: (*text).to_owned() };
        check(files.iter().map(file).collect(), Faults::default())
    }
}

fn check(files: Vec<SourceFile>, mut faults: Faults) -> Result<Loaded, Diagnostics> {
    let (config, lock_rule) = read_config(&files, &mut faults);
    let drafts = draft::collect(&files, &mut faults);
    let (models, mut jobs) = models::build(&drafts, &mut faults);
    key_length::check(config.data.engine, &drafts, &models, &mut faults);
    jobs.extend(lock_rule.and_then(|source| rules::of_locks(&models, source)));
    let (channels, channel_jobs) = channels::collect(&files, &drafts, &mut faults);
    jobs.extend(channel_jobs);
    let by_name = models.iter().map(|model| (model.name.clone(), model.id)).collect();
    let mut application = Application { config, models, by_name, versions: Versions::default(), channels };
    compile::compile_all(&mut application, jobs, &mut faults);
    // What the versions are made from has to be sound.
    if !faults.has_errors() {
        application.versions = versions::read(&files, &drafts, &application, &mut faults);
    }
    let failed = faults.has_errors();
    let diagnostics = faults.finish(files);
    if failed { Err(diagnostics) } else { Ok(Loaded { application, diagnostics }) }
}

/// The settings, and the rule of locks among them.
fn read_config(files: &[SourceFile], faults: &mut Faults) -> (Config, Option<Quoted>) {
    let Some(file) = files.iter().position(|file| file.path == Path::new(CONFIG_FILE)) else {
        if !faults.is_broken(CONFIG_FILE) {
            let message = format!("there is no {CONFIG_FILE} here, so this is not a project folder");
            faults.error("config_missing", Place::NOWHERE, message).help("`mainstay init` makes one");
        }
        return (Config::default(), None);
    };
    let (document, _) = Document::parse(Some(file), &files[file].text, faults);
    let config = shape::read(&document, faults);
    settings::check(&document, &config, faults);
    (config, document.text(&["locks", "allow"]))
}
