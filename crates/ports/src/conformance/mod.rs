//! The suite that every [`crate::Store`] must pass.
