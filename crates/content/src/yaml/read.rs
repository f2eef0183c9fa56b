//! Reading YAML.

use super::scalar::plain;
use crate::fault::Fault;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};

pub(crate) fn read(text: &str, max_depth: usize) -> Result<Value, Fault> {
    let mut reader = Reader { parser: Parser::new_from_str(text), line: 1, max_depth };
    reader.next()?;
    if reader.next()? == Event::StreamEnd {
        return Err(Fault::Invalid("the body has no document".to_owned()));
    }
    let first = reader.next()?;
    let value = reader.value(first, max_depth)?;
    reader.next()?;
    match reader.next()? {
        Event::StreamEnd => Ok(value),
        _ => Err(reader.invalid("a second document begins")),
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    line: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = line(span.start);
                Ok(event)
            }
            Some(Err(error)) => {
                self.line = line(*error.marker());
                // The parser has a bound of its own, where many brackets stand in a row.
                let is_too_deep = error.info() == "recursion limit exceeded";
                Err(if is_too_deep { self.too_deep() } else { self.invalid(error.info()) })
            }
            None => Err(self.invalid("it ends too early")),
        }
    }

    fn value(&mut self, event: Event<'a>, depth_left: usize) -> Result<Value, Fault> {
        let deeper = || depth_left.checked_sub(1);
        match event {
            Event::Scalar(text, style, 0, None) => self.scalar(&text, style),
            Event::SequenceStart(0, None) => match deeper() {
                Some(depth_left) => self.sequence(depth_left),
                None => Err(self.too_deep()),
            },
            Event::MappingStart(0, None) => match deeper() {
                Some(depth_left) => self.mapping(depth_left),
                None => Err(self.too_deep()),
            },
            Event::Alias(_) => Err(self.invalid("aliases are not read")),
            _ => Err(self.invalid("anchors and tags are not read")),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle) -> Result<Value, Fault> {
        match style {
            ScalarStyle::Plain => {
                plain(text).ok_or_else(|| self.invalid("infinities and what is not a number have no value"))
            }
            _ => Ok(Value::String(text.to_owned())),
        }
    }

    fn sequence(&mut self, depth_left: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event, depth_left)?),
            }
        }
    }

    fn mapping(&mut self, depth_left: usize) -> Result<Value, Fault> {
        let mut object = Map::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(object)),
                event => self.key(&event)?,
            };
            if object.contains_key(&key) {
                return Err(Fault::duplicate(&key, &format!(", again at line {}", self.line)));
            }
            let event = self.next()?;
            let value = self.value(event, depth_left)?;
            object.insert(key, value);
        }
    }

    /// A key, which is a text: what would be a number or `null` as a value has to be in quotes, so that it is meant.
    fn key(&self, event: &Event<'_>) -> Result<String, Fault> {
        match event {
            Event::Scalar(text, style, 0, None) => match self.scalar(text, *style)? {
                Value::String(key) => Ok(key),
                _ => Err(self.invalid("a key is a text: put it in quotes")),
            },
            _ => Err(self.invalid("a key is a text without anchors and tags")),
        }
    }

    fn too_deep(&self) -> Fault {
        Fault::too_deep(self.max_depth, &format!(" at line {}", self.line))
    }

    fn invalid(&self, what: &str) -> Fault {
        Fault::Invalid(format!("the body is not YAML with the values of JSON: {what}, at line {}", self.line))
    }
}

fn line(marker: Marker) -> usize {
    marker.line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match read(text, 4) {
            Ok(value) => value.to_string(),
            Err(fault) => format!("{fault:?}"),
        };
        assert!(found.contains(expected), "{text}: {found}");
    }

    #[test]
    fn documents_are_read() {
        check("a: 1\nb: [x, 'y', \"z\"]\nc:\n- d: ~\n", r#"{"a":1,"b":["x","y","z"],"c":[{"d":null}]}"#);
        check("---\na: |\n  one\n  two\n...\n", r#"{"a":"one\ntwo\n"}"#);
        check("a: >-\n  one\n  two\n", r#"{"a":"one two"}"#);
        check("{\"a\": {\"b\": [1, -2.5, null, true]}}", r#"{"a":{"b":[1,-2.5,null,true]}}"#);
        check("a: '007'\nb: \"true\"\nc: 007", r#"{"a":"007","b":"true","c":7}"#);
        check("# nothing but\na: # a comment\n", r#"{"a":null}"#);
    }

    #[test]
    fn what_is_more_than_json_is_refused() {
        check("a: &x 1\nb: *x", "anchors and tags are not read, at line 1");
        check("a: 1\nb: *x", "Invalid");
        check("a: !!str 1", "anchors and tags");
        check("a: !ruby/object x", "anchors and tags");
        check("a: &x [*x]", "anchors and tags");
        check("1: a", "a key is a text: put it in quotes, at line 1");
        check("? [a]\n: b", "a key is a text");
        check("a: .inf", "infinities");
        check("a: 1\n---\nb: 2", "a second document");
        check("", "no document");
        check("# nothing", "no document");
        check("a: [", "Invalid");
        check("a: 1\n\tb: 2", "Invalid");
        check("a: 1\nb: 2\na: 3", "DuplicateKey(\"the key `a` occurs twice, again at line 3\")");
        check("{a: 1, 'a': 2}", "DuplicateKey");
        check("a: [[[1]]]", r#"{"a":[[[1]]]}"#);
        check("a: [[[[1]]]]", "TooDeep(\"the body is nested deeper than 4 at line 1\")");
        check(&"[".repeat(100_000), "TooDeep");
        check(&"- ".repeat(10_000), "TooDeep");
    }
}
