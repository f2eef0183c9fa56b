//! Checks of a file's lines.
//!
//! What is forbidden is written in two halves here, so that this file passes its own checks.

use super::Finding;

/// A longer Rust file has two subjects.
const MAX_RUST_LINES: usize = 700;

/// What no Rust file contains, and what to do instead.
const FORBIDDEN_IN_RUST: [(&str, &str); 4] = [
    (concat!("todo", "!("), "finish it, or leave it out"),
    (concat!("unimplemented", "!("), "finish it, or make the case impossible"),
    (concat!("dbg", "!("), "log through `tracing`"),
    (concat!("#[", "ignore"), "a test that does not run is none: make it quick and certain, or remove it"),
];

/// Where a path of somebody's machine begins.
const MACHINE_FOLDERS: [&str; 3] = [concat!("/", "root/"), concat!("/", "home/"), concat!("/", "work/")];

/// Hosts that a proxy or a mirror replaces: whoever builds chooses them, the repository does not.
const REGISTRY_HOSTS: [&str; 6] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("files.", "pythonhosted.org"),
    concat!("proxy.", "golang.org"),
];

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let is_rust = path.ends_with(".rs");
    let mut findings = Vec::new();
    for (line, number) in text.split('\n').zip(1..) {
        let messages =
            [untidy_end(line), machine_path(line), registry_host(path, line), forbidden(is_rust, line)];
        findings.extend(messages.into_iter().flatten().map(|message| Finding::new(path, number, message)));
    }
    let lines = text.lines().count();
    if is_rust && lines > MAX_RUST_LINES {
        findings.push(Finding::new(
            path,
            lines,
            format!("{lines} lines, at most {MAX_RUST_LINES}: split it by subject"),
        ));
    }
    findings
}

fn untidy_end(line: &str) -> Option<String> {
    line.ends_with(char::is_whitespace).then(|| "white space at the end of the line".to_owned())
}

fn machine_path(line: &str) -> Option<String> {
    let folder = MACHINE_FOLDERS
        .iter()
        .find(|folder| line.match_indices(*folder).any(|(at, _)| begins_path(&line[..at])))?;
    Some(format!("`{folder}` is a path of one machine"))
}

/// Whether a slash after this text begins a path, rather than goes on with one.
fn begins_path(before: &str) -> bool {
    !before.ends_with(|last: char| last.is_alphanumeric() || "._-~<>{}()$/*".contains(last))
}

fn registry_host(path: &str, line: &str) -> Option<String> {
    if path.ends_with("Cargo.lock") {
        return None;
    }
    let host = REGISTRY_HOSTS.iter().find(|host| line.contains(*host))?;
    Some(format!("`{host}` is a registry's host, which whoever builds may replace"))
}

fn forbidden(is_rust: bool, line: &str) -> Option<String> {
    let (word, instead) = FORBIDDEN_IN_RUST.iter().find(|(word, _)| is_rust && line.contains(word))?;
    Some(format!("`{word}`: {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    #[test]
    fn lines_end_where_their_text_ends() {
        expect(&check("a.md", "tidy\n\nlines\n"), &[]);
        expect(
            &check("a.md", "tidy\nspace \ntab\t\nreturn\r\n"),
            &[(2, "white"), (3, "white"), (4, "white")],
        );
        expect(&check("a.md", "last "), &[(1, "white")]);
    }

    #[test]
    fn machine_paths_are_found_where_they_begin() {
        for folder in MACHINE_FOLDERS {
            for line in [
                format!("{folder}x"),
                format!("cd {folder}"),
                format!("\"{folder}x\""),
                format!("(see `{folder}`)"),
            ] {
                expect(&check("a.txt", &line), &[(1, "one machine")]);
            }
            for line in [
                format!("docs{folder}x"),
                format!("example.org{folder}"),
                format!("./{folder}"),
                format!("$X{folder}"),
            ] {
                expect(&check("a.txt", &line), &[]);
            }
        }
    }

    #[test]
    fn registry_hosts_belong_to_the_builder() {
        for host in REGISTRY_HOSTS {
            let line = format!("https://{host}/x");
            expect(&check("package.json", &line), &[(1, "registry")]);
            expect(&check("Cargo.lock", &line), &[]);
        }
        expect(&check("README.md", "https://crates.io/crates/serde"), &[]);
    }

    #[test]
    fn unfinished_code_is_found_in_rust_only() {
        for (word, _) in FORBIDDEN_IN_RUST {
            let line = format!("fn f() {{ {word}");
            expect(&check("a.rs", &format!("\n{line}")), &[(2, word)]);
            expect(&check("a.md", &line), &[]);
        }
    }

    #[test]
    fn rust_files_have_a_length() {
        let longest = "x\n".repeat(MAX_RUST_LINES);
        expect(&check("a.rs", &longest), &[]);
        expect(&check("a.rs", &format!("{longest}x\n")), &[(MAX_RUST_LINES + 1, "split it")]);
        expect(&check("a.md", &format!("{longest}x\n")), &[]);
    }
}
