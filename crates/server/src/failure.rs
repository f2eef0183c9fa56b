//! Why a command ended without having done what it was asked.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Codes with which the program ends, beside 0. `docs/reference/cli.md` lists them.
pub(crate) mod exit {
    /// It failed.
    pub(crate) const FAILED: u8 = 1;
    /// The project is broken, or the command line wrong (clap's code for that).
    pub(crate) const BROKEN: u8 = 2;
    /// An import went through, and refused rows.
    pub(crate) const REFUSED: u8 = 3;
    /// It was interrupted: 128 and the number of SIGINT, as shells have it.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// Why a command failed: a stable code, what happened, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    hint: Option<String>,
    exit: u8,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Failure { code, message: message.into(), hint: None, exit: exit::FAILED }
    }

    /// A file or folder that could not be read or written.
    pub(crate) fn io(action: &str, path: &Path, error: &io::Error) -> Self {
        Failure::new("io", format!("cannot {action} {}: {error}", path.display()))
    }

    /// The same failure with advice.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// The same failure with another exit code than [`exit::FAILED`].
    pub(crate) fn exit(self, exit: u8) -> Self {
        Failure { exit, ..self }
    }

    /// How the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, self.message)?;
        match &self.hint {
            Some(hint) => writeln!(f, "  = help: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<mainstay_engine::Error> for Failure {
    /// The operator learns the private detail too: it is the operator's machine.
    fn from(error: mainstay_engine::Error) -> Self {
        let detail = error.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        let fields = error.fields.iter().map(|field| format!("\n  {}: {}", field.field, field.message));
        Failure::new(error.code.as_str(), format!("{}{detail}{}", error.message, fields.collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_engine::{Error, FieldError};

    #[test]
    fn a_failure_shows_its_code_and_its_hint() {
        let failure = Failure::new("port_taken", "port 80 is taken").hint("choose another");
        assert_eq!(failure.to_string(), "error[port_taken]: port 80 is taken\n  = help: choose another\n");
    }

    #[test]
    fn an_error_of_the_engine_shows_its_fields() {
        let error = Error::validation(vec![FieldError::new("email", "format", "is no e-mail address")]);
        let expected = "error[validation_failed]: some fields are not valid\n  email: is no e-mail address\n";
        assert_eq!(Failure::from(error).to_string(), expected);
    }
}
