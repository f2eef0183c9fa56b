//! What is logged: the form, the levels, the thread from a request to its commit.

use crate::chat::Chat;
use crate::support::{Engine, Project, Server, is_left_out, raw};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What a server has logged when it has ended, as JSON.
fn lines(mut server: Server) -> Vec<Value> {
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let log = server.log();
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    log.lines().map(line).collect()
}

#[test]
fn logs_are_json_unless_somebody_looks() {
    let chat = Chat::new();
    chat.ann.get("/v1/rooms").expect(200);
    let lines = lines(chat.server);
    let request = lines.iter().find(|line| line["route"] == "/v1/rooms" && line["method"] == "GET").unwrap();
    assert_eq!(
        (&request["target"], &request["level"], &request["status"]),
        (&"http".into(), &"INFO".into(), &200.into())
    );
    for key in ["timestamp", "duration_us", "request_id", "user"] {
        assert!(!request[key].is_null(), "{key} in {request}");
    }
    assert_eq!(lines.last().unwrap()["message"], "stopped", "the last line is written too");
}

#[test]
fn the_command_line_chooses_another_form_and_level() {
    let project = Project::example("chat");
    project.set("[log]\nformat = \"json\"\nlevel = \"off\"");
    let mut server =
        Server::start(&project.path(""), &["serve", "--log-format", "pretty", "--log-level", "info"]);
    server.client().get("/healthz");
    server.signal("TERM");
    server.wait();
    let log = server.log();
    assert!(log.contains(" INFO http: method=\"GET\" route=\"/healthz\" status=200 "), "{log}");
    project.run(&["serve", "--log-format", "xml"]).expect(2).complains(&["--log-format", "`json`"]);
    project.run(&["serve", "--log-level", "a=b=c"]).expect(1).complains(&["error[invalid_log_level]"]);
}

#[test]
fn one_request_id_leads_from_the_request_to_its_commit() {
    let project = Project::example("chat");
    project.set("[log]\nlevel = \"debug\"");
    let server = project.serve();
    let body = r#"{"email": "ann@example.org", "password": "correct horse"}"#;
    let request = format!(
        "POST /v1/auth/register HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: from-there\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(raw(server.address, request.as_bytes()).status, 201);
    let lines = lines(server);
    let of_request: Vec<_> = lines.iter().filter(|line| line["request_id"] == "from-there").collect();
    let is = |line: &Value, target: &str| line["target"].as_str().unwrap().starts_with(target);
    assert!(
        of_request.iter().any(|line| {
            (is(line, "mainstay_embedded") || is(line, "mainstay_scaleout"))
                && line["message"].as_str().unwrap().starts_with("committed")
        }),
        "{lines:?}"
    );
    assert!(of_request.iter().any(|line| is(line, "http") && line["status"] == 201), "{lines:?}");
}

#[test]
fn a_request_whose_client_went_away_has_its_line() {
    let project = Project::example("chat");
    // Passwords that take their time.
    project.write("mainstay.toml", "[accounts.password]\nmemory_kib = 65536\niterations = 10\n");
    let server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let body = r#"{"email": "ann@example.org", "password": "correct horse"}"#;
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length";
    stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop(stream);
    let log = server.logged("/v1/auth/login");
    assert!(log.contains("\"status\":499"), "{log}");
}

/// Whoever reads the log may stop doing so: requests go on, and what was lost is said.
#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let project = Project::example("chat");
    project.set("[log]\nlevel = \"trace\"");
    let (server, mut log) = Server::start_piped(&project.path(""));
    // More than the pipe and the buffer hold: each line has an id of 64 characters.
    let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: {}\r\n\r\n", "x".repeat(64));
    let mut stream = TcpStream::connect(server.address).unwrap();
    let batch = request.repeat(100);
    let mut answers = [0; 64 << 10];
    for _ in 0..100 {
        stream.write_all(batch.as_bytes()).unwrap();
        let mut seen = 0;
        while seen < 100 {
            let count = stream.read(&mut answers).unwrap();
            assert!(count > 0, "it is closed");
            seen += answers[..count].windows(12).filter(|window| window == b"HTTP/1.1 200").count();
        }
    }
    let page = crate::metrics::page(server.address);
    let lost = page.lines().find_map(|line| line.strip_prefix("mainstay_log_lines_lost_total ")).unwrap();
    assert!(lost.parse::<u64>().unwrap() > 100, "{lost} lines were lost");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text).unwrap()
    });
    assert!(server.stop().success());
    let text = reader.join().unwrap();
    assert!(text.contains("lines of the log were lost"), "{} bytes", text.len());
}

#[test]
fn what_goes_wrong_is_in_the_log_at_once() {
    if is_left_out(Engine::Sqlite, "the file that finds no room is the server's where there is one") {
        return;
    }
    let project = Project::example("chat");
    let server = Server::start_under("-f 2000", &project.path(""));
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let room = ann.post("/v1/rooms", &serde_json::json!({"name": "Kitchen"})).expect(201)["id"].clone();
    let message = serde_json::json!({"room": room, "text": "x".repeat(3_000)});
    let refused = (0..1_000).map(|_| ann.post("/v1/messages", &message)).find(|answer| answer.status != 201);
    assert!(refused.is_some(), "the disk is full at last");
    let log = server.logged("\"level\":\"WARN\"");
    server.signal("KILL");
    assert!(log.contains("there is no room to write") || log.contains("disk"), "{log}");
}
