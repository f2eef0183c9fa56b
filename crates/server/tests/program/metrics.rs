//! What the program tells Prometheus, who may read it, and that no client can make it grow.

use crate::chat::Chat;
use crate::support::{Client, Engine, Project, engine, raw, repository};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

/// The page, as a program on this machine gets it.
pub(crate) fn page(address: SocketAddr) -> String {
    let answer = Client::new(address).get("/metrics");
    assert_eq!(answer.status, 200, "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    String::from_utf8(answer.body).unwrap()
}

/// The value of a series.
#[track_caller]
pub(crate) fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in:\n{page}")).parse().unwrap()
}

fn series(page: &str) -> usize {
    page.lines().filter(|line| !line.starts_with('#')).count()
}

#[test]
fn promtool_finds_nothing_to_object_to() {
    let chat = Chat::new();
    let page = page(chat.server.address);
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(
            "`promtool` is missing: `cargo xtask test` provides it, or install Debian's package `prometheus`",
        );
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
}

#[test]
fn what_happens_is_counted() {
    let chat = Chat::new();
    let before = page(chat.server.address);
    chat.say("counted").expect(201);
    chat.ann.get("/v1/messages?filter=text=='x'").expect(200);
    chat.ann.get("/v1/rooms/nonsense").expect_problem(400, "invalid_id");
    let wrong = serde_json::json!({"email": "ann@example.org", "password": "wrong horse"});
    chat.server.client().post("/v1/auth/login", &wrong).expect_problem(401, "invalid_credentials");
    let after = page(chat.server.address);
    let grew = |series: &str| value(&after, series) - value(&before, series);
    let route = r#"method="POST",route="/v1/messages""#;
    assert_eq!(grew(&format!(r#"mainstay_http_requests_total{{{route},code="201"}}"#)), 1.0);
    assert_eq!(grew(&format!("mainstay_http_request_duration_seconds_count{{{route}}}")), 1.0);
    assert!(grew(&format!("mainstay_http_request_body_bytes_total{{{route}}}")) > 50.0);
    assert!(grew(&format!("mainstay_http_response_body_bytes_total{{{route}}}")) > 100.0);
    assert!(grew(r#"mainstay_transactions_total{outcome="committed"}"#) >= 2.0);
    assert_eq!(grew("mainstay_login_failures_total"), 1.0);
    assert_eq!(grew("mainstay_password_wait_seconds_count"), 1.0);
    assert_eq!(grew("mainstay_feed_end_offset"), 1.0);
    assert!(grew(r#"mainstay_access_tokens_total{account="remembered"}"#) >= 2.0);
    assert!(grew("mainstay_network_received_bytes_total") > 500.0);
    let list = r#"mainstay_http_requests_total{method="GET",route="/v1/messages",code="200"}"#;
    let refused = r#"mainstay_http_requests_total{method="GET",route="/v1/rooms/{id}",code="400"}"#;
    assert_eq!((value(&after, list), value(&after, refused)), (1.0, 1.0));
    // The request that asks is itself in flight.
    assert_eq!(value(&after, "mainstay_http_requests_in_flight"), 1.0);
    assert!(value(&after, "mainstay_connections_open") >= 1.0);
    if engine() == Engine::Sqlite {
        // The message, and what is counted of the failed login.
        assert!(grew("mainstay_commit_group_size_sum") >= 2.0);
        assert!(grew("mainstay_commit_duration_seconds_count") >= 2.0);
        assert!(grew("mainstay_feed_size_bytes") > 80.0);
        assert!(value(&after, "mainstay_database_size_bytes") >= 4_096.0);
        assert!(value(&after, "mainstay_database_wal_size_bytes") > 4_096.0);
    }
    assert!(value(&after, "process_open_fds") > 5.0 && value(&after, "process_resident_memory_bytes") > 1e6);
}

#[test]
fn watches_are_counted_and_share_the_series_of_their_list() {
    let chat = Chat::new();
    let mut stream = TcpStream::connect(chat.server.address).unwrap();
    let token = chat.ann.token.clone().unwrap();
    let head = format!(
        "GET /v1/messages HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert!(stream.read(&mut [0; 1_024]).unwrap() > 0, "it has begun");
    chat.ann.get("/v1/messages").expect(200);
    let page = page(chat.server.address);
    assert_eq!(value(&page, r#"mainstay_watchers{of="records"}"#), 1.0);
    assert_eq!(value(&page, r#"mainstay_watchers{of="channel"}"#), 0.0);
    assert_eq!(
        value(&page, r#"mainstay_http_requests_total{method="GET",route="/v1/messages",code="200"}"#),
        2.0
    );
    let mut series: Vec<&str> =
        page.lines().filter_map(|line| line.rsplit_once(' ')).map(|(series, _)| series).collect();
    series.retain(|series| !series.starts_with('#'));
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "a series is there twice:\n{page}");
}

#[test]
fn strangers_make_no_series() {
    let chat = Chat::new();
    let strange = |number: usize| {
        let ask = |line: String| {
            let request =
                format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            raw(chat.server.address, request.as_bytes());
        };
        ask(format!("GET /path/{number}"));
        ask(format!("METHOD{number} /v1/messages"));
        ask(format!("GET /v1/messages/{number}"));
        ask(format!("GET /v1/messages?filter={number}"));
        ask(format!("POST /v1/auth/login?x={number}"));
        ask(format!("GET /%{number}"));
        ask(format!("GET http://host{number}/v1/rooms"));
    };
    // After the first round all that strangers can bring forth is there, the page itself included.
    (0..3).for_each(strange);
    page(chat.server.address);
    let first = page(chat.server.address);
    (1_000..1_030).for_each(strange);
    let second = page(chat.server.address);
    assert_eq!(series(&first), series(&second), "{second}");
    // The guide says this number.
    let others = second.lines().filter(|line| !line.starts_with('#') && !line.contains("route=")).count();
    let bound = if engine() == Engine::Sqlite { 180 } else { 230 };
    assert!(others <= bound, "{others} series that no route has");
    assert!(!second.contains("1001") && !second.contains("METHOD"), "{second}");
    assert!(
        value(&second, r#"mainstay_http_requests_total{method="other",route="unmatched",code="404"}"#)
            >= 30.0
    );
}

#[test]
fn only_this_machine_reads_it() {
    let chat = Chat::new();
    let ask = |head: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\n{head}connection: close\r\n\r\n");
        raw(chat.server.address, request.as_bytes())
    };
    assert_eq!(ask("host: localhost\r\n").status, 200);
    let proxied: [&str; 4] = [
        "host: example.org\r\n",
        "host: localhost\r\nx-forwarded-for: 192.0.2.1\r\n",
        "host: localhost\r\nforwarded: for=192.0.2.1\r\n",
        "host: localhost\r\nvia: 1.1 proxy\r\n",
    ];
    for head in proxied {
        ask(head).expect_problem(404, "not_found");
    }
}

#[test]
fn a_listener_of_its_own_has_nothing_else() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[server]\nmetrics_listen = \"127.0.0.1:0\"\n");
    let server = project.serve();
    let address = server.banner.split("metrics     http://").nth(1).unwrap().split('/').next().unwrap();
    let address: SocketAddr = address.parse().unwrap();
    // Through it a proxy may ask too: whoever chose the address decides who reaches it.
    let proxied = b"GET /metrics HTTP/1.1\r\nhost: example.org\r\nvia: x\r\nconnection: close\r\n\r\n";
    assert_eq!(raw(address, proxied).status, 200);
    assert!(page(address).contains("mainstay_build_info{version="));
    Client::new(address).get("/v1/rooms").expect_problem(404, "not_found");
    Client::new(address).send("POST", "/metrics", None).expect_problem(404, "not_found");
    assert_eq!(Client::new(address).send("HEAD", "/nowhere", None).status, 404);
    server.client().get("/metrics").expect_problem(404, "not_found");
}

/// What stands around the list of metrics in the guide: of those on SQLite, and of those that only PostgreSQL has.
fn marks() -> (&'static str, &'static str) {
    match engine() {
        Engine::Sqlite => (
            "<!-- The list is made from the page: UPDATE_DOCS=1 cargo test -p mainstay metrics -->\n",
            "<!-- The list ends here. -->\n",
        ),
        Engine::Postgres => (
            "<!-- This list, too: UPDATE_DOCS=1 cargo test -p mainstay --features postgres metrics -->\n",
            "<!-- It ends here. -->\n",
        ),
    }
}

#[test]
fn the_guide_lists_them_all() {
    let path = repository().join("docs/guide/operations.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (begin, end) = marks();
    let (before, rest) = guide.split_once(begin).expect("the list begins");
    let (_, after) = rest.split_once(end).expect("the list ends");
    let mut list = list(&page(Chat::new().server.address));
    if engine() == Engine::Postgres {
        // The list before it has those that both have.
        list =
            list.split_inclusive('\n').filter(|line| !before.contains(line) || !line.contains('`')).collect();
    }
    let expected = format!("{before}{begin}{list}{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert_eq!(guide, expected, "run it with UPDATE_DOCS=1");
    }
}

/// A table of the metrics on a page.
fn list(page: &str) -> String {
    let mut list = "| metric | type | meaning |\n| --- | --- | --- |\n".to_owned();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let kind = lines.next().unwrap().rsplit(' ').next().unwrap();
        let labels = page.lines().find_map(|line| labels(line, name)).unwrap_or_default();
        list += &format!("| `{name}`{labels} | {kind} | {help} |\n");
    }
    list
}

/// The names of the labels in a line of a metric, without the bound of a histogram.
fn labels(line: &str, name: &str) -> Option<String> {
    let rest = line.strip_prefix(name)?;
    let rest = rest.strip_prefix("_count").unwrap_or(rest);
    let labels = rest.strip_prefix('{')?.split_once("} ")?.0;
    let names: Vec<_> = labels.split("\",").filter_map(|label| label.split('=').next()).collect();
    Some(format!(" by {}", names.join(", ")))
}
