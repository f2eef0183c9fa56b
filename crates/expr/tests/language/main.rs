//! The language as its users meet it: sources, what they become, and what is wrong with them.

mod agreement;
mod compiled;
mod faults;
mod filters;
#[path = "../fixture/mod.rs"]
mod fixture;
mod formulas;
mod questions;
mod reduction;
mod rewritten;
mod semantics;
mod show;

use fixture::{Chat, MESSAGE};
use mainstay_expr::{Compiled, Context, Fault, Use};

/// Compiles a source about a message.
fn compile(source: &str, usage: Use) -> Result<Compiled, Vec<Fault>> {
    mainstay_expr::compile(source, Context { model: Some(MESSAGE), usage }, &Chat::new())
}

/// Compiles a sound source about a message.
#[track_caller]
fn sound(source: &str, usage: Use) -> Compiled {
    compile(source, usage).unwrap_or_else(|faults| panic!("{source}: {faults:#?}"))
}
