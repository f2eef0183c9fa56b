//! The forms of bodies, and how they are compressed.

use crate::support::{App, Ask, PASSWORD, Reply, SETTINGS, get, patch, post, put};
use mainstay_content::{Coding, Format, read_object, write};
use serde_json::{Map, Value, json};

const SAMPLE: &str = r#"
[fields]
name = "string"
body = { type = "text", optional = true }
flag = "bool"
count = "int"
ratio = "float"
price = { type = "decimal", scale = 2 }
link = "uuid"
day = "date"
hour = "time"
at = "timestamp"
span = "duration"
any = "json"
blob = "bytes"
state = { type = "enum", values = ["open", "closed"] }
tags = { type = "list", of = "string" }
parent = { type = "ref", model = "sample", optional = true, on_delete = "set-null" }

[allow]
read = "true"
create = "true"
update = "true"
delete = "true"
"#;

fn app() -> App {
    App::of(&[("mainstay.toml", SETTINGS), ("models/sample.toml", SAMPLE)])
}

fn sample() -> Value {
    json!({
        "name": " A <b> & \"c\" ", "body": "one\r\ntwo: \u{1}\n", "flag": true, "count": 9_007_199_254_740_993_i64, "ratio": -2.5e-7, "price": "12.50",
        "link": "0190b7c0-0000-7000-8000-000000000001", "day": "2026-11-21", "hour": "08:30:00", "at": "2026-11-21T08:30:00.000001Z", "span": "PT1H",
        "any": {"a b": [1, null, {"": "007"}], "yes": "no", "n": 1.5}, "blob": "AAEC", "state": "open", "tags": ["x", "", "- y"], "parent": null,
    })
}

fn sent(ask: Ask, format: Format, body: &Value) -> Ask {
    ask.bytes(write(format, body)).header("content-type", format.media_type())
}

fn accept(ask: Ask, format: Format) -> Ask {
    ask.header("accept", format.media_type())
}

#[track_caller]
fn read(reply: &Reply, format: Format) -> Value {
    assert_eq!(reply.header("content-type"), format.media_type(), "{}", reply.body);
    let object =
        read_object(format, &reply.bytes, 100).unwrap_or_else(|fault| panic!("{fault}: {}", reply.body));
    Value::Object(object)
}

/// A record as JSON.
async fn made(app: &App) -> Value {
    let reply = app.send(post("/v1/samples").json(&sample())).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()
}

#[tokio::test]
async fn each_form_says_of_every_type_what_json_says() {
    let app = app();
    for format in Format::VALUES {
        let reply = app.send(accept(sent(post("/v1/samples"), format, &sample()), format)).await;
        assert_eq!(reply.status, 201, "{format:?}: {}", reply.body);
        let record = read(&reply, format);
        let path = format!("/v1/samples/{}", record["id"].as_str().unwrap());
        assert_eq!(app.send(get(&path)).await.json(), record, "{format:?}");
        for (name, value) in sample().as_object().unwrap() {
            assert_eq!(&record[name], value, "{format:?}: {name}");
        }
        let patched = app.send(accept(sent(patch(&path), format, &json!({"body": null})), format)).await;
        assert_eq!(read(&patched, format)["body"], Value::Null);
        let batch = json!({"operations": [{"op": "delete", "model": "sample", "id": record["id"]}]});
        let reply = app.send(accept(sent(post("/v1/batch"), format, &batch), format)).await;
        assert_eq!(read(&reply, format)["results"][0]["status"], 204);
    }
    made(&app).await;
    let list = app.send(get("/v1/samples?count=exact")).await.json();
    for format in Format::VALUES {
        let reply = app.send(accept(get("/v1/samples?count=exact"), format)).await;
        assert_eq!(read(&reply, format)["items"], list["items"], "{format:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_before_anything_is_done() {
    let app = app();
    let reply = app
        .refuse(post("/v1/samples").json(&sample()).header("accept", "text/html"), 406, "not_acceptable")
        .await;
    assert!(reply.body.contains("`application/cbor`"), "{}", reply.body);
    assert_eq!(app.send(get("/v1/samples")).await.json()["items"], json!([]));
    let record = made(&app).await;
    let path = format!("/v1/samples/{}", record["id"].as_str().unwrap());
    app.refuse(get(&path).header("accept", "text/csv"), 406, "not_acceptable").await;
    app.refuse(get(&path).header("accept", "text/event-stream"), 406, "not_acceptable").await;
    assert_eq!(app.send(get("/healthz").header("accept", "text/html")).await.status, 200);
    let csv = post("/v1/samples").bytes("name\r\nx\r\n").header("content-type", "text/csv");
    app.refuse(csv, 415, "unsupported_media_type").await;
    let deleted = app.send(crate::support::delete(&path).header("accept", "text/plain")).await;
    assert_eq!(deleted.status, 204, "an answer without a body has no form");
}

#[tokio::test]
async fn what_json_has_no_value_for_is_refused() {
    let app = app();
    let body = |media_type: &'static str, bytes: &[u8]| {
        post("/v1/samples").bytes(bytes.to_vec()).header("content-type", media_type)
    };
    for (media_type, bytes, code) in [
        ("application/cbor", b"\xa1\x01\x02".as_slice(), "invalid_body"),
        ("application/cbor", b"\xa2\x61a\x01\x61a\x02", "duplicate_key"),
        ("application/msgpack", b"\x81\xa1a\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "invalid_body"),
        ("application/yaml", b"a: &x [*x]", "invalid_body"),
        ("application/yaml", b"[[[[[[[[[[", "json_too_deep"),
        ("application/yaml", b"a: \xff", "not_utf8"),
        (
            "application/xml",
            b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a><name>&x;</name></a>",
            "invalid_body",
        ),
        ("text/xml; charset=utf-8", b"<a><b>1</b><b>2</b></a>", "duplicate_key"),
    ] {
        app.refuse(body(media_type, bytes), 400, code).await;
    }
    app.refuse(body("text/xml; charset=latin1", b"<a/>"), 415, "unsupported_media_type").await;
    app.refuse(body("application/yaml", b"name: 1"), 422, "validation_failed").await;
}

#[tokio::test]
async fn each_form_has_its_own_tag_and_all_name_the_version() {
    let app = app();
    let path = format!("/v1/samples/{}", made(&app).await["id"].as_str().unwrap());
    let json = app.send(get(&path)).await;
    assert_eq!((json.header("etag"), json.header("vary")), ("\"1\"", "accept, accept-encoding"));
    let cbor = app.send(accept(get(&path), Format::Cbor)).await;
    assert_eq!(cbor.header("etag"), "\"1;cbor\"");
    let known = app.send(accept(get(&path).header("if-none-match", "\"1;cbor\""), Format::Cbor)).await;
    assert_eq!((known.status.as_u16(), known.header("etag")), (304, "\"1;cbor\""));
    let other = app.send(get(&path).header("if-none-match", "\"1;cbor\"")).await;
    assert_eq!(other.status, 200, "the copy is of another form");
    let written = patch(&path).json(&json!({"count": 1})).header("if-match", "\"1;cbor\"");
    assert_eq!(app.send(written).await.header("etag"), "\"2\"");
    let stale = put(&path).json(&sample()).header("if-match", "\"1;cbor;gzip\"");
    app.refuse(stale, 412, "version_mismatch").await;
}

#[tokio::test]
async fn problems_are_json_or_xml() {
    let app = app();
    let path = "/v1/samples/0190b7c0-0000-7000-8000-000000000009";
    app.refuse(accept(get(path), Format::Cbor), 404, "not_found").await;
    let reply = app.send(accept(get(path), Format::Xml)).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (404, "application/problem+xml"));
    assert!(reply.body.contains("<problem xmlns=\"urn:ietf:rfc:7807\">"), "{}", reply.body);
    assert!(reply.body.contains("<code>not_found</code>"), "{}", reply.body);
}

#[tokio::test]
async fn a_list_is_a_table() {
    let app = app();
    for name in ["a", "b,\"x\""] {
        let mut fields = sample();
        fields["name"] = name.into();
        app.send(post("/v1/samples").json(&fields)).await;
    }
    let of = |path: &str| accept(get(path), Format::Csv);
    let reply = app.send(of("/v1/samples?fields=name,price,body,tags&limit=1&order=name&count=exact")).await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(
        reply.body,
        "name,body,price,tags\r\na,\"one\r\ntwo: \u{1}\n\",12.50,\"[\"\"x\"\",\"\"\"\",\"\"- y\"\"]\"\r\n"
    );
    assert_eq!(reply.header("mainstay-count"), "2");
    assert!(!reply.header("mainstay-position").is_empty());
    let link = reply.header("link").strip_suffix(">; rel=\"next\"").unwrap().strip_prefix('<').unwrap();
    let rest = app.send(of(link)).await;
    assert!(rest.body.contains("\r\n\"b,\"\"x\"\"\","), "{}", rest.body);
    assert_eq!(rest.header("link"), "");
    let none = app.send(of("/v1/samples?filter=false&fields=name,id")).await;
    assert_eq!(none.body, "id,name\r\n", "an empty list has its columns too");
    app.refuse(of("/v1/samples?expand=parent"), 400, "invalid_expand").await;
}

#[tokio::test]
async fn a_kept_answer_is_given_in_the_form_that_is_asked_for_now() {
    let app = app();
    let ask = || post("/v1/samples").json(&sample()).header("idempotency-key", "once");
    let first = app.send(ask()).await.json();
    for format in Format::VALUES {
        let again = app.send(accept(ask(), format)).await;
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
        assert_eq!(read(&again, format), first);
    }
}

#[tokio::test]
async fn large_answers_are_compressed() {
    let app = app();
    for _ in 0..3 {
        made(&app).await;
    }
    let plain = app.send(get("/v1/samples")).await;
    assert!(plain.bytes.len() > 1_024 && plain.header("content-encoding").is_empty());
    let large = 10 << 20;
    for coding in [Coding::Zstd, Coding::Brotli, Coding::Gzip] {
        let reply = app.send(get("/v1/samples").header("accept-encoding", coding.as_str())).await;
        assert_eq!(reply.header("content-encoding"), coding.as_str());
        assert_eq!(coding.expand(&reply.bytes, large).unwrap().len(), plain.bytes.len());
    }
    let small = app.send(get("/healthz").header("accept-encoding", "gzip")).await;
    assert_eq!(small.header("content-encoding"), "");
    let document = app.send(get("/openapi.json").header("accept-encoding", "br, gzip")).await;
    assert_eq!((document.header("content-encoding"), document.header("vary")), ("br", "accept-encoding"));
    let known = get("/openapi.json").header("if-none-match", document.header("etag"));
    assert_eq!(app.send(known).await.status, 304);
    let fields = json!({"email": "x@example.com", "password": PASSWORD});
    app.send(post("/v1/auth/register").json(&fields)).await;
    let login = app.send(post("/v1/auth/login").json(&fields).header("accept-encoding", "gzip")).await;
    assert_eq!(login.header("content-encoding"), "", "tokens are not compressed");
    let stream =
        get("/v1/samples?limit=1").header("accept", "application/yaml").header("accept-encoding", "gzip;q=0");
    assert!(app.send(stream).await.body.starts_with("items:\n- id: "));
}

#[tokio::test]
async fn compressed_bodies_are_expanded_within_bounds() {
    let app = app();
    for coding in [Coding::Zstd, Coding::Brotli, Coding::Gzip] {
        let compressed = |body: &[u8]| {
            let bytes = coding.compress(body).unwrap();
            let ask = post("/v1/samples").bytes(bytes).header("content-type", "application/json");
            ask.header("content-encoding", coding.as_str())
        };
        let reply = app.send(compressed(sample().to_string().as_bytes())).await;
        assert_eq!(reply.status, 201, "{coding:?}: {}", reply.body);
        app.refuse(compressed(&vec![b' '; 16 << 20]), 413, "body_too_large").await;
    }
    let unknown = post("/v1/samples").bytes("{}").header("content-encoding", "deflate");
    let reply = app.refuse(unknown, 415, "unsupported_media_type").await;
    assert_eq!(reply.header("accept-encoding"), "zstd, br, gzip");
}

/// What a table leaves out is what JSON has beside its items.
#[tokio::test]
async fn a_table_has_every_field_that_may_be_seen() {
    let app = app();
    let record: Map<String, Value> = made(&app).await.as_object().unwrap().clone();
    let table = app.send(accept(get("/v1/samples"), Format::Csv)).await;
    let columns: Vec<&str> = table.body.lines().next().unwrap().split(',').collect();
    assert_eq!(columns, record.keys().collect::<Vec<_>>());
}
