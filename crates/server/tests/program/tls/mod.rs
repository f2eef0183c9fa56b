//! The port within TLS: the same as without, for clients that trust the certificate.

mod hostile;
mod renewal;
mod settings;

use crate::chat::Chat;
use crate::metrics;
use crate::support::tls::{Authority, SETTINGS, Secured, Tunnel, secured};
use crate::support::{Answer, Client, Events, Project, Server, raw};
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion};
use serde_json::json;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A server that speaks TLS.
struct Scene {
    authority: Authority,
    project: Project,
    server: Server,
}

impl Scene {
    fn new() -> Self {
        Scene::with("")
    }

    /// With further settings.
    fn with(settings: &str) -> Self {
        let (authority, project) = (Authority::new(), Project::example("chat"));
        let passwords = "[accounts.password]\nmemory_kib = 512\niterations = 1";
        project.write("mainstay.toml", &format!("{passwords}\n{settings}\n{SETTINGS}\n"));
        authority.certify(&project);
        let server = project.serve();
        Scene { authority, project, server }
    }

    fn connect(&self, protocols: &[&str]) -> Secured {
        secured(self.server.address, &self.authority.client(protocols))
    }

    /// Asks for nothing but an answer.
    fn health(&self) -> Answer {
        ask(&mut self.connect(&["http/1.1"]), HEALTH)
    }

    /// Where clients that speak no TLS get to it.
    fn tunnel(&self) -> Tunnel {
        Tunnel::open(self.server.address, self.authority.client(&["http/1.1"]))
    }

    fn metric(&self, series: &str) -> f64 {
        metrics::value(&metrics::page(self.tunnel().address), series)
    }
}

/// Sends a request, and reads to the end of TLS, which is told from that of the connection.
#[track_caller]
fn ask(stream: &mut Secured, request: &[u8]) -> Answer {
    stream.write_all(request).unwrap();
    Answer::read(stream)
}

#[test]
fn both_versions_of_tls_and_of_http_are_spoken() {
    let scene = Scene::new();
    assert!(scene.server.banner.contains("listening   https://"), "{}", scene.server.banner);
    let spoken = |protocols: &[&str], version| {
        let config = scene.authority.client_of(protocols, &[version]);
        let stream = secured(scene.server.address, &config);
        let protocol = stream.conn.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
        (stream.conn.protocol_version().unwrap(), protocol)
    };
    for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let protocol = |name: &str| Some(name.to_owned());
        assert_eq!(spoken(&["h2", "http/1.1"], version), (name, protocol("h2")));
        assert_eq!(spoken(&["http/1.1", "h2"], version), (name, protocol("h2")));
        assert_eq!(spoken(&["http/1.1"], version), (name, protocol("http/1.1")));
        assert_eq!(spoken(&[], version), (name, None));
        let mut stream = secured(scene.server.address, &scene.authority.client_of(&[], &[version]));
        assert_eq!(ask(&mut stream, HEALTH).status, 200);
    }
}

#[test]
fn a_connection_answers_many_requests() {
    let scene = Scene::new();
    let mut stream = scene.connect(&["http/1.1"]);
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 1_024];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(ask(&mut stream, HEALTH).status, 200);
}

#[test]
fn http_2_is_spoken_with_those_who_ask_for_it() {
    let scene = Scene::new();
    let tunnel = Tunnel::open(scene.server.address, scene.authority.client(&["h2"]));
    assert_eq!(status_in_http_2(tunnel.address), 200);
}

fn status_in_http_2(address: SocketAddr) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://localhost/healthz").body(()).unwrap();
        let (response, _) = requests.ready().await.unwrap().send_request(request, true).unwrap();
        response.await.unwrap().status().as_u16()
    })
}

#[test]
fn who_comes_back_resumes() {
    let scene = Scene::new();
    for version in [&TLS12, &TLS13] {
        let config = scene.authority.client_of(&[], &[version]);
        let kind = || {
            let mut stream = secured(scene.server.address, &config);
            // Tickets of TLS 1.3 come behind the handshake.
            assert_eq!(ask(&mut stream, HEALTH).status, 200);
            stream.conn.handshake_kind().unwrap()
        };
        assert_eq!((kind(), kind()), (HandshakeKind::Full, HandshakeKind::Resumed), "{version:?}");
    }
    assert_eq!(scene.metric("mainstay_tls_handshakes_total{outcome=\"resumed\"}"), 2.0);
}

#[test]
fn large_bodies_go_both_ways() {
    let scene = Scene::new();
    let tunnel = scene.tunnel();
    let (ann, _) = Client::new(tunnel.address).registered("ann@example.org", "correct horse");
    let room = ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201);
    let text = "Where is the salt? ".repeat(20);
    let create = json!({"op": "create", "model": "message", "data": {"room": room["id"], "text": text}});
    let batch = json!({"operations": vec![create; 400]});
    ann.post("/v1/batch", &batch).expect(200);
    let page = ann.get("/v1/messages?limit=200").expect(200);
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 200);
    assert!(items.iter().all(|item| item["text"] == text));
}

#[test]
fn a_watch_is_told_of_changes() {
    let scene = Scene::new();
    let tunnel = scene.tunnel();
    let (ann, _) = Client::new(tunnel.address).registered("ann@example.org", "correct horse");
    let mut events = Events::open(&ann, "/v1/rooms");
    let room = ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201);
    let told = std::iter::from_fn(|| events.next()).take(5).find(|event| event.data["id"] == room["id"]);
    assert!(told.is_some());
}

#[test]
fn the_socket_is_opened_within_tls() {
    let scene = Scene::new();
    let stream = scene.connect(&["http/1.1"]);
    let url = format!("wss://localhost:{}/v1/live", scene.server.address.port());
    let (mut socket, _) = tungstenite::client(url, stream).unwrap();
    socket.send(tungstenite::Message::text("{\"id\":1,\"type\":\"ping\"}")).unwrap();
    let answer = socket.read().unwrap().into_text().unwrap();
    assert!(answer.contains("\"ok\""), "{answer}");
}

#[test]
fn a_stop_waits_for_the_request_in_flight() {
    let mut scene = Scene::new();
    let body = "{\"email\": \"ann@example.org\", \"password\": \"correct horse\"}";
    let (first, second) = body.split_at(10);
    let mut stream = scene.connect(&["http/1.1"]);
    let mut idle = scene.connect(&["http/1.1"]);
    let head = format!(
        "POST /v1/auth/register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    scene.server.signal("TERM");
    // Who waits for nothing hears of the end, in the words of TLS.
    assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0);
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 201);
    assert_eq!(scene.server.wait().code(), Some(0));
}

#[test]
fn a_stop_does_not_wait_for_a_handshake() {
    let mut scene = Scene::new();
    let mut slow = std::net::TcpStream::connect(scene.server.address).unwrap();
    slow.write_all(b"\x16\x03\x01").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let asked = Instant::now();
    scene.server.signal("TERM");
    assert_eq!(scene.server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[test]
fn without_settings_it_is_plain_and_says_so() {
    let chat = Chat::new();
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello";
    let answer = raw(chat.server.address, hello);
    answer.expect_problem(400, "invalid_parameter");
    assert!(answer.json()["detail"].as_str().unwrap().contains("does not speak TLS"), "{answer:?}");
}
