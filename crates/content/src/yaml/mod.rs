//! YAML 1.2 in its core schema, without what makes it more than JSON: anchors, aliases, tags, several documents, keys that are no texts.

mod read;
mod scalar;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
