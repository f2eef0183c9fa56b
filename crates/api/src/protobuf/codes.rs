//! The status that an error has in `google.rpc.Status`.

use http::StatusCode;
use mainstay_engine::Code;

/// A status of gRPC, by its number (google/rpc/code.proto).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "google/rpc/code.proto says what each stands for")]
pub enum Status {
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// The status with which an error is answered: mostly the one that its status in HTTP stands for.
pub(super) fn status(code: Code) -> Status {
    match code {
        Code::UniqueConflict | Code::AlreadyExists => Status::AlreadyExists,
        // Others were at work: what was read has to be read again.
        Code::VersionMismatch | Code::RequirementFailed | Code::SerializationFailed | Code::LockHeld => {
            Status::Aborted
        }
        Code::QueryTimeout => Status::DeadlineExceeded,
        Code::OutcomeUnknown => Status::Unknown,
        other => of_http(crate::status(other)),
    }
}

fn of_http(status: StatusCode) -> Status {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Status::InvalidArgument,
        StatusCode::UNAUTHORIZED => Status::Unauthenticated,
        StatusCode::FORBIDDEN => Status::PermissionDenied,
        StatusCode::NOT_FOUND => Status::NotFound,
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => Status::Unimplemented,
        StatusCode::REQUEST_TIMEOUT => Status::DeadlineExceeded,
        StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        | StatusCode::INSUFFICIENT_STORAGE => Status::ResourceExhausted,
        StatusCode::SERVICE_UNAVAILABLE => Status::Unavailable,
        status if status.is_client_error() => Status::FailedPrecondition,
        _ => Status::Internal,
    }
}
