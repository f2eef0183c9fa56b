//! The gRPC status of each error code.

use http::StatusCode;
use mainstay_engine::Code;
use tonic::Code as Status;

/// The status with which an error is answered: mostly the one that its status in HTTP stands for.
pub fn code(code: Code) -> Status {
    match code {
        Code::UniqueConflict | Code::AlreadyExists => Status::AlreadyExists,
        // Others were at work: what was read has to be read again.
        Code::VersionMismatch | Code::RequirementFailed | Code::SerializationFailed | Code::LockHeld => {
            Status::Aborted
        }
        Code::QueryTimeout => Status::DeadlineExceeded,
        Code::OutcomeUnknown => Status::Unknown,
        other => of_http(mainstay_api::status(other)),
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
