//! The files of a project, in one text: each begins with a line `== path`.

use crate::world::router;
use axum::body::Body;
use http::Request;
use mainstay_model::Project;
use std::sync::Arc;
use tower::ServiceExt;

/// A project either has faults, which can be shown, or can be served.
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let files = files(&text);
    match Project::load_from(&files) {
        Err(faults) => {
            let shown = faults.render(false);
            assert!(!shown.is_empty(), "a project does not load, and nothing says why");
        }
        Ok(loaded) => {
            loaded.diagnostics.render(false);
            serve(&Arc::new(loaded.application));
        }
    }
}

fn files(text: &str) -> Vec<(&str, &str)> {
    // Rules have `==` too, but no line of a file begins with it.
    let text = text.strip_prefix("== ").unwrap_or(text);
    text.split("\n== ").map(|section| section.split_once('\n').unwrap_or((section, ""))).collect()
}

fn serve(application: &Arc<mainstay_model::Application>) {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is a runtime");
    let router = router(application, folder.path()).expect("what loads can be served");
    let request = Request::get("/openapi.json").body(Body::empty()).expect("it is a request");
    let response = runtime.block_on(router.oneshot(request)).expect("a router always answers");
    assert_eq!(response.status().as_u16(), 200, "what loads has a document");
}

#[cfg(test)]
mod tests {
    use super::files;

    /// Seeds that do not load would leave untried what is behind the checks.
    #[test]
    fn most_seeds_load() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/project");
        for name in ["atlas", "chat", "settings", "types"] {
            let text = std::fs::read_to_string(corpus.join(name)).expect("the seed is there");
            if let Err(faults) = super::Project::load_from(&files(&text)) {
                panic!("{name}: {}", faults.render(false));
            }
        }
    }

    #[test]
    fn files_begin_with_their_paths() {
        let expected =
            vec![("mainstay.toml", "name = \"A\""), ("models/b.toml", "[allow]\nread = \"a == b\"\n")];
        let text = "== mainstay.toml\nname = \"A\"\n== models/b.toml\n[allow]\nread = \"a == b\"\n";
        assert_eq!(files(text), expected);
        assert_eq!(files("== a\n== b\n"), [("a", ""), ("b", "")]);
    }
}
