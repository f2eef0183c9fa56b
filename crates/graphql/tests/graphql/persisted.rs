//! Documents that are named instead of sent.

use crate::support::{App, Reply, ask, document};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

const ROOMS: &str = "query Rooms { rooms { totalCount } }";

fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn extensions(hash: &str) -> Value {
    json!({"persistedQuery": {"version": 1, "sha256Hash": hash}})
}

async fn sent(app: &App, text: Option<&str>, hash: &str) -> Reply {
    app.send(ask("POST", "/graphql").json(&json!({"query": text, "extensions": extensions(hash)}))).await
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The code and the message of the first error.
fn error(reply: &Reply) -> (String, String) {
    let error = reply.json()["errors"][0].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

#[tokio::test]
async fn a_document_that_was_sent_with_its_hash_is_asked_for_by_it() {
    let app = App::chat();
    let hash = hash(ROOMS);
    let unknown = ("unknown_document".to_owned(), "PersistedQueryNotFound".to_owned());
    let reply = sent(&app, None, &hash).await;
    assert_eq!((reply.status.as_u16(), error(&reply)), (200, unknown.clone()));
    // A text that is sent without its hash is not kept under it.
    app.data("", ROOMS, json!({})).await;
    assert_eq!(error(&sent(&app, None, &hash).await), unknown);
    assert_eq!(sent(&app, Some(ROOMS), &hash).await.json()["data"]["rooms"]["totalCount"], 0);
    for hash in [hash.clone(), hash.to_uppercase()] {
        assert_eq!(sent(&app, None, &hash).await.json()["data"]["rooms"]["totalCount"], 0);
    }
    let path = format!("/graphql?extensions={}", percent(&extensions(&hash).to_string()));
    assert_eq!(app.send(ask("GET", path)).await.json()["data"]["rooms"]["totalCount"], 0);
}

#[tokio::test]
async fn a_hash_stands_for_its_own_text_and_for_valid_documents_alone() {
    let app = App::chat();
    let other = hash("{ me { id } }");
    let refused = sent(&app, Some(ROOMS), &other).await;
    assert_eq!(
        error(&refused),
        ("invalid_parameter".to_owned(), "provided sha does not match query".to_owned())
    );
    assert_eq!(error(&sent(&app, None, &other).await).1, "PersistedQueryNotFound");
    let broken = "{ nothing }";
    assert_eq!(error(&sent(&app, Some(broken), &hash(broken)).await).0, "invalid_document");
    assert_eq!(error(&sent(&app, None, &hash(broken)).await).1, "PersistedQueryNotFound");
    let version = json!({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": other}}});
    let refused = app.send(ask("POST", "/graphql").json(&version)).await;
    assert_eq!(error(&refused).0, "invalid_parameter");
}

#[tokio::test]
async fn where_documents_are_required_none_is_kept_that_a_client_sends() {
    let settings = "[graphql]\npersisted_only = true\n[accounts.password]\nmemory_kib = 512\n";
    let mut files = vec![("mainstay.toml", settings)];
    files.extend(crate::support::CHAT);
    let app = App::over(&files, &[document(1, "rooms", ROOMS)], |store| store);
    assert_eq!(sent(&app, None, &hash(ROOMS)).await.json()["data"]["rooms"]["totalCount"], 0);
    assert_eq!(sent(&app, Some(ROOMS), &hash(ROOMS)).await.json()["data"]["rooms"]["totalCount"], 0);
    let own = "{ rooms { nodes { id } } }";
    for text in [Some(own), None] {
        let (code, message) = error(&sent(&app, text, &hash(own)).await);
        assert_eq!(code, "unknown_document");
        // A client that was told this would send the text.
        assert_ne!(message, "PersistedQueryNotFound");
    }
}
