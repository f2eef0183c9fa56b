//! Operations in Protocol Buffers: requests to what is asked, replies to messages, errors to `google.rpc.Status`.
//!
//! gRPC puts frames around these bytes; REST sends them as they are, to who asks for `application/protobuf`.

mod batch;
mod codes;
mod content;
mod reply;
mod request;
mod status;

pub use codes::Status;
pub use reply::Answer;
pub use request::{Texts, ask, each};
pub use status::{explained, status, status_message};

pub(crate) use content::{behind, body, is_message, kept, problem, response};

use mainstay_model::Application;
use mainstay_proto::{Lock, Messages};
use std::sync::Arc;

/// The messages of a version of the API.
pub(crate) struct Protobuf {
    messages: Messages,
    /// `chat.v1`
    package: String,
}

impl Protobuf {
    pub(crate) fn new(application: Arc<Application>, version: u32, lock: &Lock) -> Self {
        let lock = lock.covering(&application, version);
        let package = format!("{}.v{version}", lock.package);
        Protobuf { messages: Messages::new(application, &lock, version), package }
    }

    pub(crate) fn messages(&self) -> &Messages {
        &self.messages
    }
}
