//! One scenario over every protocol: the same records, the same errors, the same feed.
//!
//! `scenario.json` says what is asked of which operation, in the form of none of them. Each protocol has a driver here, which asks in its own words and
//! puts the answer into the form that is compared. Each runs against a program of its own, over new data.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

mod graphql;
mod grpc;
mod grpc_calls;
mod grpc_pages;
mod live;
mod mask;
mod protobuf;
mod rest;
mod scenario;
#[allow(dead_code, unused_imports, reason = "the tests of the program use all of it")]
#[path = "../program/support/mod.rs"]
mod support;
mod versions;

use graphql::Graphql;
use grpc::Grpc;
use live::Live;
use protobuf::Protobuf;
use rest::Rest;
use scenario::{Driver, Run, run};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use support::tls::{Authority, SETTINGS, Tunnel};
use support::{Project, Server};

/// The project of these tests, in a folder of its own.
fn project() -> Project {
    copied("project", &["mainstay.toml", "models/shelf.toml", "models/book.toml"])
}

/// What it has become: it knows the project of these tests as the first version of its API.
fn renamed() -> Project {
    copied("renamed", &["mainstay.toml", "models/rack.toml", "models/tome.toml", "api/v2.toml"])
}

fn copied(name: &str, paths: &[&str]) -> Project {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols").join(name);
    let project = Project::empty();
    for path in paths {
        project.write(path, &std::fs::read_to_string(folder.join(path)).unwrap());
    }
    project
}

/// What comes out of the scenario when it is asked by one protocol, within TLS.
fn outcomes_within_tls(protocol: &str, driver: impl FnOnce(SocketAddr) -> Box<dyn Driver>) -> Run {
    let (authority, project) = (Authority::new(), project());
    project.set(SETTINGS);
    authority.certify(&project);
    let server: Server = project.serve();
    let tunnel = Tunnel::open(server.address, authority.client(&[protocol]));
    run(&mut *driver(tunnel.address), project.data())
}

/// What comes out of the scenario when it is asked by one protocol.
fn outcomes(driver: impl FnOnce(SocketAddr) -> Box<dyn Driver>) -> Run {
    outcomes_of(&project(), driver)
}

fn outcomes_of(project: &Project, driver: impl FnOnce(SocketAddr) -> Box<dyn Driver>) -> Run {
    let server: Server = project.serve();
    run(&mut *driver(server.address), project.data())
}

/// Shows the first step that differs, and not a page of JSON.
#[track_caller]
fn assert_same(protocol: &str, found: &Run, expected: &Run) {
    for (found, expected) in found.steps.iter().zip(&expected.steps) {
        assert_eq!(found.1, expected.1, "{protocol}: {}", expected.0);
    }
    assert_eq!(found.steps.len(), expected.steps.len(), "{protocol}");
    assert_eq!(pretty(&found.feed), pretty(&expected.feed), "{protocol}: the feed");
}

fn pretty(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn rest_does_what_the_scenario_says() {
    let first = outcomes(|address| Box::new(Rest::new(address)));
    assert!(first.feed.len() > 10, "{}", pretty(&first.feed));
    let second = outcomes(|address| Box::new(Rest::new(address)));
    assert_same("rest, a second time", &second, &first);
}

#[test]
fn grpc_does_what_rest_does() {
    let rest = outcomes(|address| Box::new(Rest::new(address)));
    let grpc = outcomes(|address| Box::new(Grpc::new(address)));
    assert_same("grpc", &without_null(&grpc), &without_null(&rest));
}

#[test]
fn rest_in_protocol_buffers_does_what_grpc_does() {
    let grpc = outcomes(|address| Box::new(Grpc::new(address)));
    let messages = outcomes(|address| Box::new(Protobuf::new(address)));
    assert_same("protobuf", &messages, &grpc);
}

/// What is null is not there in a message, nor is an empty list.
fn without_null(run: &Run) -> Run {
    let steps = run.steps.iter().map(|(says, outcome)| (says.clone(), present(outcome))).collect();
    Run { steps, feed: run.feed.clone() }
}

fn present(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(present).collect(),
        Value::Object(entries) => {
            let is_there =
                |value: &Value| !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty());
            let present = entries.iter().filter(|(_, value)| is_there(value));
            present.map(|(name, value)| (name.clone(), self::present(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn graphql_does_the_same() {
    let expected = outcomes(|address| Box::new(Rest::new(address)));
    let found = outcomes(|address| Box::new(Graphql::new(address)));
    assert_same("graphql", &found, &expected);
}

type Make = fn(SocketAddr) -> Box<dyn Driver>;

#[test]
fn clients_of_an_older_version_notice_nothing() {
    let expected = without_null(&outcomes(|address| Box::new(Rest::new(address))));
    let feed = outcomes_of(&renamed(), |address| Box::new(Rest::new(address))).feed;
    assert!(pretty(&feed).contains("\"heading\""), "the feed is the newest version's: {}", pretty(&feed));
    let expected = Run { feed, ..expected };
    let protocols: [(&str, Make); 5] = [
        ("rest", |address| Box::new(Rest::new(address))),
        ("protobuf", |address| Box::new(Protobuf::new(address))),
        ("grpc", |address| Box::new(Grpc::new(address))),
        ("graphql", |address| Box::new(Graphql::new(address))),
        ("live", |address| Box::new(Live::new(address))),
    ];
    for (name, driver) in protocols {
        let found = outcomes_of(&renamed(), driver);
        assert_same(&format!("{name} in version 1"), &without_null(&found), &expected);
    }
}

#[test]
fn the_socket_does_what_rest_does() {
    let rest = outcomes(|address| Box::new(Rest::new(address)));
    let live = outcomes(|address| Box::new(Live::new(address)));
    assert_same("live", &live, &rest);
}

#[test]
fn each_does_the_same_within_tls() {
    let plain = outcomes(|address| Box::new(Rest::new(address)));
    let rest = outcomes_within_tls("http/1.1", |address| Box::new(Rest::new(address)));
    assert_same("rest within TLS", &rest, &plain);
    let graphql = outcomes_within_tls("http/1.1", |address| Box::new(Graphql::new(address)));
    assert_same("graphql within TLS", &graphql, &plain);
    let live = outcomes_within_tls("http/1.1", |address| Box::new(Live::new(address)));
    assert_same("live within TLS", &live, &plain);
    let grpc = outcomes_within_tls("h2", |address| Box::new(Grpc::new(address)));
    assert_same("grpc within TLS", &without_null(&grpc), &without_null(&plain));
}
