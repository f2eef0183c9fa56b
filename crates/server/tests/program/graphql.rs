//! GraphQL as the program serves it.

use crate::chat::Chat;
use crate::support::{Project, Server};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn the_schema_is_printed_and_served() {
    let chat = Chat::new();
    let printed = chat.project.run(&["graphql"]).expect(0).stdout;
    assert!(printed.contains("type Message implements Record {"), "{printed}");
    let query = json!({"query": "{ rooms { nodes { name messages { nodes { text author { email } } } } } }"});
    let data = chat.ann.post("/graphql", &query).expect(200);
    let message = json!({"text": "Hello?", "author": {"email": "ann@example.org"}});
    let room = json!({"name": "Kitchen", "messages": {"nodes": [message]}});
    assert_eq!(data, json!({"data": {"rooms": {"nodes": [room]}}}));
}

#[test]
fn its_page_is_there_while_a_project_is_made_and_not_later() {
    let project = Project::example("chat");
    assert_eq!(project.serve().client().get("/graphiql").status, 404);
    let server = Server::start(&project.path(""), &["dev"]);
    let mut paths =
        vec!["/graphiql".to_owned(), "/graphiql/page.css".to_owned(), "/graphiql/page.js".to_owned()];
    // Each module that another one imports is there.
    for next in 0.. {
        let Some(path) = paths.get(next) else { break };
        let answer = server.client().get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        let text = String::from_utf8(answer.body).unwrap();
        let imported = text.lines().filter_map(|line| line.split_once("from \"./")?.1.strip_suffix("\";"));
        let new: Vec<String> = imported.map(|name| format!("/graphiql/{name}")).collect();
        paths.extend(new.into_iter().filter(|path| !paths.contains(path)).collect::<Vec<_>>());
    }
    assert!(paths.contains(&"/graphiql/walk.js".to_owned()), "{paths:?}");
}

#[test]
fn documents_of_the_project_are_run_by_name_and_checked_at_start() {
    let project = Project::example("chat");
    project.write("api/graphql/rooms.graphql", "query Rooms { rooms { totalCount } }\n");
    let server = project.serve();
    let data = server.client().post("/graphql", &json!({"documentId": "rooms"})).expect(200);
    assert_eq!(data, json!({"data": {"rooms": {"totalCount": 0}}}));
    assert!(server.stop().success());
    project.write("api/graphql/broken.graphql", "{ nothing }\n");
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(2).complains(&[
        "error[graphql_broken]",
        "api/graphql/broken.graphql:1:3",
        "nothing",
    ]);
}

#[test]
fn documents_of_the_project_belong_to_versions() {
    let project = Project::example("versions");
    project.write("api/graphql/v1/list.graphql", "{ todos { nodes { name } } }\n");
    project.write("api/graphql/list.graphql", "{ tasks { nodes { title } } }\n");
    project.run(&["check", "--deny-warnings"]).expect(0);
    let server = project.serve();
    let asked = json!({"documentId": "list"});
    for (path, field) in [("/v1/graphql", "todos"), ("/v2/graphql", "tasks"), ("/graphql", "tasks")] {
        let answer = server.client().post(path, &asked).expect(200);
        assert!(answer["data"].get(field).is_some(), "{path}: {answer}");
    }
    drop(server);
    project.write("api/graphql/v1/wrong.graphql", "query Wrong {\n  tasks { nodes { title } }\n}\n");
    project.write("api/graphql/v2/list.graphql", "{ me { id } }\n");
    project.write("api/graphql/v7/late.graphql", "{ me { id } }\n");
    project.run(&["check"]).expect(1).says(&[
        "error[invalid_document]",
        "api/graphql/v1/wrong.graphql:2:3",
        "error[document_twice]",
        "api/graphql/v2/list.graphql:1:1",
        "error[document_version]",
        "api/graphql/v7/late.graphql:1:1",
        "3 errors, 0 warnings",
    ]);
}

/// A frame of a client's, with a mask of zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[test]
fn a_websocket_is_served_and_does_not_delay_a_stop() {
    let mut chat = Chat::new();
    let mut stream = TcpStream::connect(chat.server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&frame("{\"type\":\"connection_init\"}")).unwrap();
    stream
        .write_all(&frame("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{__typename}\"}}"))
        .unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 4_096]);
    while !seen.contains("complete") {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(seen.starts_with("HTTP/1.1 101"), "{seen}");
    assert!(seen.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{seen}");
    assert!(seen.contains("{\"type\":\"connection_ack\"}"), "{seen}");
    assert!(seen.contains("\"payload\":{\"data\":{\"__typename\":\"Query\"}}"), "{seen}");
    let begun = Instant::now();
    chat.server.signal("TERM");
    assert_eq!(chat.server.wait().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
}

#[test]
fn a_handshake_that_is_none_is_refused() {
    let server = Project::example("chat").serve();
    let answer = server.client().ask("GET", "/graphql", "upgrade: websocket\r\n", None);
    answer.expect_problem(400, "invalid_parameter");
}
