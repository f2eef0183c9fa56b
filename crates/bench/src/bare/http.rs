//! Bare axum: JSON that never changes, of given sizes.

use crate::http::request;
use crate::load::Target;
use crate::process::Guard;
use crate::script::Script;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::process::{Command, Stdio};

/// This program, to be started again as a child.
pub(crate) fn ourselves() -> Result<Command, String> {
    std::env::current_exe().map(Command::new).map_err(|error| format!("where this program is: {error}"))
}

/// Bare axum in a child. It is killed when this is dropped.
pub(crate) struct BareAxum {
    /// Where it is.
    pub(crate) target: Target,
    _guard: Guard,
}

impl BareAxum {
    /// Starts it with a path for each size in bytes.
    pub(crate) fn start(sizes: &[usize]) -> Result<Self, String> {
        let mut command = ourselves()?;
        command.arg("bare-axum").args(sizes.iter().map(usize::to_string)).stdin(Stdio::piped());
        let (guard, address) = Guard::start(&mut command, |line| line.parse().ok())?;
        Ok(BareAxum { target: Target { address, pid: guard.pid(), database: None }, _guard: guard })
    }
}

/// What each connection asks of it. The token is not looked at, but read: a request has the same headers as one to the program.
pub(crate) fn scripts(size: usize, connections: usize, token: &str) -> Vec<Script> {
    let request = request("GET", &format!("/{size}"), Some(token), None);
    (0..connections)
        .map(|_| Script::constant(request.clone(), 200, |answer, _| answer["text"].is_string()))
        .collect()
}

/// The child's side: prints its address and serves until its stdin ends, so that it cannot be left behind.
pub(crate) fn run(sizes: &[usize]) -> Result<(), String> {
    // As many threads as the program under test has.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.spawn(serve(router(sizes)));
    let ended = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    runtime.shutdown_background();
    ended.map(drop).map_err(|error| error.to_string())
}

async fn serve(router: Router) -> Result<(), String> {
    use axum::serve::ListenerExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?);
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await.map_err(|error| error.to_string())
}

fn router(sizes: &[usize]) -> Router {
    sizes.iter().fold(Router::new(), |router, &size| {
        // It lives as long as the process, as constants do, and a request only takes a reference.
        let body: &'static [u8] = json_of(size).leak();
        router.route(
            &format!("/{size}"),
            get(move || async move { ([(CONTENT_TYPE, "application/json")], body) }),
        )
    })
}

/// An object of so many bytes; of as few as it can have, when that is more.
fn json_of(size: usize) -> Vec<u8> {
    const EMPTY: &str = r#"{"text":""}"#;
    let text = "x".repeat(size.saturating_sub(EMPTY.len()));
    format!(r#"{{"text":"{text}"}}"#).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_size_that_was_asked_for() {
        for (size, expected) in [(0, 11), (11, 11), (12, 12), (400, 400), (12_345, 12_345)] {
            let body = json_of(size);
            assert_eq!(body.len(), expected);
            assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
    }
}
