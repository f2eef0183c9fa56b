//! XML 1.0: an element for each key, in the words of RFC 9457's own XML (appendix B), where the items of a list are called `i`.
//!
//! ```xml
//! <answer><name>Ada</name><age type="number">36</age><tags type="array"><i>a</i><i>b</i></tags></answer>
//! ```
//!
//! | `type` | value |
//! | --- | --- |
//! | none | a text; with elements in it, an object |
//! | `string`, `number`, `boolean`, `null`, `array`, `object` | that of JSON |
//!
//! A key that is no name of an element is `<member name="…">`, with the escapes of a JSON string in the name. A text with characters that XML does not have, as U+0000, is written with those
//! escapes too, and marked with `encoding="json"`.

mod names;
mod read;
mod write;

pub(crate) use read::read;
pub use write::problem;
pub(crate) use write::write;

/// What an item of a list is called.
const ITEM: &str = "i";
/// What a key is called that is no name.
const MEMBER: &str = "member";
/// The value of `encoding` for a text with the escapes of a JSON string.
const JSON_ESCAPES: &str = "json";
