//! What a watcher is told, case by case.

use crate::client::{Client, offset};
use crate::world::{Account, Kind, World};
use futures::StreamExt;
use mainstay_engine::{Caller, Code, Identity, WatchRequest};
use mainstay_ports::Position;
use mainstay_testkit::{Call, Fault, Faults};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// A room of Ann's with Bob in it, and Bob, who watches its messages.
struct Scene {
    world: World,
    ann: Account,
    bob: Account,
    room: Uuid,
    membership: Uuid,
    client: Client,
}

impl Scene {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(settings: &str) -> Self {
        let world = World::with(Kind::here(), settings);
        let (ann, bob) = (world.account("ann").await, world.account("bob").await);
        let room = world.room(&ann).await;
        let membership = world.member(room, &bob).await;
        let mut client = Client::new(&bob, "message", Some(format!("room == '{room}'")));
        client.settle(&world).await;
        Scene { world, ann, bob, room, membership, client }
    }

    async fn say(&self, text: &str) -> Uuid {
        self.world.message(self.room, &self.ann, text).await
    }

    /// What the client is told within a second.
    async fn told(&mut self) -> Vec<String> {
        self.client.told.clear();
        self.client.take(&self.world, 1_000).await;
        std::mem::take(&mut self.client.told)
    }

    /// Checks how the watch ends, within a second.
    async fn ends(&mut self, reason: &'static str, is_reset: bool) {
        let told = self.told().await;
        let last: Value = told.last().map(|line| serde_json::from_str(line).unwrap()).unwrap_or_default();
        assert_eq!(last, json!({"event": "end", "reason": reason, "reset": is_reset}), "{told:?}");
        assert!(self.client.stream.is_none());
    }

    /// Checks what the client is told when it comes back with this id.
    async fn comes_back(&mut self, id: String, expected: &str) {
        self.client.disconnect();
        self.client.last_id = Some(id);
        self.client.connect(&self.world).await;
        let told = self.told().await;
        let events: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let shown = |event: &Value| {
            let of = [&event["event"], &event["reason"], &event["record"]["text"]];
            of.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(events.iter().map(shown).collect::<Vec<_>>().join(", "), expected);
    }
}

#[tokio::test]
async fn members_of_a_room_are_one_class() {
    let mut scene = Scene::new().await;
    scene.client.disconnect();
    let mut clients = Vec::new();
    for index in 0..20 {
        let account = scene.world.account(&format!("member{index}")).await;
        scene.world.member(scene.room, &account).await;
        let mut client = Client::new(&account, "member", Some(format!("room == '{}'", scene.room)));
        client.settle(&scene.world).await;
        clients.push(client);
    }
    tokio::time::sleep(Duration::from_millis(900)).await;
    let counts = scene.world.engine.watch_counts();
    assert_eq!((counts.watchers, counts.classes, counts.questions), (20, 1, 20));
    let cid = scene.world.account("cid").await;
    let joined = scene.world.member(scene.room, &cid).await.to_string();
    for client in &mut clients {
        client.settle(&scene.world).await;
        let told = client.told.last().unwrap();
        assert!(told.contains("enter") && told.contains(&joined), "{told}");
    }
    let frames: BTreeSet<&String> = clients.iter().filter_map(|client| client.told.last()).collect();
    assert_eq!(frames.len(), 1, "the frame is the same, its id included");
}

#[tokio::test]
async fn the_task_ends_with_the_last_watcher_and_begins_anew() {
    let mut scene = Scene::new().await;
    scene.client.disconnect();
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(scene.world.engine.watch_counts().watchers, 0);
    scene.say("while nobody looked").await;
    scene.client.settle(&scene.world).await;
    scene.client.check(&scene.world, "after a pause").await;
}

#[tokio::test]
async fn a_membership_that_ends_ends_the_watch_and_what_follows_is_not_told() {
    let mut scene = Scene::new().await;
    scene.world.delete("member", scene.membership).await;
    scene.say("not for Bob").await;
    scene.ends("rights_changed", true).await;
    scene.client.settle(&scene.world).await;
    assert!(scene.client.known.is_empty());
    // One that begins does too: what comes into sight is in no change.
    scene.world.member(scene.room, &scene.bob).await;
    scene.ends("rights_changed", true).await;
    scene.client.settle(&scene.world).await;
    scene.client.check(&scene.world, "back in the room").await;
    assert_eq!(scene.client.known.len(), 1);
}

#[tokio::test]
async fn changes_that_do_not_concern_the_watch_leave_it_alone() {
    let mut scene = Scene::new().await;
    let (other, cid) = (scene.world.room(&scene.ann).await, scene.world.account("cid").await);
    scene.world.member(scene.room, &cid).await;
    scene.world.member(other, &scene.bob).await;
    scene.world.update("room", scene.room, json!({"name": "renamed"})).await;
    scene.world.message(other, &scene.ann, "elsewhere").await;
    assert_eq!(scene.told().await, [""; 0]);
    assert!(scene.client.stream.is_some());
}

#[tokio::test]
async fn a_hidden_field_is_hidden_in_events() {
    let scene = Scene::new().await;
    let filter = Some(format!("room == '{}'", scene.room));
    let mut owner = Client::new(&scene.ann, "message", filter.clone());
    let mut member = Client::new(&scene.bob, "message", filter);
    owner.settle(&scene.world).await;
    member.settle(&scene.world).await;
    scene.say("hello").await;
    owner.settle(&scene.world).await;
    member.settle(&scene.world).await;
    assert!(owner.told.last().unwrap().contains("for the owner"));
    assert!(!member.told.last().unwrap().contains("note"));
}

#[tokio::test]
async fn a_token_that_expires_ends_the_watch() {
    let mut scene = Scene::new().await;
    scene.world.clock.advance(Duration::from_secs(16 * 60));
    scene.ends("unauthenticated", false).await;
}

#[tokio::test]
async fn a_logout_ends_the_watch() {
    let mut scene = Scene::new().await;
    scene.world.engine.logout(&scene.bob.caller).await.unwrap();
    scene.ends("unauthenticated", false).await;
}

#[tokio::test]
async fn an_account_that_is_deleted_ends_the_watch() {
    let mut scene = Scene::new().await;
    scene.world.delete("user", scene.bob.id).await;
    let told = scene.told().await;
    assert!(told.last().unwrap().contains("\"event\":\"end\""), "{told:?}");
}

#[tokio::test]
async fn roles_that_change_end_the_watch() {
    let mut scene = Scene::new().await;
    for roles in [json!(["admin"]), json!([])] {
        scene.world.update("user", scene.bob.id, json!({"roles": roles})).await;
        scene.ends("rights_changed", true).await;
        scene.client.settle(&scene.world).await;
    }
}

#[tokio::test]
async fn who_does_not_take_events_is_dropped_and_can_resume() {
    let mut scene = Scene::with("[limits]\nwatch_buffer_bytes = 1024").await;
    for number in 0..20 {
        scene.say(&format!("message {number}")).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.ends("too_slow", false).await;
    scene.client.settle(&scene.world).await;
    scene.client.check(&scene.world, "after falling behind").await;
    assert_eq!(scene.client.known.len(), 20);
}

#[tokio::test]
async fn a_batch_larger_than_the_buffer_is_told_to_who_takes_it() {
    let mut scene = Scene::with("[limits]\nwatch_buffer_bytes = 4096").await;
    let mut stopped = Client::new(&scene.bob, "message", Some(format!("room == '{}'", scene.room)));
    stopped.settle(&scene.world).await;
    let message = |number| json!({"room": scene.room, "author": scene.ann.id, "text": format!("{number}")});
    let messages = (0..100).map(message).collect();
    scene.client.told.clear();
    let taking = scene.client.take(&scene.world, 2_000);
    futures::future::join(scene.world.create_all("message", messages), taking).await;
    let entered = scene.client.told.iter().filter(|event| event.contains("\"enter\"")).count();
    assert_eq!((entered, scene.client.told.len()), (100, 100));
    stopped.take(&scene.world, 100).await;
    assert!(stopped.told.last().unwrap().contains("too_slow"));
}

#[tokio::test]
async fn a_resumed_watch_goes_on_behind_its_event() {
    let mut scene = Scene::new().await;
    scene.say("one").await;
    scene.client.settle(&scene.world).await;
    let id = scene.client.last_id.clone().unwrap();
    scene.client.disconnect();
    scene.say("two").await;
    scene.say("three").await;
    scene.comes_back(id, "ready, enter two, enter three").await;
}

#[tokio::test]
async fn rights_that_changed_in_between_are_a_reset_even_if_they_are_back() {
    let mut scene = Scene::new().await;
    let id = scene.client.last_id.clone().unwrap();
    scene.client.disconnect();
    scene.world.delete("member", scene.membership).await;
    let secret = scene.say("said while Bob was out").await;
    scene.world.delete("message", secret).await;
    scene.world.member(scene.room, &scene.bob).await;
    scene.comes_back(id, "ready, end rights_changed").await;
}

#[tokio::test]
async fn an_id_that_cannot_be_served_is_a_reset() {
    let mut scene = Scene::new().await;
    scene.say("one").await;
    scene.client.settle(&scene.world).await;
    let id = scene.client.last_id.clone().unwrap();

    let mut altered = id.clone().into_bytes();
    altered[31] = if altered[31] == b'A' { b'B' } else { b'A' };
    scene.comes_back(String::from_utf8(altered).unwrap(), "end other_query").await;

    let mut other = Client::new(&scene.bob, "message", None);
    other.settle(&scene.world).await;
    scene.comes_back(other.last_id.clone().unwrap(), "end other_query").await;

    // The same history and class, further than the feed is.
    let ahead = Scene::new().await;
    scene.comes_back(ahead.client.last_id.clone().unwrap(), "end history_gone").await;

    let end = scene.world.store.position().await.unwrap();
    scene.world.store.trim_feed(i64::MAX, 0).await.unwrap();
    let start = scene.world.store.changes(Position { offset: offset(&id) - 1, ..end }, 1).await.unwrap();
    assert!(matches!(start, mainstay_ports::Changes::Reset { .. }));
    scene.say("two").await;
    scene.world.store.trim_feed(i64::MAX, 0).await.unwrap();
    scene.comes_back(id, "ready, end history_gone").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_before_it_begins() {
    let scene = Scene::with("[limits]\nwatchers = 3\nwatchers_per_caller = 2").await;
    let model = scene.world.engine.application().model_named("message").unwrap().id;
    let check = async |change: &dyn Fn(&mut mainstay_engine::WatchRequest), expected: Code| {
        let mut request = scene.client.request();
        request.last_event_id = None;
        change(&mut request);
        let refused = scene.world.engine.watch(&scene.bob.caller, model, request).await;
        assert_eq!(refused.err().map(|error| error.code), Some(expected));
    };
    check(&|request| request.filter = Some("nothing".into()), Code::InvalidFilter).await;
    check(&|request| request.fields = vec!["nothing".into()], Code::InvalidFields).await;
    check(&|request| request.limit = Some(501), Code::InvalidLimit).await;
    check(&|request| request.last_event_id = Some("nothing".into()), Code::InvalidEventId).await;
    let mut second = Client::new(&scene.bob, "room", None);
    second.connect(&scene.world).await;
    check(&|_| {}, Code::TooManyWatchers).await;
    let mut third = Client::new(&scene.ann, "room", None);
    third.connect(&scene.world).await;
    check(&|_| {}, Code::Busy).await;
    // A place that is given up is free at once, and what was refused holds none.
    second.disconnect();
    second.connect(&scene.world).await;
    drop(third);
}

#[tokio::test]
async fn a_filter_that_takes_too_long_ends_its_own_watch_alone() {
    let scene = Scene::new().await;
    let faults = Faults::seeded(1).sometimes(Call::Query, 1.0, Fault::Timeout);
    let engine = scene.world.faulty(faults);
    let identity = Identity { roles: vec!["admin".to_owned()], ..Identity::default() };
    let admin = Caller { identity: Some(Arc::new(identity)), ..Caller::default() };
    let model = engine.application().model_named("room").unwrap().id;
    let watch = async |filter: &str| {
        let asked =
            WatchRequest { filter: Some(filter.into()), last_event_id: None, ..scene.client.request() };
        let asked = WatchRequest { snapshot: false, token: None, ..asked };
        engine.watch(&admin, model, asked).await.unwrap()
    };
    let mut watches = [watch("name == 'room'").await, watch("owner.email != 'nobody'").await];
    let mut next = async |index: usize| {
        let next = timeout(Duration::from_secs(5), watches[index].next()).await.unwrap();
        String::from_utf8(next.unwrap().to_vec()).unwrap()
    };
    assert!(next(0).await.contains("ready") && next(1).await.contains("ready"));
    scene.world.room(&scene.ann).await;
    let told = next(1).await;
    assert!(told.contains("too_costly"), "{told}");
    assert!(next(0).await.contains("enter"));
}

#[tokio::test]
async fn a_server_that_stops_ends_all_watches_and_lets_nobody_in() {
    let mut scene = Scene::new().await;
    scene.world.engine.close_watches();
    scene.ends("shutting_down", false).await;
    let model = scene.world.engine.application().model_named("message").unwrap().id;
    let refused = scene.world.engine.watch(&scene.bob.caller, model, scene.client.request()).await;
    assert_eq!(refused.err().map(|error| error.code), Some(Code::Busy));
}

#[tokio::test]
async fn a_watch_goes_on_at_another_node_that_has_heard_of_less() {
    let mut scene = Scene::new().await;
    let late = Fault::Delay(Duration::from_millis(200));
    let other = scene.world.beside(Faults::seeded(0).sometimes(Call::Changes, 1.0, late));
    // Somebody watches there, so that its hub follows the feed, at its own pace.
    let mut somebody = Client::new(&scene.ann, "message", None);
    somebody.connect(&other).await;
    assert!(somebody.take(&other, 300).await);
    let said: Vec<Uuid> = vec![scene.say("one").await, scene.say("two").await];
    scene.client.settle(&scene.world).await;
    scene.client.disconnect();
    assert!(other.engine.watch_counts().offset < scene.world.engine.watch_counts().offset);
    scene.client.connect(&other).await;
    let third = scene.say("three").await;
    let told = scene.told().await;
    let events: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown = |event: &Value| (event["event"].clone(), event["record"]["id"].clone());
    let shown: Vec<_> = events.iter().map(shown).collect();
    assert_eq!(shown, [(json!("ready"), Value::Null), (json!("enter"), json!(third))], "{said:?}");
}
