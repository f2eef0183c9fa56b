//! Reading XML, without what makes it dangerous or more than data: document types, entities of one's own, processing instructions, prefixes.

use super::names::is_char;
use super::{ITEM, JSON_ESCAPES, MEMBER};
use crate::fault::Fault;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader as Parser, XmlVersion};
use serde_json::{Map, Number, Value};

pub(crate) fn read(text: &str, max_depth: usize) -> Result<Value, Fault> {
    let mut parser = Parser::from_str(text);
    parser.config_mut().expand_empty_elements = true;
    let mut reader = Reader { parser, text, max_depth };
    let root = reader.root()?;
    let (_, value) = reader.element(&root, max_depth, true)?;
    match reader.between()? {
        Event::Eof => Ok(value),
        _ => Err(reader.invalid("something follows the root's end")),
    }
}

struct Reader<'a> {
    parser: Parser<&'a [u8]>,
    text: &'a str,
    max_depth: usize,
}

/// What an element says of itself.
#[derive(Default)]
struct Tag {
    key: String,
    kind: Option<Kind>,
    has_escapes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

/// What an element holds: texts, or elements with white space between them.
#[derive(Default)]
struct Content {
    text: String,
    members: Vec<(String, Value)>,
}

impl<'a> Reader<'a> {
    fn root(&mut self) -> Result<BytesStart<'a>, Fault> {
        loop {
            match self.between()? {
                Event::Decl(declaration) => self.check(&declaration)?,
                Event::Start(start) => return Ok(start),
                _ => return Err(self.invalid("it has no root")),
            }
        }
    }

    /// The declaration, which may say that the body is what it is.
    fn check(&self, declaration: &BytesDecl<'_>) -> Result<(), Fault> {
        let encoding =
            declaration.encoding().map(|encoding| encoding.map(|name| name.eq_ignore_ascii_case("utf-8")));
        match encoding {
            None | Some(Ok(true)) => Ok(()),
            _ => Err(self.invalid("it has to be in UTF-8")),
        }
    }

    /// The next event outside of the root.
    fn between(&mut self) -> Result<Event<'a>, Fault> {
        loop {
            match self.next()? {
                Event::Text(text) if text.chars().all(is_space) => {}
                event => return Ok(event),
            }
        }
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<Event<'a>, Fault> {
        loop {
            match self.parser.read_event() {
                Ok(Event::Comment(_)) => {}
                Ok(Event::DocType(_)) => return Err(self.invalid("document types are not read")),
                Ok(Event::PI(_)) => return Err(self.invalid("processing instructions are not read")),
                Ok(event) => return Ok(event),
                Err(error) => return Err(self.invalid(&error.to_string())),
            }
        }
    }

    /// The key and the value of an element that has begun. `depth_left` counts the objects and lists that it may have yet.
    fn element(
        &mut self,
        start: &BytesStart<'a>,
        depth_left: usize,
        is_root: bool,
    ) -> Result<(String, Value), Fault> {
        let tag = self.tag(start)?;
        let content = self.content(&tag, depth_left)?;
        let value = self.value(&tag, content, depth_left, is_root)?;
        Ok((tag.key, value))
    }

    fn content(&mut self, tag: &Tag, depth_left: usize) -> Result<Content, Fault> {
        let mut content = Content::default();
        loop {
            match self.next()? {
                Event::Text(text) => content.text.push_str(&text.xml10_content()),
                Event::CData(text) => content.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => content.text.push(self.resolve(&reference)?),
                Event::Start(start) => {
                    let depth_left = depth_left.checked_sub(1).ok_or_else(|| self.too_deep())?;
                    let (key, value) = self.element(&start, depth_left, false)?;
                    self.check_member(tag, &content, &key)?;
                    content.members.push((key, value));
                }
                Event::End(_) => return Ok(content),
                _ => return Err(self.invalid("it ends within an element")),
            }
        }
    }

    fn check_member(&self, tag: &Tag, content: &Content, key: &str) -> Result<(), Fault> {
        if tag.kind == Some(Kind::Array) {
            return match key {
                ITEM => Ok(()),
                _ => Err(self.invalid("the items of an array are `i`")),
            };
        }
        match content.members.iter().any(|(known, _)| known == key) {
            true => Err(Fault::duplicate(key, &format!(", again at {}", self.place()))),
            false => Ok(()),
        }
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, Fault> {
        let named = || match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        };
        let character = reference.resolve_char_ref().map_err(|error| self.invalid(&error.to_string()))?;
        character.or_else(named).ok_or_else(|| self.invalid("there is no such entity"))
    }

    fn tag(&self, start: &BytesStart<'_>) -> Result<Tag, Fault> {
        let name = start.name();
        let name = name.as_ref();
        if name.contains(':') {
            return Err(self.invalid("names have no prefixes here"));
        }
        let mut tag = Tag { key: name.to_owned(), ..Tag::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.invalid(&error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.invalid(&error.to_string()))?;
            match attribute.key.as_ref() {
                "type" => tag.kind = Some(self.kind(&value)?),
                "encoding" if value == JSON_ESCAPES => tag.has_escapes = true,
                "name" if name == MEMBER => tag.key = self.without_escapes(&value)?,
                other => return Err(self.invalid(&format!("the attribute `{other}` means nothing here"))),
            }
        }
        Ok(tag)
    }

    fn kind(&self, name: &str) -> Result<Kind, Fault> {
        match name {
            "string" => Ok(Kind::String),
            "number" => Ok(Kind::Number),
            "boolean" => Ok(Kind::Boolean),
            "null" => Ok(Kind::Null),
            "array" => Ok(Kind::Array),
            "object" => Ok(Kind::Object),
            _ => {
                Err(self
                    .invalid("`type` is one of `string`, `number`, `boolean`, `null`, `array` and `object`"))
            }
        }
    }

    fn value(&self, tag: &Tag, content: Content, depth_left: usize, is_root: bool) -> Result<Value, Fault> {
        let has_members = !content.members.is_empty();
        let kind = tag.kind.unwrap_or(if has_members || is_root { Kind::Object } else { Kind::String });
        match kind {
            Kind::Array | Kind::Object if depth_left == 0 => return Err(self.too_deep()),
            Kind::Array | Kind::Object if content.text.chars().all(is_space) => {}
            Kind::Array | Kind::Object => {
                return Err(self.invalid("an element has texts or elements, not both"));
            }
            _ if has_members => return Err(self.invalid("there are elements where a value should be")),
            _ => {}
        }
        match kind {
            Kind::Array => Ok(content.members.into_iter().map(|(_, item)| item).collect()),
            Kind::Object => Ok(Value::Object(content.members.into_iter().collect::<Map<_, _>>())),
            Kind::String => self.string(tag, content.text),
            Kind::Number => self.number(&content.text),
            Kind::Boolean => self
                .json(content.text.trim())
                .filter(Value::is_boolean)
                .ok_or_else(|| self.invalid("a boolean is `true` or `false`")),
            Kind::Null if content.text.is_empty() => Ok(Value::Null),
            Kind::Null => Err(self.invalid("null has no text")),
        }
    }

    fn string(&self, tag: &Tag, text: String) -> Result<Value, Fault> {
        if !text.chars().all(is_char) {
            return Err(self.invalid("a character that XML does not have"));
        }
        if tag.has_escapes { self.without_escapes(&text).map(Value::String) } else { Ok(Value::String(text)) }
    }

    fn number(&self, text: &str) -> Result<Value, Fault> {
        let number: Option<Number> = serde_json::from_str(text.trim()).ok();
        number.map(Value::Number).ok_or_else(|| self.invalid("a number is written as in JSON"))
    }

    fn json(&self, text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }

    fn without_escapes(&self, text: &str) -> Result<String, Fault> {
        let string = serde_json::from_str(&format!("\"{text}\""));
        string.map_err(|_| self.invalid("what stands there has not the escapes of a JSON string"))
    }

    fn too_deep(&self) -> Fault {
        Fault::too_deep(self.max_depth, &format!(" at {}", self.place()))
    }

    fn invalid(&self, what: &str) -> Fault {
        Fault::Invalid(format!("the body is not XML as it is read here: {what}, at {}", self.place()))
    }

    fn place(&self) -> String {
        let offset = usize::try_from(self.parser.buffer_position()).unwrap_or(usize::MAX);
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        format!("line {}", before.iter().filter(|byte| **byte == b'\n').count() + 1)
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
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
    fn elements_are_read() {
        check(
            "<?xml version='1.0' encoding='utf-8'?>\n<!-- a note -->\n<note>\n <text>a &lt;b&gt; &#x61;&amp;<![CDATA[<c>]]></text>\n <n type='number'> -1.5 </n>\n</note>\n",
            r#"{"text":"a <b> a&<c>","n":-1.5}"#,
        );
        check(
            "<a><b/><c type='null'/><d type='array'><i>x</i><i type='boolean'>true</i></d><e type='object'/></a>",
            r#"{"b":"","c":null,"d":["x",true],"e":{}}"#,
        );
        check("<a><b> x\r\n</b></a>", r#"{"b":" x\n"}"#);
        check("<a><member name='a b'>1</member><member>2</member></a>", r#"{"a b":"1","member":"2"}"#);
        check("<a><b encoding='json'>\\u0000</b></a>", r#"{"b":"\u0000"}"#);
        check("<a type='array'><i><x>1</x></i></a>", r#"[{"x":"1"}]"#);
        check("<a></a>", "{}");
        check("<a><n type='number'>9007199254740993</n></a>", "9007199254740993");
    }

    #[test]
    fn what_is_dangerous_or_means_nothing_is_refused() {
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "document types are not read");
        check("<a><b>&b;</b></a>", "there is no such entity, at line 1");
        check("<?run it?><a/>", "processing instructions");
        check("<?xml version='1.0' encoding='latin1'?><a/>", "UTF-8");
        check("<x:a xmlns:x='urn:x'/>", "prefixes");
        check("<a lang='de'/>", "the attribute `lang`");
        check("<a xmlns='urn:x'/>", "the attribute `xmlns`");
        check("<a type='list'/>", "`type` is one of");
        check("<a type='number' type='number'>1</a>", "Invalid");
        check("<a><b>1</b>\n<b>2</b></a>", "DuplicateKey(\"the key `b` occurs twice, again at line 2\")");
        check("<a>x<b>1</b></a>", "texts or elements");
        check("<a>x</a>", "texts or elements");
        check("<a><b type='number'>1x</b></a>", "a number is written as in JSON");
        check("<a><b type='number'>NaN</b></a>", "a number");
        check("<a><b type='boolean'>1</b></a>", "a boolean");
        check("<a><b type='null'>x</b></a>", "null has no text");
        check("<a><b type='array'><c/></b></a>", "the items of an array");
        check("<a><b type='string'><c/></b></a>", "where a value should be");
        check("<a><b>&#0;</b></a>", "Invalid");
        check("<a><b>\u{1}</b></a>", "does not have");
        check("<a><b>", "ends within an element");
        check("<a></b>", "Invalid");
        check("<a/><b/>", "follows the root");
        check("<a/>x", "follows the root");
        check("x<a/>", "no root");
        check("", "no root");
        check("<a><b><c><d>1</d></c></b></a>", r#"{"b":{"c":{"d":"1"}}}"#);
        check(
            "<a><b><c><d><e><f>1</f></e></d></c></b></a>",
            "TooDeep(\"the body is nested deeper than 4 at line 1\")",
        );
        check(&"<a>".repeat(100_000), "TooDeep");
    }
}
