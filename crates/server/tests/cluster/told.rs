//! Channels and presence on three nodes, carried by NATS and Redis.

use crate::nodes::{Cluster, Node};
use crate::support::Events;
use crate::support::live::{Live, enter, presence, publish, subscribe};
use mainstay_services::broker::{Kind, Server, Setup};
use mainstay_services::{Link, Proxy, postgres};
use serde_json::json;
use std::time::{Duration, Instant};

const LOBBY: &str =
    "pattern = \"lobby\"\n[allow]\nsubscribe = \"true\"\npublish = \"true\"\npresent = \"true\"\n";
const PASSWORD: &str = "correct-horse";
/// A request that takes longer was held up.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Three nodes, what carries what they tell each other, and a way to it that can be cut.
struct Told {
    // The first to go.
    cluster: Cluster,
    proxy: Proxy,
    broker: Server,
}

impl Told {
    fn over(kind: Kind) -> Told {
        let broker = Server::start(kind, &Setup::default().password(PASSWORD)).unwrap();
        let proxy = Proxy::to(broker.address());
        let settings = settings(kind, &broker.url_at(proxy.address()));
        let cluster = Cluster::with(&postgres::Setup::quick(), |project| {
            project.write("channels/lobby.toml", LOBBY);
            let before = project.read("mainstay.toml");
            project.write("mainstay.toml", &(before + &settings));
        });
        Told { cluster, proxy, broker }
    }

    fn socket(&self, node: usize) -> Live {
        Live::open(&self.cluster.client(node))
    }

    fn node(&self, node: usize) -> &Node {
        &self.cluster.nodes[node]
    }

    /// Waits until a log says so for the next time behind what it has.
    fn says(&self, node: usize, from: usize, text: &str) {
        let node = self.node(node);
        node.wait_until(text, || node.server.as_ref().unwrap().log()[from..].contains(text));
    }

    /// A number of the first node.
    fn metric(&self, name: &str) -> f64 {
        let page = String::from_utf8(self.cluster.client(0).get("/metrics").body).unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in:\n{page}")).parse().unwrap()
    }

    fn logged(&self, node: usize) -> usize {
        self.node(node).server.as_ref().unwrap().log().len()
    }
}

fn settings(kind: Kind, url: &str) -> String {
    let adapter = match kind {
        Kind::Nats => "nats",
        Kind::Redis => "redis",
    };
    format!("[wake]\nadapter = \"{adapter}\"\nurl = \"{url}\"\n")
}

#[test]
fn over_nats_nodes_hear_each_other_and_the_dead_are_gone() {
    hear_each_other(Kind::Nats);
}

#[test]
fn over_redis_nodes_hear_each_other_and_the_dead_are_gone() {
    hear_each_other(Kind::Redis);
}

#[test]
fn without_nats_nodes_go_on_and_find_each_other_again() {
    go_on_without(Kind::Nats);
}

#[test]
fn without_redis_nodes_go_on_and_find_each_other_again() {
    go_on_without(Kind::Redis);
}

#[test]
fn a_node_says_what_is_wrong_with_its_url_and_starts_without_a_server() {
    for kind in [Kind::Nats, Kind::Redis] {
        let mut told = Told::over(kind);
        let url = told.broker.url();
        let banner = &told.node(0).server.as_ref().unwrap().banner;
        assert!(banner.contains("nodes       tell each other by ") && !banner.contains(PASSWORD), "{banner}");
        let wrong = url.replace(PASSWORD, "guessed-it");
        told.cluster.nodes[0].kill();
        let project = &told.node(0).project;
        let before = project.read("mainstay.toml");
        let before = before[..before.find("[wake]").unwrap()].to_owned();
        project.write("mainstay.toml", &(before.clone() + &settings(kind, &wrong)));
        let refused = project.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(refused.stderr.contains("error[wake_refused]"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("guessed-it"), "{}", refused.stderr);
        // Who is not there may come back.
        told.broker.stop();
        told.cluster.nodes[0].project.write("mainstay.toml", &(before + &settings(kind, &url)));
        told.cluster.nodes[0].start();
        told.says(0, 0, "wake_unreachable");
        assert_eq!(told.cluster.client(0).get("/readyz").status, 200);
        told.broker.start_again();
        told.says(0, 0, "other nodes are heard again");
        for node in 0..told.cluster.nodes.len() {
            let log = told.node(node).server.as_ref().unwrap().log();
            assert!(!log.contains(PASSWORD) && !log.contains("guessed-it"), "{log}");
        }
    }
}

fn hear_each_other(kind: Kind) {
    let mut told = Told::over(kind);
    let (mut here, mut there, mut dying) = (told.socket(0), told.socket(1), told.socket(2));
    let heard = here.ok(subscribe("lobby"));
    here.told(heard, &json!({"event": "ready"}));
    let who = here.ok(presence("lobby"));
    here.told(who, &json!({"event": "here", "members": []}));
    for length in [1, 5_000, 16_000] {
        let data = json!("ä".repeat(length / 2));
        there.ok(publish("lobby", data.clone()));
        here.told(heard, &json!({"event": "message", "data": data}));
    }
    there.ok(enter("lobby", json!("there")));
    assert_eq!(here.told(who, &json!({"event": "join"}))["member"]["state"], "there");
    dying.ok(enter("lobby", json!("dying")));
    assert_eq!(here.told(who, &json!({"event": "join"}))["member"]["state"], "dying");
    let killed = Instant::now();
    told.cluster.nodes[2].kill();
    assert_eq!(here.told(who, &json!({"event": "leave"}))["member"]["state"], "dying");
    assert!(killed.elapsed() < Duration::from_secs(9), "{:?}", killed.elapsed());
    // The one that comes in its place knows who is there.
    told.cluster.nodes[2].start();
    let mut anew = told.socket(2);
    let who = anew.ok(presence("lobby"));
    let members = anew.told(who, &json!({"event": "here"}))["members"].clone();
    if members.as_array().unwrap().is_empty() {
        assert_eq!(anew.told(who, &json!({"event": "join"}))["member"]["state"], "there");
    }
}

/// The server is killed, and then the network to it is silent. What it carries is lost meanwhile, and nothing else.
fn go_on_without(kind: Kind) {
    let mut told = Told::over(kind);
    let (mut here, mut there) = (told.socket(0), told.socket(1));
    let heard = here.ok(subscribe("lobby"));
    here.told(heard, &json!({"event": "ready"}));
    let who = here.ok(presence("lobby"));
    here.told(who, &json!({"event": "here", "members": []}));
    there.ok(enter("lobby", json!("there")));
    here.told(who, &json!({"event": "join"}));
    let mut events = Events::open(&told.cluster.client(0), "/v1/notes?snapshot=false");
    events.expect("ready", "");
    for is_killed in [true, false] {
        let logged = told.logged(0);
        match is_killed {
            true => told.broker.stop(),
            false => told.proxy.set(Link::Frozen),
        }
        told.says(0, logged, "other nodes are not heard");
        // Presence says what it knows: nothing is heard of the other node.
        assert_eq!(here.told(who, &json!({"event": "leave"}))["member"]["state"], "there");
        told.node(0).wait_until("nobody is heard", || told.metric("mainstay_nodes_heard") == 0.0);
        assert!(told.metric("mainstay_node_lost_total") > 0.0, "nothing is counted as lost");
        let text = format!("written without it, {is_killed}");
        let asked = Instant::now();
        told.cluster.client(1).post("/v1/notes", &json!({"owner": "w", "text": text})).expect(201);
        events.expect("enter", &text);
        there.ok(publish("lobby", json!("nobody else hears")));
        here.ok(publish("lobby", json!("who is here hears")));
        assert!(asked.elapsed() < AT_ONCE, "it was held up for {:?}", asked.elapsed());
        let _ = hear_until(&mut here, heard, "who is here hears");
        assert_eq!(told.cluster.client(0).get("/readyz").status, 200);
        match is_killed {
            true => told.broker.start_again(),
            false => told.proxy.set(Link::Open),
        }
        told.says(0, logged, "other nodes are heard again");
        assert_eq!(here.told(who, &json!({"event": "join"}))["member"]["state"], "there");
        let again = format!("again, {is_killed}");
        there.ok(publish("lobby", json!(again)));
        assert!(hear_until(&mut here, heard, &again), "nobody was told that messages were lost");
        told.node(0).wait_until("both are heard", || told.metric("mainstay_nodes_heard") == 2.0);
    }
}

/// Hears until this is said, and answers whether a gap was told before. What was under way when the network fell silent may come late.
fn hear_until(live: &mut Live, heard: u64, text: &str) -> bool {
    let mut is_gap = false;
    loop {
        let event = live.told(heard, &json!({}));
        if event["data"] == text {
            return is_gap;
        }
        is_gap |= event["event"] == "gap";
    }
}
