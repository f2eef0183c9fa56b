//! Why a socket is closed (RFC 6455, 7.4).

use mainstay_engine::Ended;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The client did, or its connection is gone.
    Client,
    /// The server stops.
    ShuttingDown,
    /// The token does not count any more.
    Unauthenticated,
    /// Whether the token still counts could not be found out.
    Unavailable,
    /// The client did not take what was sent.
    TooSlow,
    /// The client did not answer a ping.
    Idle,
    /// The client does not keep to the protocol.
    Protocol,
    /// A text is not UTF-8.
    NotUtf8,
    /// A message is of the kind that the subprotocol does not have.
    WrongKind,
    /// A message is too large.
    TooLarge,
}

impl Closing {
    /// All of them.
    pub(crate) const ALL: [Closing; 10] = [
        Closing::Client,
        Closing::ShuttingDown,
        Closing::Unauthenticated,
        Closing::Unavailable,
        Closing::TooSlow,
        Closing::Idle,
        Closing::Protocol,
        Closing::NotUtf8,
        Closing::WrongKind,
        Closing::TooLarge,
    ];

    pub(crate) fn of_seat(reason: Ended) -> Self {
        match reason {
            Ended::ShuttingDown => Closing::ShuttingDown,
            Ended::Unavailable => Closing::Unavailable,
            _ => Closing::Unauthenticated,
        }
    }

    /// What an error of the stream means.
    pub(crate) fn of_error(error: &Error) -> Self {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Closing::TooLarge,
            Error::Utf8(_) => Closing::NotUtf8,
            Error::Protocol(
                tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            ) => Closing::Client,
            Error::Protocol(_) | Error::Capacity(_) => Closing::Protocol,
            _ => Closing::Client,
        }
    }

    /// The stable reason.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Closing::Client => "client",
            Closing::ShuttingDown => "shutting_down",
            Closing::Unauthenticated => "unauthenticated",
            Closing::Unavailable => "unavailable",
            Closing::TooSlow => "too_slow",
            Closing::Idle => "idle",
            Closing::Protocol => "protocol_error",
            Closing::NotUtf8 => "not_utf8",
            Closing::WrongKind => "wrong_kind",
            Closing::TooLarge => "message_too_large",
        }
    }

    /// What the client is told; nothing where it is not there.
    pub(crate) fn frame(self) -> Option<CloseFrame> {
        let code = match self {
            Closing::Client => return None,
            Closing::ShuttingDown => CloseCode::Away,
            Closing::Unavailable => CloseCode::Again,
            Closing::Protocol => CloseCode::Protocol,
            Closing::NotUtf8 => CloseCode::Invalid,
            Closing::WrongKind => CloseCode::Unsupported,
            Closing::TooLarge => CloseCode::Size,
            Closing::Unauthenticated => CloseCode::Library(4001),
            Closing::TooSlow => CloseCode::Library(4002),
            Closing::Idle => CloseCode::Library(4003),
        };
        Some(CloseFrame { code, reason: self.as_str().into() })
    }
}
