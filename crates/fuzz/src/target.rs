//! The targets.

use crate::world::{Answer, World};
use crate::{graphql, grpc, live, project};
use http::Method;
use std::fmt::Write;
use std::sync::OnceLock;

/// The answers that a stranger's request may have. All others are faults, those of 500 and above in the first place.
const GOOD: [u16; 13] = [200, 201, 204, 400, 401, 403, 404, 409, 412, 413, 415, 422, 431];
const JSON: (&str, &[u8]) = ("content-type", b"application/json");
const LIST: &str = "/v1/messages?limit=1";

/// Something that takes a stranger's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A filter of a list.
    Filter,
    /// A cursor: bytes that are one, or changes to one that is right.
    Cursor,
    /// The body of a create, of an update and of a login.
    Body,
    /// The body of a batch.
    Batch,
    /// A body in another form than JSON, or one that is compressed: the first byte says which.
    Content,
    /// The header with which a stream goes on.
    LastEventId,
    /// A document of GraphQL and, behind a zero byte, its variables.
    Graphql,
    /// A line with a method of gRPC, and its message.
    Grpc,
    /// What is said on the live socket. The first byte is `j` for messages of JSON, one a line; `m` for a message of MessagePack; else they are the bytes of the
    /// connection.
    Live,
    /// The files of a project.
    Project,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 10] = [
        Target::Filter,
        Target::Cursor,
        Target::Body,
        Target::Batch,
        Target::Content,
        Target::LastEventId,
        Target::Graphql,
        Target::Grpc,
        Target::Live,
        Target::Project,
    ];

    /// Its name, which is that of its folder of seeds too.
    pub fn name(self) -> &'static str {
        match self {
            Target::Filter => "filter",
            Target::Cursor => "cursor",
            Target::Body => "body",
            Target::Batch => "batch",
            Target::Content => "content",
            Target::LastEventId => "last_event_id",
            Target::Graphql => "graphql",
            Target::Grpc => "grpc",
            Target::Live => "live",
            Target::Project => "project",
        }
    }

    /// Tries some bytes.
    ///
    /// # Panics
    /// When something is wrong with the program.
    pub fn run(self, bytes: &[u8]) {
        match self {
            Target::Filter => filter(world(), bytes),
            Target::Cursor => cursor(world(), bytes),
            Target::Body => body(world(), bytes),
            Target::Batch => {
                check(&world().ask(Method::POST, "/v1/batch", &[JSON], &world().with_ids(bytes)));
            }
            Target::Content => content(world(), bytes),
            Target::LastEventId => last_event_id(world(), bytes),
            Target::Graphql => graphql::check(world(), bytes),
            Target::Grpc => grpc::check(world(), bytes),
            Target::Live => live::check(world(), bytes),
            Target::Project => project::check(bytes),
        }
    }
}

/// It is made once: what one case leaves behind, the next one finds, as in a program that runs.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

fn filter(world: &World, bytes: &[u8]) {
    check(&world.ask(Method::GET, &format!("{LIST}&filter={}", encoded(bytes)), &[], &[]));
}

/// Of two messages a page has one, so there is a cursor. Nothing but its own text may open.
fn cursor(world: &World, bytes: &[u8]) {
    let page = world.get(LIST);
    let right = page["next"].as_str().unwrap_or_else(|| panic!("no cursor in {page}")).as_bytes();
    let tried = match bytes.split_first() {
        Some((0, changes)) => changed(right, changes),
        _ => bytes.to_vec(),
    };
    let answer = world.ask(Method::GET, &format!("{LIST}&cursor={}", encoded(&tried)), &[], &[]);
    check(&answer);
    assert!(answer.status != 200 || tried.is_empty() || tried == right, "a forged cursor opens: {tried:?}");
}

/// Each pair of bytes is a place and what to change there.
fn changed(text: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for pair in changes.chunks_exact(2) {
        let place = usize::from(pair[0]) % text.len();
        text[place] ^= pair[1];
    }
    text
}

fn body(world: &World, bytes: &[u8]) {
    let bytes = &world.with_ids(bytes);
    let created = world.ask(Method::POST, "/v1/messages", &[JSON], bytes);
    check(&created);
    if created.status == 201 {
        let made: serde_json::Value = serde_json::from_slice(&created.body).unwrap_or_default();
        let id = made["id"].as_str().unwrap_or_default();
        assert_eq!(world.get(&format!("/v1/messages/{id}")), made, "what was made is not what is there");
    }
    let patch: (&str, &[u8]) = ("content-type", b"application/merge-patch+json");
    check(&world.ask(Method::PATCH, &format!("/v1/messages/{}", world.message), &[patch], bytes));
    check(&world.ask(Method::PATCH, &format!("/v1/rooms/{}", world.room), &[patch], bytes));
}

/// The forms and the codings, of which the first byte names one.
const CONTENTS: [&[(&str, &[u8])]; 8] = [
    &[("content-type", b"application/msgpack")],
    &[("content-type", b"application/cbor")],
    &[("content-type", b"application/yaml")],
    &[("content-type", b"application/xml")],
    &[JSON, ("content-encoding", b"gzip")],
    &[JSON, ("content-encoding", b"zstd")],
    &[JSON, ("content-encoding", b"br")],
    &[("content-type", b"application/protobuf")],
];

fn content(world: &World, bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let headers = CONTENTS[usize::from(first.wrapping_sub(b'0')) % CONTENTS.len()];
    let body = &world.with_ids(body);
    check(&world.ask(Method::POST, "/v1/messages", headers, body));
    check(&world.ask(Method::PATCH, &format!("/v1/messages/{}", world.message), headers, body));
    check(&world.ask(Method::POST, "/v1/batch", headers, body));
}

fn last_event_id(world: &World, bytes: &[u8]) {
    let headers: [(&str, &[u8]); 2] = [("accept", b"text/event-stream"), ("last-event-id", bytes)];
    check(&world.ask(Method::GET, "/v1/messages", &headers, &[]));
}

pub(crate) fn check(answer: &Answer) {
    let shown = || String::from_utf8_lossy(&answer.body).into_owned();
    assert!(GOOD.contains(&answer.status), "{} {}", answer.status, shown());
    let is_json = answer.body.is_empty() || serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok();
    assert!(is_json, "{} with a body that is not JSON: {}", answer.status, shown());
}

/// Bytes as they stand in a query, every one of them escaped.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(3 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}
