//! The HTTP status of each error code.

use http::StatusCode;
use mainstay_engine::Code;

/// The status (RFC 9110, 15) with which an error is answered.
pub fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidId
        | Code::InvalidFilter
        | Code::InvalidOrder
        | Code::InvalidFields
        | Code::InvalidExpand
        | Code::InvalidLimit
        | Code::InvalidCursor
        | Code::InvalidDocument
        | Code::DocumentTooLarge
        | Code::DocumentTooComplex
        | Code::UnknownDocument
        | Code::InvalidVariables
        | Code::InvalidEventId
        | Code::InvalidParameter
        | Code::InvalidJson
        | Code::InvalidMessage
        | Code::InvalidBody
        | Code::DuplicateKey
        | Code::JsonTooDeep
        | Code::NotUtf8 => StatusCode::BAD_REQUEST,
        Code::Unauthenticated | Code::InvalidToken | Code::TokenReused | Code::InvalidCredentials => {
            StatusCode::UNAUTHORIZED
        }
        Code::Forbidden | Code::OriginNotAllowed | Code::InsufficientScope | Code::RegistrationClosed => {
            StatusCode::FORBIDDEN
        }
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Code::ClientOutdated => StatusCode::UPGRADE_REQUIRED,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::UniqueConflict
        | Code::AlreadyExists
        | Code::Restricted
        | Code::TooManyKeys
        | Code::NotDeleted
        | Code::TooManyMatches
        | Code::SerializationFailed
        | Code::LockHeld
        | Code::CascadeTooLarge => StatusCode::CONFLICT,
        Code::VersionMismatch | Code::RequirementFailed | Code::Fenced | Code::HistoryGone => {
            StatusCode::PRECONDITION_FAILED
        }
        Code::MessageTooLarge | Code::BodyTooLarge | Code::BatchTooLarge | Code::AnswerTooLarge => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::ValidationFailed | Code::BatchFailed | Code::BulkFailed | Code::IdempotencyKeyReused => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        Code::TooManyFailures
        | Code::TooManyWatchers
        | Code::TooManySockets
        | Code::TooManySubscriptions
        | Code::TooManyMessages => StatusCode::TOO_MANY_REQUESTS,
        Code::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        // Not 503: clients that send again by themselves on that would do this twice.
        Code::Internal | Code::OutcomeUnknown => StatusCode::INTERNAL_SERVER_ERROR,
        Code::QueryTimeout | Code::Busy | Code::DiskFailed | Code::Moved | Code::DatabaseUnreachable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
    }
}
