//! Messages of clients of the application.

use super::{Field, Message, Type};

pub(super) fn messages() -> Vec<Message> {
    let text = |number, name, doc| Field::optional(number, name, Type::String, doc);
    let request = vec![
        text(1, "platform", "What the client runs on: `ios`, `android`."),
        text(2, "version", "Which version of it this is: `3.2.1`."),
        text(
            3,
            "device",
            "What tells this installation from others, for versions that are rolled out step by step.",
        ),
        text(4, "language", "The languages that the user reads, as `Accept-Language` has them."),
    ];
    let response = vec![
        Field::one(1, "status", Type::String, "How urgent an update is: `ok`, `soft` or `hard`."),
        Field::one(2, "reason", Type::String, "Why."),
        text(3, "minimum", "The oldest version that may be used."),
        text(4, "recommended", "The oldest version that nothing is said of."),
        text(5, "store", "The version in the store."),
        text(6, "message", "What to tell the user."),
        text(7, "link", "Where the user gets it."),
    ];
    vec![
        Message::new("AppCheckRequest", "Asks whether a client is new enough.", request),
        Message::new("AppCheckResponse", "Whether a client is new enough.", response),
    ]
}
