//! Errors as gRPC has them: a code, a message, and details.

use axum::body::Body;
use http::Response;
use mainstay_api::protobuf;
use mainstay_engine::{Code, Error};
use tonic::Status;

/// An error as a status with its details. `package` is that of the message `Problem`.
pub(crate) fn status(error: &Error, package: &str, request_id: &str) -> Status {
    log(error, request_id);
    let code = tonic::Code::from_i32(protobuf::status(error) as i32);
    let details = protobuf::status_message(error, package, request_id);
    Status::with_details(code, protobuf::explained(error), details.into())
}

/// The answer to a call that failed before it began.
pub(crate) fn refused(status: Status) -> Response<Body> {
    status.into_http()
}

/// The private part of an error is for the log alone.
fn log(error: &Error, request_id: &str) {
    let Some(detail) = &error.detail else { return };
    let code = error.code.as_str();
    match error.code {
        Code::Internal => tracing::error!(target: "grpc", request_id, code, detail, "request failed"),
        // The store has said so once, when writes stopped.
        Code::DiskFailed | Code::Moved | Code::DatabaseUnreachable => {
            tracing::debug!(target: "grpc", request_id, code, detail, "request refused");
        }
        _ => tracing::warn!(target: "grpc", request_id, code, detail, "request refused"),
    }
}
