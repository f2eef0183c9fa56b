//! What nodes tell each other, by NATS: its core alone, which keeps nothing.
//!
//! A connection that breaks is made again by [`crate::wake`], as with every carrier: the client tries each server once and then gives up.

use crate::wake::{Carriage, Carried, Carrier, MAX_WAITING, PIECE_BYTES, Trouble};
use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use futures::stream::{BoxStream, StreamExt};
use mainstay_model::ServiceUrl;
use percent_encoding::percent_decode_str;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the client asks whether the server is there. After two questions without an answer it is not.
const PING: Duration = Duration::from_secs(2);
/// How many commands may wait for the connection.
const COMMANDS: usize = 128;

/// Opens a way to tell other nodes by the servers of `url`, under `subject`. Nothing is connected yet.
///
/// # Errors
/// [`Trouble::BadUrl`]
pub fn open(url: &ServiceUrl, subject: &str) -> Result<Arc<dyn Carriage>, Trouble> {
    let servers = servers(url.reveal())?;
    let login = Login::of(&servers)?;
    let servers = servers.into_iter().map(without_login).collect::<Result<_, _>>()?;
    Ok(Arc::new(Carried::new(Nats { servers, login, subject: subject.to_owned() })))
}

struct Nats {
    servers: Vec<ServerAddr>,
    login: Login,
    subject: String,
}

/// Who we say that we are.
enum Login {
    Nobody,
    Token(String),
    User { name: String, password: String },
}

/// A connection, and what the server said against what went over it: it says so whenever it gets to it, and as an answer to nothing.
struct Connection {
    client: Client,
    complaint: Complaint,
}

type Complaint = Arc<Mutex<Option<String>>>;

impl Nats {
    async fn connect(&self) -> Result<Connection, Trouble> {
        let complaint = Complaint::default();
        let noted = complaint.clone();
        let options = self
            .login
            .apply(ConnectOptions::new())
            .name("mainstay")
            .no_echo()
            .ping_interval(PING)
            .client_capacity(COMMANDS)
            .subscription_capacity(MAX_WAITING)
            .max_reconnects(self.servers.len())
            .event_callback(move |event| {
                note(&noted, &event);
                std::future::ready(())
            });
        let client = options.connect(&self.servers[..]).await.map_err(trouble)?;
        Ok(Connection { client, complaint })
    }
}

impl Connection {
    /// What the server had against something, or that the connection is away.
    fn look(&self) -> Result<(), Trouble> {
        if let Some(complaint) = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(Trouble::Refused(complaint));
        }
        match self.client.connection_state() {
            State::Connected => Ok(()),
            _ => Err(Trouble::unreachable("the connection ended")),
        }
    }
}

impl Carrier for Nats {
    type Teller = Connection;
    type Listener = Connection;

    fn place(&self) -> String {
        let place = |server: &ServerAddr| format!("{}:{}", server.host(), server.port());
        self.servers.iter().map(place).collect::<Vec<_>>().join(",")
    }

    async fn teller(&self) -> Result<Connection, Trouble> {
        self.connect().await
    }

    fn stands(teller: &Connection) -> bool {
        teller.client.connection_state() == State::Connected
    }

    fn piece_bytes(teller: &Connection) -> usize {
        teller.client.max_payload().min(PIECE_BYTES)
    }

    async fn tell(&self, teller: &mut Connection, pieces: &[String]) -> Result<(), Trouble> {
        teller.look()?;
        for piece in pieces {
            let told = teller.client.publish(self.subject.clone(), piece.clone().into()).await;
            told.map_err(Trouble::unreachable)?;
        }
        teller.client.flush().await.map_err(Trouble::unreachable)
    }

    async fn listener(&self) -> Result<(Connection, BoxStream<'static, String>), Trouble> {
        let connection = self.connect().await?;
        let heard = connection.client.subscribe(self.subject.clone()).await.map_err(Trouble::unreachable)?;
        connection.client.flush().await.map_err(Trouble::unreachable)?;
        let pieces =
            heard.filter_map(|message| std::future::ready(String::from_utf8(message.payload.into()).ok()));
        Ok((connection, pieces.boxed()))
    }

    async fn look(listener: &mut Connection) -> Result<(), Trouble> {
        listener.look()
    }
}

fn note(complaint: &Complaint, event: &Event) {
    if let Event::ServerError(error) = event {
        let mut complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner);
        *complaint = Some(error.to_string());
    }
}

fn trouble(error: async_nats::ConnectError) -> Trouble {
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            Trouble::Refused("the user, the password or the token is wrong".to_owned())
        }
        _ => Trouble::unreachable(error),
    }
}

/// The servers of a cluster are written one behind the other, with commas between.
fn servers(urls: &str) -> Result<Vec<ServerAddr>, Trouble> {
    let bad = |why: &str| Trouble::BadUrl(why.to_owned());
    let parse = |url: &str| {
        let server: ServerAddr = url.trim().parse().map_err(|_| bad("it is none of a NATS server"))?;
        match server.is_websocket() || server.host().is_empty() {
            true => Err(bad("it is none of a NATS server: nats://host:4222 or tls://host:4222")),
            false => Ok(server),
        }
    };
    urls.split(',').map(parse).collect()
}

/// The client shows addresses in its logs.
fn without_login(server: ServerAddr) -> Result<ServerAddr, Trouble> {
    let mut url = server.into_inner();
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| Trouble::BadUrl("it has no host".to_owned()))?;
    ServerAddr::from_url(url).map_err(|_| Trouble::BadUrl("it is none of a NATS server".to_owned()))
}

impl Login {
    /// That of the first server that has one: `user:password@`, or a token alone.
    fn of(servers: &[ServerAddr]) -> Result<Self, Trouble> {
        let Some(server) = servers.iter().find(|server| server.has_user_pass()) else {
            return Ok(Login::Nobody);
        };
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded
                .map(|text| text.into_owned())
                .map_err(|_| Trouble::BadUrl("its user is no text".to_owned()))
        };
        let name = decoded(server.username().unwrap_or_default())?;
        Ok(match server.password() {
            Some(password) => Login::User { name, password: decoded(password)? },
            None => Login::Token(name),
        })
    }

    fn apply(&self, options: ConnectOptions) -> ConnectOptions {
        match self {
            Login::Nobody => options,
            Login::Token(token) => options.token(token.clone()),
            Login::User { name, password } => options.user_and_password(name.clone(), password.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(urls: &str, expected: &str) {
        let found = servers(urls).and_then(|servers| {
            let login = match Login::of(&servers)? {
                Login::Nobody => String::new(),
                Login::Token(token) => format!(" token {token}"),
                Login::User { name, password } => format!(" {name} {password}"),
            };
            let servers: Result<Vec<_>, _> = servers.into_iter().map(without_login).collect();
            let urls: Vec<String> = servers?.iter().map(|server| server.as_url_str().to_owned()).collect();
            Ok(urls.join(" ") + &login)
        });
        assert_eq!(found.unwrap_or_else(|trouble| trouble.to_string()), expected, "{urls}");
    }

    #[test]
    fn a_login_is_taken_out_of_the_url() {
        check("nats://a", "nats://a");
        check("nats://ann:p%40ss@a:1,tls://b", "nats://a:1 tls://b ann p@ss");
        check("tls://secret@a", "tls://a token secret");
        check("a:4223", "nats://a:4223");
    }

    #[test]
    fn what_is_no_url_of_nats_is_refused_without_being_shown() {
        let nothing = "the URL cannot be used: it is none of a NATS server";
        check("redis://ann:secret@a", nothing);
        check("nats://ann:secret@a:port", nothing);
        check("nats://a,", &format!("{nothing}: nats://host:4222 or tls://host:4222"));
        check("ws://ann:secret@a", &format!("{nothing}: nats://host:4222 or tls://host:4222"));
    }
}
