//! What ends a socket, byte by byte, as RFC 6455 has it. The Autobahn suite (`cargo xtask autobahn`) tries the same frames at a socket that sends back what it is
//! sent; here it is `/v1/live` itself.

use crate::support::{App, PATIENCE, SETTINGS};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;

/// A client's frame: its first byte as given, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A connection whose handshake is done.
async fn connected(app: &App) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let request = "GET /v1/live HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

/// The server's next frame: its first byte and its payload. `None` where the connection ends.
async fn next(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let first = timeout(PATIENCE, stream.read_u8()).await.unwrap().ok()?;
    let length = match stream.read_u8().await.unwrap() {
        126 => usize::from(stream.read_u16().await.unwrap()),
        127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    Some((first, payload))
}

/// Sees with which code the server closes what sends these frames, and that it ends the connection, too.
async fn check(app: &App, frames: &[Vec<u8>], expected: u16) {
    let mut stream = connected(app).await;
    stream.write_all(&frames.concat()).await.unwrap();
    let closed = loop {
        let (first, payload) = next(&mut stream).await.expect("a close frame");
        if first == FIN | CLOSE {
            break payload;
        }
    };
    let code = closed.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]));
    assert_eq!(code, Some(expected), "{frames:?}");
    assert_eq!(next(&mut stream).await, None, "{frames:?}");
}

async fn app() -> App {
    App::of(&[("mainstay.toml", &format!("{SETTINGS}[live]\nmessage_bytes = 1024\n"))]).await
}

#[tokio::test]
async fn what_breaks_the_protocol_is_told_which_way() {
    let app = app().await;
    let begin = || frame(TEXT, b"{");
    for first in
        [FIN | 3, FIN | 7, FIN | 11, FIN | 15, FIN | TEXT | 0x40, FIN | TEXT | 0x20, FIN | PING | 0x10]
    {
        check(&app, &[frame(first, b"{}")], 1002).await;
    }
    // Control frames are whole, and short.
    check(&app, &[frame(PING, b"")], 1002).await;
    check(&app, &[frame(FIN | PING, &[0; 126])], 1002).await;
    // A message ends before the next begins, and begins before it goes on.
    check(&app, &[frame(FIN, b"{}")], 1002).await;
    check(&app, &[begin(), frame(FIN | TEXT, b"{}")], 1002).await;
    // A client masks.
    check(&app, &[vec![FIN | TEXT, 2, b'{', b'}']], 1002).await;
    // What closes says why with two bytes and a text, or with nothing.
    check(&app, &[frame(FIN | CLOSE, &[3])], 1002).await;
    for code in [0_u16, 999, 1004, 1005, 1006, 1016, 2999, 5000, 65_535] {
        check(&app, &[frame(FIN | CLOSE, &code.to_be_bytes())], 1002).await;
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_which_way() {
    let app = app().await;
    for text in [&b"\xff"[..], b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xce"] {
        check(&app, &[frame(FIN | TEXT, text)], 1007).await;
    }
    // As soon as it is known, and not when the message ends.
    check(&app, &[frame(TEXT, b"\xce"), frame(0, b"\xff")], 1007).await;
    check(&app, &[frame(FIN | CLOSE, b"\x03\xe8\xff")], 1007).await;
    check(&app, &[frame(FIN | BINARY, b"{}")], 1003).await;
    check(&app, &[frame(FIN | TEXT, &[b' '; 1025])], 1009).await;
    check(&app, &[frame(TEXT, &[b' '; 1000]), frame(FIN, &[b' '; 25])], 1009).await;
    // It is not waited for what was announced.
    check(&app, &[vec![FIN | TEXT, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]], 1009).await;
}

#[tokio::test]
async fn who_closes_is_answered_alike() {
    let app = app().await;
    for code in [1000_u16, 1001, 1003, 1011, 3000, 4999] {
        check(&app, &[frame(FIN | CLOSE, &code.to_be_bytes())], code).await;
    }
    let mut stream = connected(&app).await;
    stream.write_all(&frame(FIN | CLOSE, b"")).await.unwrap();
    assert_eq!(next(&mut stream).await, Some((FIN | CLOSE, Vec::new())));
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn control_frames_come_between_the_pieces_of_a_message() {
    let app = app().await;
    let mut stream = connected(&app).await;
    let frames =
        [frame(TEXT, b"{\"id\": 1, "), frame(FIN | PONG, b"nobody asked"), frame(FIN | PING, b"there?")];
    stream.write_all(&frames.concat()).await.unwrap();
    assert_eq!(next(&mut stream).await, Some((FIN | PONG, b"there?".to_vec())));
    stream.write_all(&frame(FIN, b"\"type\": \"ping\"}")).await.unwrap();
    let (first, answer) = next(&mut stream).await.unwrap();
    assert_eq!((first, answer.as_slice()), (FIN | TEXT, &br#"{"id":1,"ok":{}}"#[..]));
}

#[tokio::test]
async fn a_message_that_is_not_completed_is_not_waited_for() {
    let app = App::of(&[("mainstay.toml", &format!("{SETTINGS}[live]\nping_ms = 300\n"))]).await;
    let mut stream = connected(&app).await;
    stream.write_all(&frame(TEXT, b"{")).await.unwrap();
    for _ in 0..9 {
        let (first, payload) = next(&mut stream).await.unwrap();
        if first == FIN | CLOSE {
            assert_eq!(payload, [&4002_u16.to_be_bytes()[..], b"too_slow"].concat());
            return;
        }
        // It is there, and says so.
        stream.write_all(&frame(FIN | PONG, &payload)).await.unwrap();
    }
    panic!("it is waited for");
}

/// More than the system keeps of what is under way, in both directions.
const MUCH: usize = 64 << 20;

#[tokio::test]
async fn who_takes_no_answers_to_its_pings_is_not_read() {
    let app = app().await;
    let mut stream = connected(&app).await;
    let pings = frame(FIN | PING, &[b'x'; 125]).repeat(500);
    let mut sent = 0;
    while timeout(Duration::from_secs(2), stream.write_all(&pings)).await.is_ok_and(|sent| sent.is_ok()) {
        sent += pings.len();
        assert!(sent < MUCH, "all is read, and the answers pile up");
    }
    // Who begins to take them is served as ever.
    assert_eq!(next(&mut stream).await, Some((FIN | PONG, vec![b'x'; 125])));
}
