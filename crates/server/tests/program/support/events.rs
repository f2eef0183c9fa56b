//! A client of server-sent events.

use super::Client;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A stream of events.
pub(crate) struct Events {
    pub(crate) reader: BufReader<TcpStream>,
    pub(crate) head: String,
}

/// An event: its name, its id if it has one, and its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// How long an event may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The request of a watch of a list, as `/v1/messages?limit=1`, with further lines in the header.
pub(crate) fn watch_request(client: &Client, list: &str, more: &str) -> String {
    let token = client.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
    format!(
        "GET {list} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n{}{more}\r\n",
        token.unwrap_or_default()
    )
}

impl Events {
    pub(crate) fn open(client: &Client, list: &str) -> Events {
        Events::send(client, &watch_request(client, list, ""))
    }

    pub(crate) fn resume(client: &Client, list: &str, id: &str) -> Events {
        Events::send(client, &watch_request(client, list, &format!("last-event-id: {id}\r\n")))
    }

    pub(crate) fn send(client: &Client, request: &str) -> Events {
        let mut stream = TcpStream::connect(client.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut events = Events { reader: BufReader::new(stream), head: String::new() };
        while !events.head.ends_with("\r\n\r\n") {
            assert!(events.reader.read_line(&mut events.head).unwrap() > 0, "{}", events.head);
        }
        events.head.make_ascii_lowercase();
        assert!(events.head.starts_with("http/1.1 200 "), "{}", events.head);
        events
    }

    /// The next line of the body, without the frames of chunked coding (RFC 9112, 7.1); `None` at its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A chunk's size stands alone on its line, and its end is an empty one that ends with CRLF.
            match line.strip_suffix("\r\n") {
                Some("0") => return None,
                Some(_) => {}
                None => return Some(line.trim_end_matches('\n').to_owned()),
            }
        }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (mut name, mut id) = (None, None);
        loop {
            let line = self.line()?;
            match line.split_once(": ").unwrap_or((line.as_str(), "")) {
                ("event", value) => name = Some(value.to_owned()),
                ("id" | "id:", value) => id = Some(value.to_owned()),
                ("data", value) => {
                    let data = serde_json::from_str(value).unwrap();
                    return Some(Event { name: name.unwrap_or_default(), id, data });
                }
                _ => {}
            }
        }
    }

    /// Checks the next event: its name, and the text of its record or the reason of its end.
    #[track_caller]
    pub(crate) fn expect(&mut self, name: &str, told: &str) -> Event {
        let event = self.next().unwrap_or_else(|| panic!("the stream ends before {name} {told}"));
        let texts = [&event.data["record"]["text"], &event.data["reason"]];
        let found = texts.into_iter().find_map(Value::as_str).unwrap_or_default();
        assert_eq!((event.name.as_str(), found), (name, told), "{event:?}");
        event
    }

    #[track_caller]
    pub(crate) fn expect_end(&mut self, name: &str, reason: &str) -> Event {
        let event = self.expect(name, reason);
        assert_eq!(self.next(), None);
        event
    }
}
