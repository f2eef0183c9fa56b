//! The life of a server: what it prints, where it listens, how it ends.

use crate::chat::Chat;
use crate::support::{Answer, Engine, Project, Server, engine};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn it_prints_what_it_opened_and_where() {
    let project = Project::example("chat");
    let server = project.serve();
    let data = match engine() {
        Engine::Sqlite => "./data (SQLite, durability full)",
        Engine::Postgres => "PostgreSQL",
    };
    for part in ["Chat in .: 4 models, ", data, "/docs\nready\n"] {
        assert!(server.banner.contains(part), "no {part:?} in:\n{}", server.banner);
    }
    if engine() == Engine::Postgres {
        // The keys are in the database, which all nodes share.
        assert!(!project.path("data").exists(), "it made a data folder");
        return;
    }
    let mode = |path: &str| fs::metadata(project.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/keys")), (0o700, 0o700));
}

#[test]
fn a_stop_waits_for_the_request_in_flight() {
    let mut chat = Chat::new();
    let body = format!("{{\"room\": \"{}\", \"text\": \"slow\"}}", chat.room);
    let (first, second) = body.split_at(10);
    let mut stream = TcpStream::connect(chat.server.address).unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n\
         content-length: {}\r\n\r\n{first}",
        chat.ann.token.clone().unwrap(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    chat.server.signal("TERM");
    // The port is free at once, and the request is answered all the same.
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(chat.server.address).is_ok() {
        assert!(Instant::now() < deadline, "it still listens");
    }
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 201);
    assert_eq!(chat.server.wait().code(), Some(0));
}

#[test]
fn a_stop_leaves_all_data_in_one_file() {
    if engine() != Engine::Sqlite {
        return;
    }
    let project = Project::example("chat");
    let server = project.serve();
    server.client().registered("ann@example.org", "correct horse");
    assert!(server.stop().success());
    assert!(!project.path("data/mainstay.db-wal").exists(), "the store was not closed");
}

#[test]
fn an_idle_connection_does_not_delay_a_stop() {
    let mut chat = Chat::new();
    let _silent = TcpStream::connect(chat.server.address).unwrap();
    let mut kept = TcpStream::connect(chat.server.address).unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    assert!(kept.read(&mut [0; 1024]).unwrap() > 0);
    let asked = Instant::now();
    chat.server.signal("INT");
    assert_eq!(chat.server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let project = Project::example("chat");
    let mut server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(100));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(130));
}

#[test]
fn a_stop_cuts_what_takes_too_long() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nshutdown_timeout_ms = 200\n");
    let mut server = project.serve();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(server.log().contains("connections were cut"), "{}", server.log());
}

#[test]
fn more_connections_than_allowed_wait_their_turn() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nmax_connections = 1\n");
    let server = project.serve();
    let first = TcpStream::connect(server.address).unwrap();
    let client = server.client();
    let second = std::thread::spawn(move || client.get("/healthz").status);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!second.is_finished(), "it was served beside the first");
    drop(first);
    assert_eq!(second.join().unwrap(), 200);
}

#[test]
fn more_connections_than_descriptors_wait_their_turn() {
    let project = Project::example("chat");
    let server = Server::start_under("-n 64", &project.path(""));
    server.logged("beyond what the limit on open files");
    let many: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!server.log().contains("cannot accept"), "{}", server.log());
    drop(many);
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn dev_applies_what_loses_nothing() {
    let project = Project::of(&[("models/note.toml", "[fields]\ntitle = \"string\"\n")]);
    assert!(project.serve().stop().success());
    project.write(
        "models/note.toml",
        "[fields]\ntitle = \"string\"\nmark = { type = \"int\", optional = true }\n",
    );
    let server = Server::start(&project.path(""), &["dev"]);
    assert!(server.banner.contains("migrated"), "{}", server.banner);
    server.stop();
    project.write("models/note.toml", "[fields]\ntitle = \"string\"\n");
    match engine() {
        Engine::Sqlite => {
            project.run(&["dev"]).expect(1).complains(&["error[schema_differs]", "LOSES DATA"]);
        }
        // A version of the project that does not know the field may share the database with one that does.
        Engine::Postgres => {
            let server = Server::start(&project.path(""), &["dev"]);
            assert!(server.banner.contains("keeps note.mark"), "{}", server.banner);
        }
    }
}
