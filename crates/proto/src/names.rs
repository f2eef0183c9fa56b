//! Names of packages and messages.

/// Packages that are there already, or whose name would hide them.
const TAKEN: [&str; 2] = ["google", "grpc"];

/// The package of an application of this name, without the version: `chat` for `Chat`. One without a usable name is `app`.
pub(crate) fn package(name: &str) -> String {
    let letters =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let text: String = name.chars().map(letters).collect();
    let words: Vec<&str> = text.split('_').filter(|word| !word.is_empty()).collect();
    let package = words.join("_");
    match package.chars().next() {
        None => "app".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("app_{package}"),
        Some(_) if TAKEN.contains(&package.as_str()) => format!("{package}_app"),
        Some(_) => package,
    }
}

/// Whether a text can be a package: what the lock file says may have been written by hand.
pub(crate) fn is_package(text: &str) -> bool {
    let may_follow = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(may_follow)
        && !TAKEN.contains(&text)
}

/// The name of a model's message: `ChatRoom` for `chat_room`.
pub(crate) fn message(model: &str) -> String {
    model.split('_').map(capitalized).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The name that the JSON form of a message has for a field unless the field says otherwise.
pub(crate) fn default_json(field: &str) -> String {
    let mut name = String::new();
    let mut upper = false;
    for letter in field.chars() {
        match letter {
            '_' => upper = true,
            letter if std::mem::take(&mut upper) => name.push(letter.to_ascii_uppercase()),
            letter => name.push(letter),
        }
    }
    name
}

/// A name that is told from `others` in the JSON form of messages too, which knows no underscores: of `a1` and `a_1` the latter becomes
/// `a_1_field`. Which of them that is does not depend on their order.
pub(crate) fn distinct<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> String {
    let rank = |name: &str| (name.matches('_').count(), name.to_owned());
    let json = default_json(name);
    let before = others.filter(|other| default_json(other) == json && rank(other) < rank(name)).count();
    format!("{name}{}", "_field".repeat(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_gives_its_package_the_name() {
        let check = |name: &str, expected: &str| {
            assert_eq!(package(name), expected, "{name}");
            assert!(is_package(expected), "{expected}");
        };
        check("Chat", "chat");
        check("My  little-Shop!", "my_little_shop");
        check("", "app");
        check("日本", "app");
        check("2048", "app_2048");
        check("Google", "google_app");
    }

    #[test]
    fn models_and_fields_have_the_names_of_their_kind() {
        assert_eq!(message("chat_room"), "ChatRoom");
        assert_eq!(message("a__1b"), "A1b");
        assert_eq!(default_json("created_at"), "createdAt");
        assert_eq!(default_json("foo_1"), "foo1");
        assert_eq!(default_json("id"), "id");
        let names = ["a__1", "a1", "a_1", "b_1"];
        let distinct = names.map(|name| distinct(name, names.into_iter()));
        assert_eq!(distinct, ["a__1_field_field", "a1", "a_1_field", "b_1"]);
    }
}
