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
    let sections = text.split("== ").filter_map(|section| section.split_once('\n'));
    sections.collect()
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

    #[test]
    fn files_begin_with_their_paths() {
        let expected = vec![("mainstay.toml", "name = \"A\"\n"), ("models/b.toml", "[fields]\n")];
        assert_eq!(files("== mainstay.toml\nname = \"A\"\n== models/b.toml\n[fields]\n"), expected);
        assert_eq!(files("no path"), []);
    }
}
