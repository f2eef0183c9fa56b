//! The network.

use mainstay_services::{Link, Proxy};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

/// How long silence is waited for.
const SILENCE: Duration = Duration::from_millis(100);

/// A server that answers each byte with the next one, and tells what it got.
fn server() -> (SocketAddr, Receiver<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (got, seen) = sync_channel(100);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, got) = (stream.unwrap(), got.clone());
            thread::spawn(move || {
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() && got.send(byte[0]).is_ok() {
                    stream.write_all(&[byte[0] + 1]).unwrap();
                }
            });
        }
    });
    (address, seen)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    stream
}

/// What comes back: a byte, silence or the end.
fn answer(stream: &mut TcpStream) -> Result<u8, &'static str> {
    let mut byte = [0];
    match stream.read_exact(&mut byte) {
        Ok(()) => Ok(byte[0]),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err("silence"),
        Err(_) => Err("end"),
    }
}

#[test]
fn what_is_frozen_comes_later() {
    let (address, seen) = server();
    let proxy = Proxy::to(address);
    let mut stream = connect(&proxy);
    stream.write_all(&[1]).unwrap();
    assert_eq!(answer(&mut stream), Ok(2));
    assert_eq!(seen.recv(), Ok(1));
    proxy.set(Link::Frozen);
    stream.write_all(&[3]).unwrap();
    assert_eq!(answer(&mut stream), Err("silence"));
    assert!(seen.try_recv().is_err(), "it passed");
    proxy.set(Link::AnswersFrozen);
    assert_eq!(seen.recv_timeout(Duration::from_secs(5)), Ok(3));
    assert_eq!(answer(&mut stream), Err("silence"));
    proxy.set(Link::Open);
    assert_eq!(answer(&mut stream), Ok(4));
}

#[test]
fn what_is_cut_ends_and_comes_back_with_a_new_connection() {
    let (address, _seen) = server();
    let proxy = Proxy::to(address);
    let mut stream = connect(&proxy);
    stream.write_all(&[1]).unwrap();
    assert_eq!(answer(&mut stream), Ok(2));
    proxy.set(Link::Frozen);
    proxy.set(Link::Cut);
    assert_eq!(answer(&mut stream), Err("end"));
    assert_eq!(answer(&mut connect(&proxy)), Err("end"));
    assert_eq!(proxy.connections(), 0);
    proxy.set(Link::Open);
    let mut stream = connect(&proxy);
    stream.write_all(&[5]).unwrap();
    assert_eq!(answer(&mut stream), Ok(6));
    drop(proxy);
    assert_eq!(answer(&mut stream), Err("end"));
}
