//! Helpers of the tests.

use mainstay_model::{Application, Diagnostic, Diagnostics, Project, Severity};

/// All that was found in a project, whether or not it loaded.
pub(crate) fn diagnostics(files: &[(&str, &str)]) -> Diagnostics {
    match Project::load_from(files) {
        Ok(loaded) => {
            assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.render(false));
            loaded.diagnostics
        }
        Err(diagnostics) => {
            assert!(diagnostics.has_errors(), "a project without errors loads");
            diagnostics
        }
    }
}

/// The application of a project without faults: `mainstay.toml` is empty.
pub(crate) fn load(models: &[(&str, &str)]) -> Application {
    let mut files = vec![("mainstay.toml", "")];
    files.extend(models);
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    loaded.application
}

/// Each fault as `code file:line:column marked text`, warnings with `?` before the code.
pub(crate) fn summary(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics.items.iter().map(|item| summary_of(item, diagnostics)).collect()
}

fn summary_of(item: &Diagnostic, diagnostics: &Diagnostics) -> String {
    let mark = if item.severity == Severity::Warning { "?" } else { "" };
    let Some(file) = item.file.map(|file| &diagnostics.files[file]) else {
        return format!("{mark}{} {}", item.code, item.message);
    };
    let (line, column) = item.line_column(&file.text);
    let marked = &file.text[item.span.clone()];
    format!("{mark}{} {}:{line}:{column} {marked}", item.code, file.path.display())
}

/// These files have these faults, in this order.
#[track_caller]
pub(crate) fn check(files: &[(&str, &str)], expected: &[&str]) {
    let found = diagnostics(files);
    assert_eq!(summary(&found), expected, "\n{}", found.render(false));
}

/// A project of this one model, `note`, has these faults, each as `code line:column marked text`.
#[track_caller]
pub(crate) fn check_note(text: &str, expected: &[&str]) {
    let files = [("mainstay.toml", ""), ("models/note.toml", text)];
    let expected: Vec<String> =
        expected.iter().map(|line| line.replacen(' ', " models/note.toml:", 1)).collect();
    check(&files, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}
