//! What strangers can do to a connection: each has a clear outcome, and none costs the others.

use crate::chat::Chat;
use crate::support::{Answer, Project, raw};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

#[test]
fn a_header_that_is_too_large() {
    let project = Project::example("chat");
    let server = project.serve();
    // Both just beyond the limit and far beyond it: the client reads the answer even when it is still sending.
    for size in [20_000, 3_000_000] {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(size));
        raw(server.address, request.as_bytes()).expect_problem(431, "headers_too_large");
    }
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    raw(server.address, path.as_bytes()).expect_problem(431, "headers_too_large");
}

#[test]
fn a_header_within_the_limit() {
    let project = Project::example("chat");
    let server = project.serve();
    let request = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: {}\r\n\r\n",
        "a".repeat(15_000)
    );
    assert_eq!(raw(server.address, request.as_bytes()).status, 200);
}

#[test]
fn a_body_that_is_too_large() {
    let project = Project::example("chat");
    let server = project.serve();
    let body = format!("{{\"email\": \"{}\"}}", "a".repeat(2_000_000));
    server.client().send("POST", "/v1/auth/register", Some(&body)).expect_problem(413, "body_too_large");
}

#[test]
fn bytes_that_are_not_http() {
    let project = Project::example("chat");
    let server = project.serve();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello"[..],
        b"GET\r\n\r\n",
        b"PRX * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        raw(server.address, bytes).expect_problem(400, "invalid_parameter");
    }
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn a_connection_in_http_2_on_which_nothing_is_asked_is_let_go() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 300\n");
    let server = project.serve();
    for begins in ["PR", "PRI ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(begins.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(stream.read_to_end(&mut Vec::new()).is_ok(), "{begins:?} is kept");
    }
}

#[test]
fn a_client_that_is_slow_to_send_its_header() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 300\n");
    let server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    Answer::read(&mut stream).expect_problem(408, "request_timeout");
    // Who has sent nothing is let go without a word.
    let mut silent = TcpStream::connect(server.address).unwrap();
    let mut bytes = Vec::new();
    silent.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"");
}

#[test]
fn a_client_that_is_slow_to_send_its_body() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 300\n");
    let server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    stream.write_all(head).unwrap();
    Answer::read(&mut stream).expect_problem(408, "request_timeout");
}

#[test]
fn a_client_that_does_not_read_its_answers() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 300\n");
    let server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let started = Instant::now();
    // The server stops reading when its answers do not go away, and then ends the connection.
    let error = loop {
        match stream.write_all(requests.as_bytes()) {
            Ok(()) => assert!(started.elapsed() < Duration::from_secs(10), "it is never cut"),
            Err(error) => break error,
        }
    };
    let cut = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(cut.contains(&error.kind()), "{error}");
    assert_eq!(server.client().get("/healthz").status, 200);
}

/// Sends a byte at a time, as long as anybody listens. Answers what comes back.
fn trickle(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let bytes = bytes.to_vec();
    let sending = std::thread::spawn(move || {
        for byte in bytes {
            if sender.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    let answer = Answer::read(&mut stream);
    drop(stream);
    sending.join().unwrap();
    answer
}

#[test]
fn a_client_that_sends_a_byte_now_and_then() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 400\n");
    let server = project.serve();
    let started = Instant::now();
    trickle(server.address, &b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: aaaaaaaaaaaaaaa".repeat(2))
        .expect_problem(408, "request_timeout");
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        while sender.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    Answer::read(&mut stream).expect_problem(408, "request_timeout");
    drop(stream);
    sending.join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "each byte bought more time");
    let page = crate::metrics::page(server.address);
    assert!(page.contains("mainstay_connections_refused_total{reason=\"request_timeout\"} 1\n"), "{page}");
}

/// Asks once, reads the answer, and goes on with these bytes on the same connection.
fn after_a_request(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    // A server that has said its last word may cut us off while we go on.
    let _ = stream.write_all(bytes);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    rest
}

#[test]
fn a_kept_connection_is_refused_in_the_same_form() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 400\n");
    let server = project.serve();
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(20_000));
    for (bytes, status, code) in [
        (large.as_bytes(), 431, "headers_too_large"),
        (b"NONSENSE\r\n\r\n", 400, "invalid_parameter"),
        (b"GET / HTTP/1.1\r\nhost:", 408, "request_timeout"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "invalid_parameter"),
    ] {
        Answer::parse(after_a_request(server.address, bytes)).expect_problem(status, code);
    }
    assert_eq!(after_a_request(server.address, b""), b"", "who just idles is let go without a word");
}

#[test]
fn a_request_that_does_not_say_for_whom() {
    let chat = Chat::new();
    for head in ["", "host: a\r\nhost: b\r\n", "host: a b\r\n", "host: a/b\r\n"] {
        let request = format!("GET /v1/rooms HTTP/1.1\r\n{head}\r\n");
        raw(chat.server.address, request.as_bytes()).expect_problem(400, "invalid_parameter");
    }
    assert_eq!(raw(chat.server.address, b"GET /healthz HTTP/1.0\r\n\r\n").status, 200);
    chat.server.logged("refused before it was a request");
}

/// Half of them have asked once and keep their connection, the others never said a word.
fn crowd(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut crowd: Vec<TcpStream> = Vec::with_capacity(count);
    for number in 0..count {
        let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{number}: {error}"));
        if number % 2 == 0 {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            assert!(stream.read(&mut [0; 1_024]).unwrap() > 0);
        }
        crowd.push(stream);
    }
    crowd
}

/// The value of a metric.
fn metric(address: SocketAddr, name: &str) -> f64 {
    let page = crate::metrics::page(address);
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap().parse().unwrap()
}

/// 10,000 connections, or as many as the limit on open files lets a process have: both this one and the server need one for each.
#[test]
fn ten_thousand_connections() {
    let descriptors = rlimit::increase_nofile_limit(12_000).unwrap();
    let count = usize::try_from(descriptors).unwrap().saturating_sub(1_000).clamp(100, 10_000);
    let project = Project::example("chat");
    let settings =
        format!("max_connections = {count}\nmetrics_listen = \"127.0.0.1:0\"\nrequest_timeout_ms = 60000");
    project.write("mainstay.toml", &format!("[server]\n{settings}\n"));
    let server = project.serve();
    let metrics = server.banner.split("metrics     http://").nth(1).unwrap().split('/').next().unwrap();
    let metrics: SocketAddr = metrics.parse().unwrap();
    let before = metric(metrics, "process_resident_memory_bytes");
    let mut crowd = crowd(server.address, count);
    let deadline = Instant::now() + Duration::from_secs(10);
    while metric(metrics, "mainstay_connections_open") < count as f64 {
        assert!(Instant::now() < deadline, "not all are accepted");
    }
    let each = (metric(metrics, "process_resident_memory_bytes") - before) / count as f64;
    println!("{count} connections, {each:.0} bytes each");
    assert!(each < 32_768.0, "a connection takes {each} bytes");
    // The next one is told so, when it has waited a moment, and others at once.
    server.client().get("/healthz").expect_problem(503, "busy");
    let started = Instant::now();
    let refused = server.client().get("/healthz");
    refused.expect_problem(503, "busy");
    assert!(refused.head.to_ascii_lowercase().contains("retry-after: 1"), "{}", refused.head);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(metric(metrics, "mainstay_connections_refused_total{reason=\"busy\"}") >= 2.0);
    // Those who have a place are served as ever.
    let first = &mut crowd[0];
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(first.read(&mut [0; 1_024]).unwrap() > 0);
    crowd.truncate(count / 2);
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.client().get("/healthz").status != 200 {
        assert!(Instant::now() < deadline, "the places are not given back");
    }
}

#[test]
fn thousands_of_idle_connections_are_let_go() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nrequest_timeout_ms = 1000\nmetrics_listen = \"127.0.0.1:0\"\n");
    let descriptors = rlimit::increase_nofile_limit(4_000).unwrap();
    let count = usize::try_from(descriptors).unwrap().saturating_sub(1_000).clamp(100, 3_000);
    let server = project.serve();
    let crowd = crowd(server.address, count);
    for mut stream in crowd {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "it is closed without a word");
    }
    assert_eq!(server.client().get("/healthz").status, 200);
}
