//! A private NATS and a private Redis.

use mainstay_services::broker::{Kind, Server, Setup};
use std::io::{Read, Write};
use std::net::TcpStream;

/// What a server answers to a client's first words; NATS speaks first.
fn answer(server: &Server, words: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    let mut bytes = [0; 1_024];
    let count = stream.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[test]
fn a_server_answers_goes_away_comes_back_and_goes_with_its_guard() {
    for (kind, hello) in [(Kind::Nats, "INFO {"), (Kind::Redis, "+PONG\r\n")] {
        let mut server = Server::start(kind, &Setup::default()).unwrap();
        let (address, folder) = (server.address(), server.folder().to_owned());
        assert!(answer(&server, "PING\r\n").starts_with(hello));
        server.stop();
        assert!(TcpStream::connect(address).is_err(), "{kind:?} still listens");
        server.start_again();
        assert_eq!(server.address(), address);
        assert!(answer(&server, "PING\r\n").starts_with(hello));
        drop(server);
        assert!(!folder.exists(), "{} is left", folder.display());
        assert!(TcpStream::connect(address).is_err(), "{kind:?} still listens");
    }
}

#[test]
fn who_does_not_know_the_password_is_told_so() {
    let setup = Setup::default().password("secret");
    let redis = Server::start(Kind::Redis, &setup).unwrap();
    assert!(answer(&redis, "PING\r\n").starts_with("-NOAUTH"));
    assert_eq!(answer(&redis, "AUTH secret\r\n"), "+OK\r\n");
    let nats = Server::start(Kind::Nats, &setup).unwrap();
    assert!(answer(&nats, "").contains("\"auth_required\":true"));
}
