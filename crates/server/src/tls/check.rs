//! What `mainstay check` says of the certificate.

use super::certificate::Fault;
use super::files;
use super::validity::{Standing, now};
use mainstay_model::{Application, Diagnostic, Diagnostics, Severity};
use std::ops::Range;
use std::path::Path;

/// Adds what is wrong with the certificate and its key to what was found in the project.
pub(crate) fn diagnose(folder: &Path, application: &Application, found: &mut Diagnostics) {
    let Some(files) = files(folder, &application.config.server.tls) else { return };
    let item = match files.read() {
        Ok(certificate) => of_standing(&certificate.validity.standing(now())),
        Err(fault) => Some(of_fault(fault)),
    };
    let Some((setting, item)) = item else { return };
    let (file, span) = place(found, setting);
    found.items.push(Diagnostic { file, span, ..item });
}

fn of_fault(fault: Fault) -> (&'static str, Diagnostic) {
    (fault.setting, item(Severity::Error, fault.code, fault.message, fault.hint))
}

/// One that has ended is an error here, though `serve` goes on with it: there is nobody yet who would be cut off.
fn of_standing(standing: &Standing) -> Option<(&'static str, Diagnostic)> {
    let (code, message) = standing.told()?;
    let severity = match standing {
        Standing::Expired => Severity::Error,
        _ => Severity::Warning,
    };
    let hint = "put a new one in its place; a server that runs takes it by itself";
    Some(("certificate", item(severity, code, message, hint)))
}

fn item(severity: Severity, code: &'static str, message: String, hint: &str) -> Diagnostic {
    Diagnostic { severity, code, message, file: None, span: 0..0, hint: Some(hint.to_owned()) }
}

/// The setting in `mainstay.toml`, and where its file is in the list.
fn place(found: &Diagnostics, setting: &str) -> (Option<usize>, Range<usize>) {
    let file = found.files.iter().position(|file| file.path == Path::new("mainstay.toml"));
    let span = file.and_then(|file| span(&found.files[file].text, setting));
    (file.filter(|_| span.is_some()), span.unwrap_or(0..0))
}

/// The line `setting = "…"` under `[server.tls]`.
fn span(text: &str, setting: &str) -> Option<Range<usize>> {
    let table = text.find("[server.tls]")?;
    let start = table + text[table..].find(&format!("\n{setting}"))? + 1;
    let length = text[start..].find('\n').unwrap_or(text.len() - start);
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::span;

    #[test]
    fn the_setting_is_marked() {
        let text = "[server.tls]\ncertificate = \"a\"\nkey = \"b\"";
        assert_eq!(&text[span(text, "certificate").unwrap()], "certificate = \"a\"");
        assert_eq!(&text[span(text, "key").unwrap()], "key = \"b\"");
        assert_eq!(span("[server]\ntls = { key = \"b\" }", "key"), None);
    }
}
