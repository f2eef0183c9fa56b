//! Checks of the decisions: each has a number of its own, by which others name it.

use super::Finding;
use std::collections::HashMap;

/// Checks the paths of all files for decisions that share a number.
pub(super) fn check<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let mut first = HashMap::new();
    let mut findings = Vec::new();
    for path in paths {
        let Some(name) = path.strip_prefix("docs/decisions/") else { continue };
        let number = name.split('-').next().unwrap_or_default();
        if let Some(other) = first.insert(number, path) {
            findings.push(Finding::new(
                path,
                1,
                format!("has the number of `{other}`; take the next free one"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    #[test]
    fn a_number_is_taken_once() {
        let check = |names: &[&str], expected: &[(usize, &str)]| {
            let paths: Vec<String> = names.iter().map(|name| format!("docs/decisions/{name}")).collect();
            expect(&check(paths.iter().map(String::as_str).chain(["src/0001-a.md"])), expected);
        };
        check(&["0001-a.md", "0002-b.md"], &[]);
        check(&["0001-a.md", "0001-b.md", "0002-c.md"], &[(1, "`docs/decisions/0001-a.md`")]);
    }
}
