//! The parser's tree, bounded before it is built, with positions.
