//! The live socket: one WebSocket (RFC 6455) over which a client watches, hears channels, sees who is present, and calls operations.
//!
//! A client's messages are requests with an id of its choice; what comes back has that id: an answer, or the events of what it opened. Messages are JSON or
//! MessagePack, as the subprotocol says. `docs/reference/live.md` has all of it. An event is encoded once for all who are told it in one form; what is put before it
//! for each of them is the id alone.
//!
//! This crate owns: the socket and the form of its messages. It must not know: SQL, any adapter, how connections are accepted; and it
//! decides nothing about rights: each request is asked of [`mainstay_api::operations`].

mod answer;
mod call;
mod close;
mod connection;
#[cfg(feature = "echo")]
mod echo;
mod form;
mod frames;
mod handshake;
mod measures;
mod opened;
mod request;
mod session;
mod shape;
mod socket;

#[cfg(feature = "echo")]
pub use echo::endpoint as echo;
pub use handshake::endpoint;
pub use measures::Measures;
