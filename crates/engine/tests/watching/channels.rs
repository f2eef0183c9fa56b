//! Channels and presence: what is heard, by whom, and for how long; on one node and on several.

use crate::world::{Account, Kind, World};
use futures::{Stream, StreamExt};
use mainstay_engine::{
    Caller, ChannelEvent, ChannelFormat, Code, Engine, Login, Member, Roll, Stay, SubscribeRequest,
    Subscription,
};
use mainstay_ports::Wake;
use mainstay_testkit::{Faults, Wire, WireEnd};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

/// An event a line.
struct Lines;

impl ChannelFormat for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn encode(&self, event: &ChannelEvent<'_>, out: &mut Vec<u8>) {
        let shown = |member: &Member| {
            let state: Value = serde_json::from_str(&member.state).unwrap();
            json!([member.user, state])
        };
        let line = match event {
            ChannelEvent::Ready => json!("ready"),
            ChannelEvent::Message { user, data } => {
                json!({"user": user, "data": serde_json::from_str::<Value>(data).unwrap()})
            }
            ChannelEvent::Gap => json!("gap"),
            ChannelEvent::Here { members } => json!({"here": members.iter().map(shown).collect::<Vec<_>>()}),
            ChannelEvent::Join { member } => json!({"join": shown(member)}),
            ChannelEvent::Update { member } => json!({"update": shown(member)}),
            ChannelEvent::Leave { member } => json!({"leave": shown(member)}),
            ChannelEvent::End(reason) => json!({"end": reason.as_str()}),
        };
        out.extend_from_slice(format!("{line}\n").as_bytes());
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

fn request(account: Option<&Account>, channel: &str) -> SubscribeRequest {
    let token = account.map(|account| account.token.clone());
    SubscribeRequest { channel: channel.to_owned(), token, format: Arc::new(Lines) }
}

fn caller(account: Option<&Account>) -> Caller {
    account.map(|account| account.caller.clone()).unwrap_or_default()
}

async fn subscribe(engine: &Engine, account: &Account, channel: &str) -> Subscription {
    let mut heard = engine.subscribe(&account.caller, request(Some(account), channel)).await.unwrap();
    check(&mut heard, &[json!("ready")]).await;
    heard
}

async fn enter(engine: &Engine, account: &Account, channel: &str, state: Value) -> Stay {
    engine.enter(&account.caller, request(Some(account), channel), &raw(&state)).await.unwrap()
}

async fn presence(engine: &Engine, account: &Account, channel: &str, roll: Roll) -> Subscription {
    engine.watch_presence(&account.caller, request(Some(account), channel), roll).await.unwrap()
}

async fn say(engine: &Engine, account: &Account, channel: &str, data: Value) {
    engine.publish(&account.caller, channel, &raw(&data)).await.unwrap();
}

/// Checks the next things that are heard, within some seconds.
async fn check(heard: &mut (impl Stream<Item = bytes::Bytes> + Unpin), expected: &[Value]) {
    let mut lines = Vec::new();
    while lines.len() < expected.len() {
        let next = timeout(Duration::from_secs(8), heard.next()).await;
        let Ok(next) = next else { panic!("heard {lines:?}, expected {expected:?}") };
        let next = next.unwrap_or_else(|| panic!("it is over after {lines:?}, expected {expected:?}"));
        let text = String::from_utf8(next.to_vec()).unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    assert_eq!(lines, expected);
}

async fn is_silent(heard: &mut (impl Stream<Item = bytes::Bytes> + Unpin)) {
    let next = timeout(Duration::from_millis(300), heard.next()).await;
    assert!(next.is_err(), "{next:?}");
}

/// A room of Ann's with Bob in it.
async fn scene(world: &World) -> (Account, Account, Uuid, Uuid) {
    let (ann, bob) = (world.account("ann").await, world.account("bob").await);
    let room = world.room(&ann).await;
    let membership = world.member(room, &bob).await;
    (ann, bob, room, membership)
}

#[tokio::test]
async fn who_may_hears_what_is_sent_and_nobody_else() {
    let world = World::new(Kind::here());
    let (ann, bob, room, _) = scene(&world).await;
    let eve = world.account("eve").await;
    let name = format!("room/{room}");
    let mut heard = subscribe(&world.engine, &ann, &name).await;
    let mut elsewhere = subscribe(&world.engine, &ann, "lobby").await;
    say(&world.engine, &bob, &name, json!({"typing": true})).await;
    say(&world.engine, &bob, &name, json!(2)).await;
    check(
        &mut heard,
        &[json!({"user": bob.id, "data": {"typing": true}}), json!({"user": bob.id, "data": 2})],
    )
    .await;
    is_silent(&mut elsewhere).await;
    let forbidden = |result: Result<_, mainstay_engine::Error>| {
        result.err().map(|error: mainstay_engine::Error| error.code)
    };
    for account in [Some(&eve), None] {
        let subscribed = world.engine.subscribe(&caller(account), request(account, &name)).await.map(drop);
        assert_eq!(forbidden(subscribed), Some(Code::Forbidden));
        let watched =
            world.engine.watch_presence(&caller(account), request(account, &name), Roll::Accounts).await;
        assert_eq!(forbidden(watched.map(drop)), Some(Code::Forbidden));
        let sent = world.engine.publish(&caller(account), &name, &raw(&json!(1))).await.map(drop);
        assert_eq!(forbidden(sent), Some(Code::Forbidden));
        let entered = world.engine.enter(&caller(account), request(account, &name), &raw(&json!(1))).await;
        assert_eq!(forbidden(entered.map(drop)), Some(Code::Forbidden));
    }
    // Ann may hear, since it is her room, but is not a member who may speak.
    let sent = world.engine.publish(&ann.caller, &name, &raw(&json!(1))).await.map(drop);
    assert_eq!(forbidden(sent), Some(Code::Forbidden));
    let unknown = world.engine.publish(&ann.caller, "room/7", &raw(&json!(1))).await.map(drop);
    assert_eq!(forbidden(unknown), Some(Code::NotFound));
    let large = world.engine.publish(&bob.caller, &name, &raw(&json!("x".repeat(99)))).await.map(drop);
    assert_eq!(forbidden(large), Some(Code::MessageTooLarge));
    is_silent(&mut heard).await;
}

#[tokio::test]
async fn a_right_that_is_withdrawn_ends_what_stands_on_it() {
    let world = World::new(Kind::here());
    let (ann, bob, room, membership) = scene(&world).await;
    let name = format!("room/{room}");
    let mut heard = subscribe(&world.engine, &bob, &name).await;
    let mut stay = enter(&world.engine, &bob, &name, json!("here")).await;
    let mut who = presence(&world.engine, &ann, &name, Roll::Accounts).await;
    check(&mut who, &[json!({"here": [[bob.id, "here"]]})]).await;
    // A change that leaves the right as it is ends nothing.
    world.member(room, &ann).await;
    is_silent(&mut heard).await;
    world.delete("member", membership).await;
    check(&mut heard, &[json!({"end": "rights_changed"})]).await;
    check(&mut stay, &[json!({"end": "rights_changed"})]).await;
    check(&mut who, &[json!({"leave": [bob.id, "here"]})]).await;
    assert!(heard.next().await.is_none() && stay.next().await.is_none());
    say(&world.engine, &ann, &name, json!(1)).await;
    is_silent(&mut who).await;
}

#[tokio::test]
async fn a_session_that_ends_takes_its_subscriptions_along_and_a_new_token_does_not() {
    let world = World::new(Kind::here());
    let (ann, bob, ..) = scene(&world).await;
    let mut heard = subscribe(&world.engine, &bob, "lobby").await;
    let (mut renewed, mut taken) =
        (subscribe(&world.engine, &ann, "lobby").await, subscribe(&world.engine, &ann, "lobby").await);
    let login = Login { email: "ann@example.org".to_owned(), password: "correct horse".to_owned() };
    let tokens = world.engine.login(&Caller::default(), login).await.unwrap();
    let again = world.with_token(&tokens.access_token).await;
    renewed.renew(again.caller.identity.as_ref().unwrap(), &again.token);
    // Another account's token is not a renewal.
    taken.renew(bob.caller.identity.as_ref().unwrap(), &bob.token);
    check(&mut taken, &[json!({"end": "rights_changed"})]).await;
    world.engine.logout(&ann.caller).await.unwrap();
    world.engine.logout(&bob.caller).await.unwrap();
    check(&mut heard, &[json!({"end": "unauthenticated"})]).await;
    is_silent(&mut renewed).await;
    world.engine.logout(&again.caller).await.unwrap();
    check(&mut renewed, &[json!({"end": "unauthenticated"})]).await;
}

#[tokio::test]
async fn who_does_not_take_what_is_sent_is_dropped_and_nobody_waits_for_it() {
    let world = World::with(Kind::here(), "[limits]\nwatch_buffer_bytes = 4096");
    let (ann, bob, ..) = scene(&world).await;
    let mut slow = subscribe(&world.engine, &ann, "lobby").await;
    let mut heard = subscribe(&world.engine, &bob, "lobby").await;
    for number in 0..300 {
        say(&world.engine, &bob, "lobby", json!(number)).await;
        check(&mut heard, &[json!({"user": bob.id, "data": number})]).await;
    }
    check(&mut slow, &[json!({"end": "too_slow"})]).await;
}

#[tokio::test]
async fn subscriptions_are_watches_where_they_are_counted() {
    let world = World::with(Kind::here(), "[limits]\nwatchers_per_caller = 2");
    let (ann, bob, ..) = scene(&world).await;
    let first = subscribe(&world.engine, &ann, "lobby").await;
    let _second = enter(&world.engine, &ann, "lobby", json!(1)).await;
    let third = world.engine.subscribe(&ann.caller, request(Some(&ann), "lobby")).await.map(drop);
    assert_eq!(third.map_err(|error| error.code), Err(Code::TooManyWatchers));
    subscribe(&world.engine, &bob, "lobby").await;
    drop(first);
    subscribe(&world.engine, &ann, "lobby").await;
}

/// Nodes over the same data.
struct Nodes {
    first: World,
    others: Vec<World>,
    ends: Vec<Arc<WireEnd>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Nodes {
    async fn new(count: usize) -> Self {
        let first = World::new(Kind::here());
        let others: Vec<World> = (1..count).map(|_| first.beside(Faults::seeded(1))).collect();
        let wire = Wire::new();
        let ends = (0..count).map(|_| wire.end()).collect();
        let mut nodes = Nodes { first, others, ends, tasks: Vec::new() };
        for node in 0..count {
            let task = nodes.join(node);
            nodes.tasks.push(task);
        }
        // Each has heard of the others once its first beat was heard.
        tokio::time::sleep(Duration::from_millis(100)).await;
        nodes
    }

    fn engine(&self, node: usize) -> Engine {
        node.checked_sub(1).map_or(&self.first, |other| &self.others[other]).engine.clone()
    }

    fn join(&self, node: usize) -> JoinHandle<()> {
        let (engine, wake): (_, Arc<dyn Wake>) = (self.engine(node), self.ends[node].clone());
        tokio::spawn(async move { engine.join_nodes(wake).await })
    }
}

#[tokio::test]
async fn what_is_sent_and_who_is_present_is_known_on_all_nodes() {
    let nodes = Nodes::new(3).await;
    let (ann, bob, room, _) = scene(&nodes.first).await;
    let name = format!("room/{room}");
    let (one, two, three) = (nodes.engine(0), nodes.engine(1), nodes.engine(2));
    let mut heard = subscribe(&two, &ann, &name).await;
    say(&three, &bob, &name, json!("hi")).await;
    check(&mut heard, &[json!({"user": bob.id, "data": "hi"})]).await;
    let mut who = presence(&one, &ann, &name, Roll::Connections).await;
    let mut accounts = presence(&one, &ann, &name, Roll::Accounts).await;
    check(&mut who, &[json!({"here": []})]).await;
    check(&mut accounts, &[json!({"here": []})]).await;
    let stay = enter(&two, &bob, &name, json!(1)).await;
    check(&mut who, &[json!({"join": [bob.id, 1]})]).await;
    // Of two who come in the same millisecond on different nodes nobody knows which came last.
    nodes.first.clock.advance(Duration::from_millis(1));
    let again = enter(&three, &bob, &name, json!(2)).await;
    check(&mut who, &[json!({"join": [bob.id, 2]})]).await;
    check(&mut accounts, &[json!({"join": [bob.id, 1]}), json!({"update": [bob.id, 2]})]).await;
    // An account shows the state of its connection that came last.
    stay.set(&raw(&json!(3))).unwrap();
    check(&mut who, &[json!({"update": [bob.id, 3]})]).await;
    again.set(&raw(&json!(4))).unwrap();
    check(&mut who, &[json!({"update": [bob.id, 4]})]).await;
    check(&mut accounts, &[json!({"update": [bob.id, 4]})]).await;
    drop(again);
    check(&mut who, &[json!({"leave": [bob.id, 4]})]).await;
    check(&mut accounts, &[json!({"update": [bob.id, 3]})]).await;
    // A newcomer gets the list.
    check(&mut presence(&three, &ann, &name, Roll::Accounts).await, &[json!({"here": [[bob.id, 3]]})]).await;
    drop(stay);
    check(&mut accounts, &[json!({"leave": [bob.id, 3]})]).await;
}

#[tokio::test]
async fn who_was_on_a_node_that_dies_is_gone_and_a_goodbye_is_sooner() {
    let mut nodes = Nodes::new(3).await;
    let (ann, bob, ..) = scene(&nodes.first).await;
    let mut who = presence(&nodes.engine(0), &ann, "lobby", Roll::Connections).await;
    check(&mut who, &[json!({"here": []})]).await;
    let (on_two, on_three) = (nodes.engine(1), nodes.engine(2));
    let _dead = enter(&on_two, &bob, "lobby", json!(2)).await;
    check(&mut who, &[json!({"join": [bob.id, 2]})]).await;
    let _stopped = enter(&on_three, &bob, "lobby", json!(3)).await;
    check(&mut who, &[json!({"join": [bob.id, 3]})]).await;
    nodes.tasks.remove(2).abort();
    on_three.leave_nodes(nodes.ends[2].as_ref()).await;
    let soon = timeout(Duration::from_millis(500), check(&mut who, &[json!({"leave": [bob.id, 3]})])).await;
    assert!(soon.is_ok(), "a goodbye is heard at once");
    nodes.tasks.remove(1).abort();
    check(&mut who, &[json!({"leave": [bob.id, 2]})]).await;
    is_silent(&mut who).await;
}

#[tokio::test]
async fn what_was_missed_is_told_and_presence_comes_right_again() {
    let nodes = Nodes::new(2).await;
    let (ann, bob, ..) = scene(&nodes.first).await;
    let (one, two) = (nodes.engine(0), nodes.engine(1));
    let mut heard = subscribe(&one, &ann, "lobby").await;
    let mut who = presence(&one, &ann, "lobby", Roll::Connections).await;
    check(&mut who, &[json!({"here": []})]).await;
    let gone = enter(&two, &bob, "lobby", json!("gone")).await;
    check(&mut who, &[json!({"join": [bob.id, "gone"]})]).await;
    nodes.ends[0].cut(true);
    say(&two, &bob, "lobby", json!("lost")).await;
    let _new = enter(&two, &bob, "lobby", json!("new")).await;
    drop(gone);
    tokio::time::sleep(Duration::from_millis(50)).await;
    nodes.ends[0].cut(false);
    check(&mut heard, &[json!("gap")]).await;
    check(&mut who, &[json!({"join": [bob.id, "new"]}), json!({"leave": [bob.id, "gone"]})]).await;
    say(&two, &bob, "lobby", json!("heard")).await;
    check(&mut heard, &[json!({"user": bob.id, "data": "heard"})]).await;
}

#[tokio::test]
async fn a_node_that_was_out_of_reach_for_long_is_known_again() {
    let nodes = Nodes::new(2).await;
    let (ann, bob, ..) = scene(&nodes.first).await;
    let (one, two) = (nodes.engine(0), nodes.engine(1));
    let mut heard = subscribe(&one, &ann, "lobby").await;
    let mut who = presence(&one, &ann, "lobby", Roll::Connections).await;
    check(&mut who, &[json!({"here": []})]).await;
    let _stays = enter(&two, &bob, "lobby", json!("stays")).await;
    check(&mut who, &[json!({"join": [bob.id, "stays"]})]).await;
    nodes.ends[0].cut(true);
    say(&two, &bob, "lobby", json!("lost")).await;
    check(&mut who, &[json!({"leave": [bob.id, "stays"]})]).await;
    assert_eq!(one.nodes_heard(), 0);
    nodes.ends[0].cut(false);
    check(&mut heard, &[json!("gap")]).await;
    check(&mut who, &[json!({"join": [bob.id, "stays"]})]).await;
    assert_eq!(one.nodes_heard(), 1);
    is_silent(&mut heard).await;
}

#[tokio::test]
async fn a_node_that_comes_later_hears_who_is_there() {
    let first = World::new(Kind::here());
    let (ann, bob, ..) = scene(&first).await;
    let (wire, second) = (Wire::new(), first.beside(Faults::seeded(1)));
    // Present before the node knew of others, and more than go into one part.
    let mut stays = Vec::new();
    for number in 0..150 {
        stays.push(enter(&first.engine, &bob, "lobby", json!(number)).await);
    }
    let mut tasks = Vec::new();
    for world in [&first, &second] {
        let (engine, wake) = (world.engine.clone(), wire.end());
        tasks.push(tokio::spawn(async move { engine.join_nodes(wake).await }));
    }
    let mut who = presence(&second.engine, &ann, "lobby", Roll::Accounts).await;
    let joined = async {
        let mut here = 0;
        while here < 150 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut list = presence(&second.engine, &ann, "lobby", Roll::Connections).await;
            let text = String::from_utf8(list.next().await.unwrap().to_vec()).unwrap();
            here = serde_json::from_str::<Value>(&text).unwrap()["here"].as_array().unwrap().len();
        }
    };
    timeout(Duration::from_secs(5), joined).await.unwrap();
    drop(stays);
    let mut last = String::new();
    while !last.contains("\"leave\"") {
        let bytes = timeout(Duration::from_secs(5), who.next()).await.unwrap().unwrap();
        last = String::from_utf8(bytes.to_vec()).unwrap();
    }
    let mut list = presence(&second.engine, &ann, "lobby", Roll::Connections).await;
    check(&mut list, &[json!({"here": []})]).await;
}
