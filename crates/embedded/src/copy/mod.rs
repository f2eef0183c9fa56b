//! Whole databases, row by row: what is read of one as of a moment, and one that is made of rows that came from elsewhere. The pages of a copy that is
//! SQLite's again are quicker: see [`crate::backup`].

mod moved;
mod source;
mod target;

pub use moved::{Moved, take_back};
pub use source::{Source, Start};
pub use target::Target;

pub(crate) use moved::{forget_moved, moved, require_here};
