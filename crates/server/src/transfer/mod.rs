//! Records in files: imports and exports.
//!
//! ```text
//! file ──▶ source ──▶ rows ──▶ convert ──▶ writer ──▶ engine
//!          (gunzip)   (CSV…)   (ids, refs)  (batches) (rules, one write path)
//! ```
//!
//! Nothing of a file is held in memory but the batches on their way. An import writes like any client: through the
//! engine, with the rights of the caller that the operator chose.

pub(crate) mod actor;
mod columns;
mod convert;
pub(crate) mod export;
mod format;
mod ids;
pub(crate) mod import;
mod output;
mod refs;
mod report;
pub(crate) mod resume;
mod rows;
mod sink;
mod source;
pub(crate) mod writer;

pub(crate) use format::Format;
