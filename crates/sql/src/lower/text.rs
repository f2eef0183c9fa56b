//! Tests of text.

use super::{Junction, Lowering, join, turned};
use mainstay_expr::{CompareOp, Operand, TextTest, Value};

impl Lowering<'_> {
    pub(super) fn text(
        &mut self,
        test: TextTest,
        subject: &Operand,
        needle: &Operand,
        wanted: bool,
    ) -> String {
        match (needle, test) {
            (Operand::Value(Value::Text(needle)), _) if needle.is_empty() => {
                let op = CompareOp::NotEqual;
                self.compare(op, subject, &Operand::Value(Value::Null), wanted)
            }
            (Operand::Value(Value::Text(needle)), TextTest::StartsWith)
                if matches!(subject, Operand::Field(_)) =>
            {
                turned(self.prefix_range(subject, needle), wanted)
            }
            (Operand::Value(Value::Text(needle)), TextTest::EndsWith) => {
                turned(self.ends_with_constant(subject, needle), wanted)
            }
            _ => {
                let (subject, needle) = (self.operand(subject), self.operand(needle));
                turned(self.test(test, &subject, &needle), wanted)
            }
        }
    }

    fn test(&self, test: TextTest, subject: &str, needle: &str) -> String {
        match test {
            TextTest::StartsWith => format!("{} = 1", self.dialect.position(subject, needle)),
            TextTest::Contains => format!("{} > 0", self.dialect.position(subject, needle)),
            TextTest::EndsWith => self.dialect.ends_with(subject, needle),
        }
    }

    /// The texts that start with `needle` are a range of the order by code point, which an index serves.
    fn prefix_range(&mut self, subject: &Operand, needle: &str) -> String {
        let column = self.operand(subject);
        let mut bounds = vec![format!("{column} >= {}", self.param(Value::Text(needle.to_owned())))];
        if let Some(end) = prefix_end(needle) {
            bounds.push(format!("{column} < {}", self.param(Value::Text(end))));
        }
        join(bounds, Junction::And)
    }

    fn ends_with_constant(&mut self, subject: &Operand, needle: &str) -> String {
        let subject = self.operand(subject);
        let count = i64::try_from(needle.chars().count()).unwrap_or(i64::MAX);
        let (count, needle) = (self.param(Value::Int(count)), self.param(Value::Text(needle.to_owned())));
        format!("{} = {needle}", self.dialect.suffix(&subject, &count))
    }
}

/// The first text behind all that start with `prefix`, by code point; `None` when there is none.
fn prefix_end(prefix: &str) -> Option<String> {
    let kept = prefix.trim_end_matches(char::MAX);
    let last = kept.chars().next_back()?;
    let next = match last {
        // Surrogates are no characters.
        '\u{D7FF}' => '\u{E000}',
        _ => char::from_u32(u32::from(last) + 1)?,
    };
    let mut end = kept[..kept.len() - last.len_utf8()].to_owned();
    end.push(next);
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn a_prefix_ends_behind_its_last_character() {
        let check =
            |prefix: &str, end: Option<&str>| assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
        check("par", Some("pas"));
        check("a\u{D7FF}", Some("a\u{E000}"));
        check("a\u{FFFF}", Some("a\u{10000}"));
        check("a\u{10FFFF}\u{10FFFF}", Some("b"));
        check("\u{10FFFF}", None);
        check("", None);
    }
}
