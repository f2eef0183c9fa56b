//! The names of GraphQL: made of the models' so that two that differ stay different.

use std::collections::HashSet;

/// A model's name as that of a type: `ChatRoom` for `chat_room`. An underscore stays where no letter follows, so that `a_1` is not `a1`.
pub(crate) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut capital = true;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let joins = letter == '_' && letters.peek().is_some_and(char::is_ascii_lowercase);
        if joins {
            capital = true;
        } else {
            out.push(if capital { letter.to_ascii_uppercase() } else { letter });
            capital = false;
        }
    }
    out
}

/// A model's name as that of a root field: `chatRoom` for `chat_room`.
pub(crate) fn camel(name: &str) -> String {
    let mut out = pascal(name);
    out[..1].make_ascii_lowercase();
    out
}

/// Whether a text can be a name (GraphQL, 2.1.9) that a value of an enum can have.
pub(crate) fn is_enum_value(text: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = text.bytes();
    bytes.next().is_some_and(is_start)
        && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit())
        && !text.starts_with("__")
        && !matches!(text, "true" | "false" | "null")
}

/// Names that are in use. Who comes second gets an underscore.
#[derive(Default)]
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    /// Notes names that are ours.
    pub(crate) fn of(names: &[&str]) -> Self {
        Taken(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The name, with as many underscores behind it as make it free.
    pub(crate) fn take(&mut self, name: impl Into<String>) -> String {
        let mut name = name.into();
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, of_type: &str, of_field: &str) {
        assert_eq!((pascal(name).as_str(), camel(name).as_str()), (of_type, of_field));
    }

    #[test]
    fn names_that_differ_stay_different() {
        check("room", "Room", "room");
        check("chat_room", "ChatRoom", "chatRoom");
        check("a1", "A1", "a1");
        check("a_1", "A_1", "a_1");
        check("a__b", "A_B", "a_B");
        check("a_", "A_", "a_");
    }

    #[test]
    fn who_comes_second_gets_an_underscore() {
        let mut taken = Taken::of(&["Query"]);
        assert_eq!(
            ["Query", "Room", "Room", "Query"].map(|name| taken.take(name)),
            ["Query_", "Room", "Room_", "Query__"]
        );
    }

    #[test]
    fn not_every_text_is_a_value_of_an_enum() {
        assert!(["open", "Open_2", "_x"].into_iter().all(is_enum_value));
        assert!(!["", "2", "a-b", "ä", "true", "null", "__x"].into_iter().any(is_enum_value));
    }
}
