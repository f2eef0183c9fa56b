//! Errors as `google.rpc.Status` (google/rpc/status.proto and error_details.proto).

use super::codes::{self, Status};
use mainstay_engine::{Code, Error, FieldError, Part};
use mainstay_proto::wire;
use std::fmt::Write;

/// Whose codes `ErrorInfo.reason` has.
const DOMAIN: &str = "mainstay";
/// How large details may get: clients take trailers of 8 KiB, and encoded they grow by a third.
const MAX_DETAILS: usize = 5 << 10;
/// How much of that the errors of fields take at most.
const MAX_FIELDS: usize = 2 << 10;

/// The status of an error: of a batch that failed, that of its first operation that did.
pub fn status(error: &Error) -> Status {
    match error.parts.first() {
        Some((_, first)) if matches!(error.code, Code::BatchFailed | Code::BulkFailed) => {
            codes::status(first.code)
        }
        _ => codes::status(error.code),
    }
}

/// The bytes of `google.rpc.Status`. `package` is that of the message `Problem`.
pub fn status_message(error: &Error, package: &str, request_id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    wire::int(1, status(error) as i64, &mut out);
    wire::text(2, &error.message, &mut out);
    any("type.googleapis.com/google.rpc.ErrorInfo", &mut out, |out| error_info(error, request_id, out));
    if !error.fields.is_empty() {
        any("type.googleapis.com/google.rpc.BadRequest", &mut out, |out| bad_request(&error.fields, out));
    }
    if let Some(seconds) = error.retry_after_seconds {
        any("type.googleapis.com/google.rpc.RetryInfo", &mut out, |out| {
            wire::nested(1, out, |out| wire::int(1, seconds.cast_signed(), out));
        });
    }
    if !error.parts.is_empty() || !error.fields.is_empty() {
        let name = format!("type.googleapis.com/{package}.Problem");
        let room = MAX_DETAILS.saturating_sub(out.len());
        any(&name, &mut out, |out| problem(error, room, out));
    }
    out
}

/// The message with the faults of fields, for people: many clients show nothing else.
pub fn explained(error: &Error) -> String {
    let mut message = error.message.clone();
    for field in error.fields.iter().take(5) {
        let _ = write!(message, "; {}: {}", field.field, field.message);
    }
    message
}

fn any(name: &str, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    wire::nested(3, out, |out| {
        wire::text(1, name, out);
        wire::nested(2, out, content);
    });
}

fn error_info(error: &Error, request_id: &str, out: &mut Vec<u8>) {
    wire::text(1, error.code.as_str(), out);
    wire::text(2, DOMAIN, out);
    wire::nested(3, out, |out| {
        wire::text(1, "request_id", out);
        wire::text(2, request_id, out);
    });
}

fn bad_request(fields: &[FieldError], out: &mut Vec<u8>) {
    let start = out.len();
    for field in fields {
        if out.len() - start > MAX_FIELDS {
            return;
        }
        wire::nested(1, out, |out| {
            wire::text(1, &field.field, out);
            wire::text(2, &field.message, out);
            wire::text(3, field.code, out);
        });
    }
}

/// The message `Problem`, with as many of the parts as there is room for.
fn problem(error: &Error, room: usize, out: &mut Vec<u8>) {
    let start = out.len();
    wire::text(1, error.code.as_str(), out);
    wire::text(2, &error.message, out);
    for field in &error.fields {
        if out.len() - start > room.min(MAX_FIELDS) {
            break;
        }
        wire::nested(3, out, |out| field_problem(field, out));
    }
    for (part, error) in &error.parts {
        if out.len() - start > room {
            break;
        }
        wire::nested(4, out, |out| {
            match part {
                Part::Operation(index) => wire::int(1, i64::try_from(*index).unwrap_or(i64::MAX), out),
                Part::Record(id) => wire::text(2, &id.to_string(), out),
            }
            wire::nested(3, out, |out| problem(error, room, out));
        });
    }
}

fn field_problem(field: &FieldError, out: &mut Vec<u8>) {
    wire::text(1, &field.field, out);
    wire::text(2, field.code, out);
    wire::text(3, &field.message, out);
}
