//! What strangers can do to a port that speaks TLS.

use super::{HEALTH, Scene, ask};
use crate::support::tls::{Authority, Secured, try_secured};
use crate::support::{Answer, raw};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn plain_http_is_told_where_to_go() {
    let scene = Scene::new();
    for request in [HEALTH, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"hello"] {
        let answer = raw(scene.server.address, request);
        answer.expect_problem(400, "invalid_parameter");
        assert!(answer.json()["detail"].as_str().unwrap().contains("https://"), "{answer:?}");
    }
    assert_eq!(scene.metric("mainstay_connections_refused_total{reason=\"not_tls\"}"), 3.0);
}

#[test]
fn a_handshake_that_is_none_is_answered_with_an_alert() {
    let scene = Scene::new();
    let mut stream = TcpStream::connect(scene.server.address).unwrap();
    stream.write_all(b"\x16\x03\x01\x00\x09\x01\x00\x00\x05hello").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    // An alert (RFC 8446, 6): its type, a version, its length, that it is fatal, and why.
    assert_eq!((answer.first(), answer.len()), (Some(&21), 7), "{answer:?}");
    scene.server.logged("a TLS handshake failed");
    assert_eq!(scene.metric("mainstay_tls_handshakes_total{outcome=\"failed\"}"), 1.0);
}

#[test]
fn a_client_that_does_not_trust_the_certificate_is_logged_in_its_own_words() {
    let scene = Scene::new();
    let stranger = Authority::new().client(&["http/1.1"]);
    assert!(try_secured(scene.server.address, &stranger).is_err());
    scene.server.logged("received fatal alert");
    assert_eq!(scene.health().status, 200);
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused_in_the_handshake() {
    let scene = Scene::new();
    let error = try_secured(scene.server.address, &scene.authority.client(&["smtp"])).err().unwrap();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[test]
fn a_slow_handshake_is_cut_and_holds_nobody_up() {
    let scene = Scene::with("[server]\nrequest_timeout_ms = 3000");
    let begin = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(scene.server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let started = Instant::now();
    let slow: Vec<TcpStream> = (0..50).map(|_| begin(b"\x16\x03\x01\x02")).collect();
    let silent = begin(b"");
    assert_eq!(scene.health().status, 200);
    assert!(started.elapsed() < Duration::from_millis(3_000), "{:?}", started.elapsed());
    for mut stream in slow.into_iter().chain([silent]) {
        assert!(matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_)), "it is kept");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(scene.metric("mainstay_tls_handshakes_total{outcome=\"failed\"}"), 50.0);
}

#[test]
fn faults_within_tls_are_answered_in_the_form_of_the_api() {
    let scene = Scene::with("[server]\nrequest_timeout_ms = 400");
    let ask = |request: &[u8]| ask(&mut scene.connect(&["http/1.1"]), request);
    ask(b"GET\r\n\r\n").expect_problem(400, "invalid_parameter");
    ask(b"GET /healthz HTTP/1.1\r\nhost:").expect_problem(408, "request_timeout");
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(300_000));
    ask(long.as_bytes()).expect_problem(431, "headers_too_large");
    // Who has shaken hands and says no more is let go, in the words of TLS.
    assert_eq!(scene.connect(&["http/1.1"]).read(&mut [0; 16]).unwrap(), 0);
    let mut silent = scene.connect(&["h2"]);
    let ended = silent.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert!(!matches!(ended, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "it is kept");
}

#[test]
fn a_client_that_does_not_read_its_answers() {
    let scene = Scene::with("[server]\nrequest_timeout_ms = 300");
    let mut stream = scene.connect(&["http/1.1"]);
    let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let started = Instant::now();
    let error = loop {
        match write_only(&mut stream, requests.as_bytes()) {
            Ok(()) => assert!(started.elapsed() < Duration::from_secs(10), "it is never cut"),
            Err(error) => break error,
        }
    };
    let cut = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(cut.contains(&error.kind()), "{error}");
    assert_eq!(scene.health().status, 200);
}

/// Sends without reading, as `Secured` does not when both could be done.
fn write_only(stream: &mut Secured, bytes: &[u8]) -> std::io::Result<()> {
    stream.conn.writer().write_all(bytes)?;
    while stream.conn.wants_write() {
        stream.conn.write_tls(&mut stream.sock)?;
    }
    Ok(())
}

#[test]
fn when_all_places_are_taken_it_is_said_within_tls() {
    let scene = Scene::with("[server]\nmax_connections = 2");
    let _crowd = [scene.connect(&["http/1.1"]), scene.connect(&["http/1.1"])];
    let mut stream = scene.connect(&["http/1.1"]);
    let refused: Answer = ask(&mut stream, HEALTH);
    refused.expect_problem(503, "busy");
}
