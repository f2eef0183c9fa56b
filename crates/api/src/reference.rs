//! Keeps `docs/reference/errors.md` as the table of codes is. `UPDATE_DOCS=1` writes it anew.

use crate::problem::title;
use crate::status::status;
use mainstay_engine::Code;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "# Errors

<!-- Made from the table of codes in `crates/engine/src/error.rs`; `UPDATE_DOCS=1 cargo test -p mainstay-api` writes it anew. -->

An error is answered as a problem document (RFC 9457, `application/problem+json`):

```json
{
  \"type\": \"/docs/errors#validation_failed\",
  \"title\": \"Validation failed\",
  \"status\": 422,
  \"detail\": \"some fields are not valid\",
  \"code\": \"validation_failed\",
  \"request_id\": \"0197a3c28a407cc19d5e2f6b1c4d8e90\",
  \"errors\": [{\"field\": \"text\", \"code\": \"min_length\", \"message\": \"must have at least 1 character\"}]
}
```

- `code` is stable: programs decide by it. `type` leads to its explanation on the server itself.
- `detail` is for people and may change.
- `request_id` is also in the header `X-Request-Id`, and names the request in the log. What only operators may know is there.
- `errors` is there when fields are wrong; the field `record` stands for the record as a whole, where one of its `[[checks]]` does not hold. Their codes: `type`, `required`, `format`, `min`, `max`, `min_length`, `max_length`, `pattern`,
  `enum`, `scale`, `invalid_character`, `unknown_field`, `read_only`, `immutable`, `forbidden`, `unique`, `ref_not_found`, `check`, `weak`; of an API key `unknown_scope`, `past`; in a
  batch also `unknown_model`, `unknown_name`, `duplicate`; in a filter those of the rule language.
- `Retry-After` says, in seconds, when another try may succeed. A 401 has `WWW-Authenticate`.

";

fn reference() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| status(*code));
    let mut text = HEAD.to_owned();
    for code in codes {
        let heading = format!("## {}\n\n", code.as_str());
        let body = format!("{} {}. {}\n\n", status(code).as_u16(), title(code), code.meaning());
        write!(text, "{heading}{body}").expect("writing to a string does not fail");
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

#[test]
fn the_reference_of_errors_is_as_the_code_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, reference()).expect("the reference can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == reference(), "docs/reference/errors.md differs; run with UPDATE_DOCS=1");
}
