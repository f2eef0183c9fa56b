//! Documents that clients may name instead of sending them: those that the project brings along, and those that were sent before.

use crate::error::Failure;
use crate::kept::Kept;
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

/// What a client names a document by whose text it need not send when it is known (Apollo's automatic persisted queries): the SHA-256 of the text, in
/// hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextHash(pub(crate) String);

/// The documents that clients sent with their hash, and may then ask for by it alone.
pub(crate) struct Automatic {
    by_hash: Kept<Arc<str>>,
}

impl Automatic {
    pub(crate) fn new() -> Self {
        Automatic { by_hash: Kept::new() }
    }

    /// The text of a hash, which comes with the text where it may not be known.
    ///
    /// # Errors
    /// [`Code::UnknownDocument`] with the message by which clients know that they have to send the text; [`Code::InvalidParameter`] where the hash is of
    /// another text.
    pub(crate) fn text(&self, given: &TextHash, text: Option<&str>) -> Result<Arc<str>, Failure> {
        let unknown = || Failure::new(Code::UnknownDocument, "PersistedQueryNotFound");
        match text {
            None => self.by_hash.get(&given.id()).ok_or_else(unknown),
            Some(text) if hash(text) == given.id() => Ok(text.into()),
            Some(_) => Err(Failure::new(Code::InvalidParameter, "provided sha does not match query")),
        }
    }

    /// Keeps a text, which was seen to be of this hash and a valid document.
    pub(crate) fn keep(&self, given: &TextHash, text: &Arc<str>) {
        self.by_hash.put(&given.id(), text.len(), text.clone());
    }
}

impl TextHash {
    /// As a document's id.
    pub(crate) fn id(&self) -> String {
        format!("sha256:{}", self.0.to_ascii_lowercase())
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
