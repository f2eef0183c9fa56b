//! The workloads: what is asked, and what a good answer is.

use crate::client::credentials;
use crate::grpc::{self, Call};
use crate::http::request;
use crate::scene::{Account, Scene, batch};
use crate::script::{Accepts, Script};
use crate::watch::Wire;
use clap::ValueEnum;
use serde_json::{Value, json};

/// Records in a page of `list`.
const PAGE: usize = 30;
/// Records in a `batch`.
pub(crate) const BATCH: u64 = 100;

/// A workload. Those that only read come first: they find as many messages as were filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Workload {
    /// A message by its id, with a token.
    ReadById,
    /// The newest 30 messages of the room.
    List,
    /// A message by its id, over gRPC.
    GrpcReadById,
    /// The newest 30 messages of the room, over gRPC.
    GrpcList,
    /// As `read_by_id`, by GraphQL.
    GraphqlReadById,
    /// As `list`, by GraphQL.
    GraphqlList,
    /// Logging in.
    Login,
    /// Posting a message.
    Create,
    /// Posting 100 messages in one transaction.
    Batch,
    /// A room that many watch: what is asked are the messages that they get.
    Watch,
    /// The room's channel, which 1,000 hear over the socket.
    #[value(name = "live_1000")]
    Live1000,
    /// The same with 10,000.
    #[value(name = "live_10000")]
    Live10000,
    /// As `watch`, over 1,000 sockets.
    #[value(name = "live_watch_1000")]
    LiveWatch1000,
    /// Sockets on which nothing happens: what is asked is their memory.
    LiveIdle,
}

impl Workload {
    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::ReadById => "read_by_id",
            Workload::List => "list",
            Workload::GrpcReadById => "grpc_read_by_id",
            Workload::GrpcList => "grpc_list",
            Workload::GraphqlReadById => "graphql_read_by_id",
            Workload::GraphqlList => "graphql_list",
            Workload::Login => "login",
            Workload::Create => "create",
            Workload::Batch => "batch",
            Workload::Watch => "watch",
            Workload::Live1000 => "live_1000",
            Workload::Live10000 => "live_10000",
            Workload::LiveWatch1000 => "live_watch_1000",
            Workload::LiveIdle => "live_idle",
        }
    }

    /// Over which socket how many hear, where it is about that.
    pub(crate) fn audience(self) -> Option<(Wire, u16)> {
        match self {
            Workload::Live1000 => Some((Wire::Channel, 1_000)),
            Workload::Live10000 => Some((Wire::Channel, 10_000)),
            Workload::LiveWatch1000 => Some((Wire::Records, 1_000)),
            _ => None,
        }
    }

    /// What each of so many connections asks. They take turns in being one of the members.
    pub(crate) fn scripts(self, scene: &Scene, connections: usize) -> Vec<Script> {
        let members = scene.members.iter().cycle().take(connections);
        (0..).zip(members).map(|(number, member)| self.script(scene, member, number)).collect()
    }

    fn script(self, scene: &Scene, member: &Account, seed: u64) -> Script {
        let post = |target, body: String| request("POST", target, Some(&member.token), Some(&body));
        let get = |target: &str| request("GET", target, Some(&member.token), None);
        match self {
            Workload::ReadById => {
                let first = scene.messages.first().map_or("", String::as_str);
                let request = get(&format!("/v1/messages/{first}"));
                Script::varied(request, scene.messages.clone(), 200, |answer, id| answer["id"] == id, seed)
            }
            Workload::List => Script::constant(get(&list_target(&scene.room)), 200, is_page),
            Workload::GrpcReadById => {
                let first = scene.messages.first().map_or("", String::as_str);
                let call = Call { path: "/chat.v1.MessageService/Get", token: member.token.clone() };
                let request = grpc::frame(&grpc::text(1, first));
                let holds: Accepts = |answer, _| answer["holds"] == true;
                Script::varied(request, scene.messages.clone(), 200, holds, seed).calling(call)
            }
            Workload::GrpcList => {
                let call = Call { path: "/chat.v1.MessageService/List", token: member.token.clone() };
                let filter = format!("room == \"{}\"", scene.room);
                let limit = vec![5 << 3, PAGE as u8];
                let request = [grpc::text(1, &filter), grpc::text(2, "-created_at"), limit].concat();
                let is_page: Accepts = |answer, _| answer["items"] == PAGE;
                Script::constant(grpc::frame(&request), 200, is_page).calling(call)
            }
            Workload::GraphqlReadById => {
                let first = scene.messages.first().map_or("", String::as_str);
                let request = post("/graphql", graphql(READ, &json!({ "id": first })));
                let is_good = |answer: &Value, id: &str| answer["data"]["message"]["id"] == id;
                Script::varied(request, scene.messages.clone(), 200, is_good, seed)
            }
            Workload::GraphqlList => {
                let request = post("/graphql", graphql(LIST, &json!({"room": scene.room, "first": PAGE})));
                Script::constant(request, 200, |answer, _| {
                    is_list(&answer["data"]["messages"]["nodes"], "room_id")
                })
            }
            Workload::Login => {
                let request = request("POST", "/v1/auth/login", None, Some(&credentials(&member.email)));
                Script::constant(request, 200, |answer, _| answer["access_token"].is_string())
            }
            Workload::Create | Workload::Watch | Workload::LiveWatch1000 => {
                Wire::Records.script(scene, member, seed)
            }
            Workload::Live1000 | Workload::Live10000 | Workload::LiveIdle => {
                Wire::Channel.script(scene, member, seed)
            }
            Workload::Batch => {
                Script::constant(post("/v1/batch", batch(&scene.room, BATCH).to_string()), 200, is_written)
            }
        }
    }
}

/// What REST answers of a message, asked for by GraphQL.
const READ: &str =
    "query($id: UUID!) { message(id: $id) { id room_id author_id text created_at updated_at version } }";

/// What REST answers of a room's newest messages, asked for by GraphQL.
const LIST: &str = "query($room: UUID!, $first: Int!) {
    messages(filter: {room_id: {eq: $room}}, order: {field: created_at, direction: DESC}, first: $first) {
        nodes { id room_id author_id text created_at updated_at version }
        pageInfo { endCursor }
        position
    }
}";

fn graphql(document: &str, variables: &Value) -> String {
    json!({"query": document, "variables": variables}).to_string()
}

/// The path and query of the list: a filter that the index serves, and the order of a chat's window.
pub(crate) fn list_target(room: &str) -> String {
    format!("/v1/messages?filter=room%20%3D%3D%20%22{room}%22&order=-created_at&limit={PAGE}")
}

/// A whole page of one room's messages, the newest first. Timestamps are of one length, so their texts have their order.
fn is_page(answer: &Value, _: &str) -> bool {
    is_list(&answer["items"], "room")
}

fn is_list(items: &Value, room: &str) -> bool {
    let Some(items) = items.as_array() else { return false };
    let one_room = items.iter().all(|item| item[room] == items[0][room]);
    let times: Vec<Option<&str>> = items.iter().map(|item| item["created_at"].as_str()).collect();
    items.len() == PAGE
        && one_room
        && times.iter().all(Option::is_some)
        && times.is_sorted_by(|left, right| left >= right)
}

fn is_written(answer: &Value, _: &str) -> bool {
    let results = answer["results"].as_array();
    results.is_some_and(|all| all.len() as u64 == BATCH && all.iter().all(|one| one["status"] == 201))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: usize, change: impl Fn(usize, &mut Value)) -> Value {
        let item = |index: usize| {
            let mut item = json!({"room": "r", "created_at": format!("2026-01-01T00:00:{:02}Z", 59 - index)});
            change(index, &mut item);
            item
        };
        json!({"items": (0..items).map(item).collect::<Vec<_>>()})
    }

    #[test]
    fn a_page_is_whole_of_one_room_and_in_order() {
        let check = |page: Value, expected| assert_eq!(is_page(&page, ""), expected, "{page}");
        check(page(PAGE, |_, _| {}), true);
        check(page(PAGE, |_, item| item["created_at"] = json!("2026-01-01T00:00:00Z")), true);
        check(page(PAGE - 1, |_, _| {}), false);
        check(page(0, |_, _| {}), false);
        let of_seventh = |key: &'static str, value: Value| {
            move |index, item: &mut Value| {
                if index == 7 {
                    item[key] = value.clone();
                }
            }
        };
        check(page(PAGE, of_seventh("room", json!("s"))), false);
        check(page(PAGE, of_seventh("created_at", json!("2026-01-01T00:01:00Z"))), false);
        check(page(PAGE, of_seventh("created_at", Value::Null)), false);
    }

    #[test]
    fn a_batch_is_written_as_a_whole() {
        let answer = |size: u64, status: u16| json!({"results": (0..size).map(|_| json!({"status": status})).collect::<Vec<_>>()});
        assert!(is_written(&answer(BATCH, 201), ""));
        assert!(!is_written(&answer(BATCH, 403), ""));
        assert!(!is_written(&answer(BATCH - 1, 201), ""));
        assert!(!is_written(&json!({}), ""));
    }
}
