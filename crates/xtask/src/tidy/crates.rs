//! Checks of the crates: each says what it must not know, and imports only what the map in ARCHITECTURE.md allows.

use super::Finding;

/// Which crates each may import. A new line here is a change of the architecture: it belongs into ARCHITECTURE.md too.
///
/// `dev-dependencies` are free: a test may stand above what it tests.
const MAP: [(&str, &[&str]); 19] = [
    ("expr", &[]),
    ("content", &[]),
    ("model", &["expr"]),
    ("ports", &["expr", "model"]),
    ("sql", &["expr", "model", "ports"]),
    ("engine", &["expr", "model", "ports"]),
    ("embedded", &["expr", "model", "ports", "sql"]),
    ("scaleout", &["expr", "model", "ports", "sql"]),
    ("api", &["expr", "model", "ports", "engine", "content", "proto"]),
    ("proto", &["expr", "model", "engine"]),
    ("grpc", &["expr", "model", "ports", "engine", "api", "proto"]),
    ("live", &["model", "ports", "engine", "api"]),
    ("graphql", &["expr", "model", "ports", "engine", "api"]),
    ("testkit", &["expr", "model", "ports", "sql", "engine", "embedded", "scaleout", "services"]),
    (
        "server",
        &[
            "expr", "model", "ports", "sql", "engine", "embedded", "scaleout", "api", "proto", "grpc",
            "graphql", "live",
        ],
    ),
    ("bench", &["services"]),
    ("services", &[]),
    ("fuzz", &["model", "engine", "embedded", "api", "proto", "grpc", "graphql", "live", "testkit"]),
    ("xtask", &["services"]),
];

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["crates", _, "src", "lib.rs"] => introduction(path, text),
        ["crates", name, "Cargo.toml"] => imports(path, name, text),
        _ => Vec::new(),
    }
}

fn introduction(path: &str, text: &str) -> Vec<Finding> {
    if !text.starts_with("//!") {
        return vec![Finding::new(
            path,
            1,
            "it does not begin with `//!`: say what the crate owns and what it must not know",
        )];
    }
    let lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let introduction = lines.collect::<Vec<_>>().join(" ");
    if introduction.contains("must not know") {
        return Vec::new();
    }
    vec![Finding::new(path, 1, "its introduction does not say what the crate must not know")]
}

fn imports(path: &str, name: &str, manifest: &str) -> Vec<Finding> {
    let Some((_, allowed)) = MAP.iter().find(|(of, _)| *of == name) else {
        return vec![Finding::new(
            path,
            1,
            format!("`{name}` is not in the map of crates: add it there and to ARCHITECTURE.md"),
        )];
    };
    let imports = dependencies(manifest);
    let refused = imports.filter_map(|(line, import)| Some((line, import.strip_prefix("mainstay-")?)));
    let refused = refused.filter(|(_, import)| !allowed.contains(import));
    let finding = |(line, import)| Finding::new(path, line, format!("`{name}` must not know `{import}`"));
    refused.map(finding).collect()
}

/// The dependencies that a manifest declares for the crate itself or its build script, each with its line.
fn dependencies(manifest: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut section = "";
    manifest.lines().zip(1..).filter_map(move |(line, number)| {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix('[') {
            section = heading.trim_end_matches(']');
            return named_by_heading(section).map(|name| (number, name));
        }
        let name = line.split(['=', '.', ' ']).next()?;
        is_dependencies(section).then_some((number, name))
    })
}

fn is_dependencies(section: &str) -> bool {
    let kind = section.rsplit('.').next();
    matches!(kind, Some("dependencies" | "build-dependencies"))
}

/// The long form: `[dependencies.mainstay-expr]`.
fn named_by_heading(section: &str) -> Option<&str> {
    let (parent, name) = section.rsplit_once('.')?;
    is_dependencies(parent).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    #[test]
    fn a_crate_says_what_it_must_not_know() {
        let lib = "crates/expr/src/lib.rs";
        expect(&check(lib, "//! Rules.\n//!\n//! It must not know: SQL.\n"), &[]);
        expect(&check(lib, "//! Rules. It must\n//! not know: SQL.\n"), &[]);
        expect(&check(lib, "//! Rules.\n\n// must not know\n"), &[(1, "must not know")]);
        expect(&check(lib, "mod a; // must not know\n"), &[(1, "`//!`")]);
        expect(&check("crates/expr/src/value.rs", "mod a;\n"), &[]);
    }

    fn imports_of(name: &str, manifest: &str, expected: &[(usize, &str)]) {
        expect(&check(&format!("crates/{name}/Cargo.toml"), manifest), expected);
    }

    #[test]
    fn a_crate_imports_what_the_map_allows() {
        imports_of("model", "[dependencies]\nmainstay-expr.workspace = true\nserde = \"1\"\n", &[]);
        imports_of(
            "expr",
            "[dependencies]\nmainstay-model.workspace = true\n",
            &[(2, "`expr` must not know `model`")],
        );
        imports_of("engine", "[dependencies]\nmainstay-sql = { path = \"../sql\" }\n", &[(2, "`sql`")]);
        imports_of("api", "[dependencies.mainstay-embedded]\npath = \"../embedded\"\n", &[(1, "`embedded`")]);
        imports_of("api", "[target.'cfg(unix)'.dependencies]\nmainstay-sql = \"1\"\n", &[(2, "`sql`")]);
        imports_of("ports", "[build-dependencies]\nmainstay-engine = \"1\"\n", &[(2, "`engine`")]);
        imports_of(
            "xtask",
            "[dependencies]\nmainstay-services.workspace = true\nmainstay-expr.workspace = true\n",
            &[(3, "`expr`")],
        );
    }

    #[test]
    fn tests_and_features_may_name_any_crate() {
        imports_of("engine", "[dev-dependencies]\nmainstay-testkit.workspace = true\n", &[]);
        imports_of("expr", "[features]\nmainstay-model = []\n", &[]);
    }

    #[test]
    fn a_new_crate_is_put_on_the_map() {
        imports_of("news", "[package]\n", &[(1, "ARCHITECTURE.md")]);
    }
}
