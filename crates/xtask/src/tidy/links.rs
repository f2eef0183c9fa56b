//! Checks of Markdown: a link to a file of the repository leads somewhere.

use super::Finding;

/// Checks the inline links outside of code; `exists` tells of a path from the root whether it is there.
pub(super) fn check(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    if !path.ends_with(".md") {
        return Vec::new();
    }
    let links = prose(text)
        .flat_map(|(number, line)| targets(&line).map(move |target| (number, target)).collect::<Vec<_>>());
    let local = links.filter_map(|(number, target)| Some((number, resolve(path, &target)?, target)));
    let broken = local.filter(|(_, file, _)| !exists(file));
    broken
        .map(|(number, _, target)| Finding::new(path, number, format!("`{target}` leads nowhere")))
        .collect()
}

/// The lines outside of fenced blocks, without their code spans, and their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let is_fence = ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
        fenced ^= is_fence;
        (!fenced && !is_fence).then(|| (number, without_code(line)))
    })
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// What the inline links of a line point to: `[text](target)` and `[text](target "title")`.
fn targets(line: &str) -> impl Iterator<Item = String> {
    let starts = line.split("](").skip(1);
    starts.filter_map(|rest| rest.split([')', ' ']).next()).map(str::to_owned)
}

/// The path from the root that a link in the file at `path` means; none when it leads out of the repository or to this file.
fn resolve(path: &str, target: &str) -> Option<String> {
    let file = target.split(['#', '?']).next().unwrap_or_default();
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
    if file.is_empty() || is_elsewhere {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if file.starts_with('/') {
        parts.clear();
    }
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    fn links_of(path: &str, text: &str, expected: &[(usize, &str)]) {
        let files = ["README.md", "docs/guide.md", "docs/decisions", "examples/chat/README.md"];
        expect(&check(path, text, |target| files.contains(&target)), expected);
    }

    #[test]
    fn links_lead_somewhere() {
        links_of("README.md", "[guide](docs/guide.md), [why](docs/decisions/) and [top](#top)", &[]);
        links_of("docs/guide.md", "up [home](../README.md#tour)\nand [again](./guide.md \"here\")", &[]);
        links_of("examples/chat/README.md", "[guide](/docs/guide.md)", &[]);
        links_of("README.md", "a\n[gone](docs/gone.md#part)", &[(2, "docs/gone.md#part")]);
        links_of(
            "docs/guide.md",
            "[x](README.md) [y](guide.md) ![z](z.png)",
            &[(1, "README.md"), (1, "z.png")],
        );
    }

    #[test]
    fn the_web_is_not_checked() {
        links_of("README.md", "[a](https://example.org/x.md) [b](mailto:a@example.org)", &[]);
    }

    #[test]
    fn code_has_no_links() {
        links_of("README.md", "```\n[a](gone.md)\n```\nand `[b](gone.md)`\n~~~sh\n[c](gone.md)\n~~~\n", &[]);
        links_of("README.md", "```\n```\n[a](gone.md)", &[(3, "gone.md")]);
    }

    #[test]
    fn other_files_have_no_links() {
        links_of("a.rs", "[a](gone.md)", &[]);
    }
}
