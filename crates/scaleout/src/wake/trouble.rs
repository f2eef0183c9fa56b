//! What goes wrong with a server.

use std::fmt;

/// What goes wrong with a server that carries what nodes tell each other. There are no credentials in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The URL is none of such a server, for this reason.
    BadUrl(String),
    /// It is there and does not let us in, or not do what we have to.
    Refused(String),
    /// It cannot be reached, or does not answer.
    Unreachable(String),
}

impl Trouble {
    pub(crate) fn unreachable(detail: impl fmt::Display) -> Self {
        Trouble::Unreachable(detail.to_string())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::BadUrl(detail) => write!(f, "the URL cannot be used: {detail}"),
            Trouble::Refused(detail) => write!(f, "the server refuses: {detail}"),
            Trouble::Unreachable(detail) => write!(f, "the server is not reached: {detail}"),
        }
    }
}

impl std::error::Error for Trouble {}
