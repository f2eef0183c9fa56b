//! The answer to a batch.

use crate::encode;
use http::StatusCode;
use mainstay_engine::Written;
use mainstay_model::{Application, json};
use mainstay_ports::Position;

/// `{"results": [{"status": 201, "id": …, "record": {…}}, …]}`
pub(crate) fn body(application: &Application, written: &[Written]) -> Vec<u8> {
    let mut out = b"{\"results\":[".to_vec();
    for (index, written) in written.iter().enumerate() {
        encode::separate(index, &mut out);
        result(application, written, &mut out);
    }
    out.extend_from_slice(b"]}");
    out
}

/// Adds `"position": …` as the last member of the body.
pub(crate) fn put_position(body: &mut Vec<u8>, position: Position) {
    body.pop();
    body.extend_from_slice(b",\"position\":");
    json::encode_str(&position.to_string(), body);
    body.push(b'}');
}

fn result(application: &Application, written: &Written, out: &mut Vec<u8>) {
    let status = match (written.deleted, written.created) {
        (true, _) => StatusCode::NO_CONTENT,
        (false, true) => StatusCode::CREATED,
        (false, false) => StatusCode::OK,
    };
    out.extend_from_slice(format!("{{\"status\":{}", status.as_u16()).as_bytes());
    if let Some(id) = written.id {
        out.extend_from_slice(format!(",\"id\":\"{id}\"").as_bytes());
    }
    if let Some(view) = written.view.as_ref().filter(|_| !written.deleted) {
        out.extend_from_slice(b",\"record\":");
        encode::record(application, view, out);
    }
    out.push(b'}');
}
