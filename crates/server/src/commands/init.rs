//! `mainstay init`

use crate::failure::Failure;
use crate::terminal::{say, shell_word};
use clap::Args;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Make a small project that works
#[derive(Debug, Args)]
#[command(after_help = "\
It makes mainstay.toml and a model, with hints that give editors completion, and overwrites nothing.

Example:
  mainstay init notes && mainstay serve notes")]
pub(crate) struct Init {
    /// The folder to make it in; made when it is not there
    folder: PathBuf,
    /// The application's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
}

impl Init {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let files = self.files();
        // All are looked for before the first is made, so that a refusal leaves nothing behind.
        for (path, _) in &files {
            let path = self.folder.join(path);
            if path.symlink_metadata().is_ok() {
                return Err(taken(&path));
            }
        }
        for (path, text) in &files {
            write_new(&self.folder.join(path), text)?;
        }
        let (made, folder) = (self.folder.display(), shell_word(&self.folder));
        say(&format!(
            "made a project in {made}\n\nmainstay check {folder}    looks for faults\nmainstay serve {folder}    serves it\n"
        ));
        Ok(ExitCode::SUCCESS)
    }

    fn files(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "mainstay.toml",
                include_str!("../template/mainstay.toml").replace("\"NAME\"", &self.quoted_name()),
            ),
            ("models/note.toml", include_str!("../template/note.toml").to_owned()),
            (".gitignore", "/data\n".to_owned()),
            (".mainstay/config.schema.json", format!("{:#}\n", mainstay_model::config_schema())),
            (".mainstay/model.schema.json", format!("{:#}\n", mainstay_model::model_schema())),
        ]
    }

    /// The name as a TOML string. JSON's are, all of them: U+007F alone is escaped by TOML's rules and not by JSON's.
    fn quoted_name(&self) -> String {
        let name = self.name.clone().unwrap_or_else(|| name_of(&self.folder));
        serde_json::Value::from(name).to_string().replace('\u{7f}', "\\u007f")
    }
}

fn name_of(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.file_name().map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Failure::io("write", path, &error),
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn taken(path: &Path) -> Failure {
    Failure::new("exists", format!("{} is there already, and is left alone", path.display()))
        .hint("choose a folder that has no project yet")
}
