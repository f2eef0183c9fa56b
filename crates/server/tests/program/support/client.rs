//! A small HTTP/1.1 client: a connection for each request.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Asks in the name of an account, or of nobody.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the header, as they came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Client { address, token: None }
    }

    /// Makes an account and logs in.
    pub(crate) fn registered(&self, email: &str, password: &str) -> (Client, String) {
        let account = json!({"email": email, "password": password});
        let user = self.post("/v1/auth/register", &account).expect(201);
        (self.logged_in(email, password), user["id"].as_str().unwrap().to_owned())
    }

    pub(crate) fn logged_in(&self, email: &str, password: &str) -> Client {
        let tokens = self.post("/v1/auth/login", &json!({"email": email, "password": password})).expect(200);
        Client { token: Some(tokens["access_token"].as_str().unwrap().to_owned()), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(&body.to_string()))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(&body.to_string()))
    }

    /// Sends a request with an `Idempotency-Key`.
    pub(crate) fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &format!("idempotency-key: {key}\r\n"), Some(&body.to_string()))
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.ask(method, path, "", body)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}", self.address);
        if let Some(token) = &self.token {
            request += &format!("authorization: Bearer {token}\r\n");
        }
        if let Some(body) = body {
            request += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        raw(self.address, format!("{request}\r\n{}", body.unwrap_or("")).as_bytes())
    }
}

/// Sends bytes, and reads what comes back until the server closes.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    Answer::read(&mut stream)
}

impl Answer {
    /// Reads to the end of the stream.
    pub(crate) fn read(stream: &mut impl Read) -> Answer {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(bytes)
    }

    /// An answer from its bytes.
    #[track_caller]
    pub(crate) fn parse(mut bytes: Vec<u8>) -> Answer {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer but {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes.split_off(end + 4) }
    }

    /// The value of a header, whose name is in small letters.
    #[allow(dead_code, reason = "for the tests of moving, which share this file")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of an answer that has this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}\n{}", self.head, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Checks status and code of a problem document.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(
            self.head.to_ascii_lowercase().contains("content-type: application/problem+json"),
            "{}",
            self.head
        );
        assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{problem}");
    }
}
