//! Documents that the project brings along: those that clients may name instead of sending them.

use crate::error::Failure;
use mainstay_engine::Code;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::sync::Arc;

/// A document that the project brings along.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectDocument {
    /// The version of the API whose clients may ask for it.
    pub version: u32,
    /// What they call it.
    pub name: String,
    /// The document.
    pub text: String,
}

/// The documents of a project, by name and by the SHA-256 of their text.
pub(crate) struct Persisted {
    by_id: HashMap<String, Arc<str>>,
}

impl Persisted {
    /// The documents of these names and texts.
    pub(crate) fn new(documents: &[(String, String)]) -> Self {
        let mut by_id = HashMap::new();
        for (name, text) in documents {
            let text: Arc<str> = text.as_str().into();
            by_id.insert(name.clone(), text.clone());
            by_id.insert(hash(&text), text.clone());
            // Editors end a file with a newline that a client's build may leave out.
            by_id.insert(hash(text.trim_end()), text);
        }
        Persisted { by_id }
    }

    /// The document of a name or `sha256:…`.
    ///
    /// # Errors
    /// [`Code::UnknownDocument`].
    pub(crate) fn get(&self, id: &str) -> Result<Arc<str>, Failure> {
        let unknown = || Failure::new(Code::UnknownDocument, "the project has no document of this id");
        self.by_id.get(id).cloned().ok_or_else(unknown)
    }

    /// The document of a text that may be sent only where the project has it.
    ///
    /// # Errors
    /// As [`Persisted::get`].
    pub(crate) fn of_text(&self, text: &str) -> Result<Arc<str>, Failure> {
        let message = "only the documents of the project are run here: send the `documentId` of one";
        let unknown = || Failure::new(Code::UnknownDocument, message);
        self.by_id
            .get(&hash(text))
            .or_else(|| self.by_id.get(&hash(text.trim_end())))
            .cloned()
            .ok_or_else(unknown)
    }
}

fn hash(text: &str) -> String {
    let hex: String =
        digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_document_is_found_by_name_hash_and_text() {
        let persisted = Persisted::new(&[("rooms".to_owned(), "{ me { id } }\n".to_owned())]);
        let of_file = hash("{ me { id } }\n");
        assert_eq!(&*persisted.get("rooms").unwrap(), "{ me { id } }\n");
        assert_eq!(&*persisted.get(&of_file).unwrap(), "{ me { id } }\n");
        assert!(persisted.of_text("{ me { id } }").is_ok());
        assert_eq!(persisted.get("other").unwrap_err().code(), Code::UnknownDocument);
        assert_eq!(persisted.of_text("{ me { email } }").unwrap_err().code(), Code::UnknownDocument);
    }
}
