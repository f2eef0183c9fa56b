//! Which old thing a new one was.

/// For each new name, the place of the old one that it continues; `None` for what is new. A new item is its name and the
/// name that it says it had.
///
/// A thing that keeps its name is the same thing, whatever is said: a declared rename counts only while the old name is there
/// and the new one is not, so that it can stay in the project after it has been followed.
pub(super) fn origins(old: &[&str], new: &[(&str, Option<&str>)]) -> Vec<Option<usize>> {
    let place = |name: &str| old.iter().position(|old| *old == name);
    let is_kept = |name: &str| new.iter().any(|(new, _)| *new == name);
    let mut claimed: Vec<usize> = Vec::new();
    let mut origin = |name: &str, was: Option<&str>| {
        let renamed = || was.filter(|was| !is_kept(was)).and_then(place);
        let found = place(name).or_else(renamed).filter(|found| !claimed.contains(found))?;
        claimed.push(found);
        Some(found)
    };
    new.iter().map(|(name, was)| origin(name, *was)).collect()
}

#[cfg(test)]
mod tests {
    use super::origins;

    #[test]
    fn a_rename_is_followed_once() {
        let check = |old: &[&str], new: &[(&str, Option<&str>)], expected: &[Option<usize>]| {
            assert_eq!(origins(old, new), expected, "{old:?} to {new:?}");
        };
        check(&["a", "b"], &[("b", None), ("c", None)], &[Some(1), None]);
        check(&["a"], &[("b", Some("a"))], &[Some(0)]);
        check(&["b"], &[("b", Some("a"))], &[Some(0)]);
        check(&["a", "b"], &[("b", Some("a"))], &[Some(1)]);
        check(&["a"], &[("a", None), ("b", Some("a"))], &[Some(0), None]);
        check(&["a"], &[("b", Some("a")), ("c", Some("a"))], &[Some(0), None]);
        check(&[], &[("b", Some("a"))], &[None]);
    }
}
