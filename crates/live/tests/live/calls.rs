//! Calls, as far as they are other than in REST.

use crate::support::{App, Live, SETTINGS, call};
use serde_json::{Value, json};

const NOTE: &str = "[fields]\ntext = \"string\"\n[allow]\nread = \"true\"\ncreate = \"true\"\n";

#[tokio::test]
async fn what_an_operation_does_not_have_is_refused() {
    let app = App::of(&[("mainstay.toml", SETTINGS), ("models/note.toml", NOTE)]).await;
    let mut live = Live::open(&app, "").await;
    let mut check = async |operation: &str, members: Value, expected: &str| {
        let (answer, _) = live.ask(call(operation, members)).await;
        assert_eq!(answer["error"]["code"], "invalid_parameter", "{answer}");
        assert_eq!(answer["error"]["detail"], expected, "{answer}");
    };
    check("note.list", json!({"body": {}}), "`note.list` has no `body`").await;
    check("auth.logout", json!({"body": {"all": true}}), "`auth.logout` has no `body`").await;
    check("note.list", json!({"name": "zz"}), "`note.list` has no `name`").await;
    let id = json!({"record_id": "0190b6b5-7e2f-7cc3-98c4-dc0c0c07398f"});
    check("note.list", id, "`note.list` has no record: leave `record_id` out").await;
    let id = json!({"record_id": "zz", "body": {"text": "x"}});
    check("note.create", id, "`note.create` has no record: leave `record_id` out").await;
    live.ok(call("note.create", json!({"body": {"text": "x"}}))).await;
    live.ok(call("note.list", json!({"body": null, "parameters": {"limit": 1}}))).await;
}
