//! Bounds on what an expression may cost, checked before it is parsed or run: filters come from strangers.

/// The longest source text in bytes.
pub const MAX_SOURCE_BYTES: usize = 4_096;
/// The deepest nesting of brackets, operators and member accesses.
pub const MAX_DEPTH: usize = 24;
/// The greatest static cost. A comparison costs 1, a text test 2, a literal list 1 for each element, a step along a ref 10, a search among
/// children 50 times what it contains.
pub const MAX_COST: u32 = 50_000;
