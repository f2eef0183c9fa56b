//! Messages of gRPC.

use crate::world::World;
use http::Method;

const UNKNOWN: &str = "2";
const INTERNAL: &str = "13";

/// Calls a method with a message, as gRPC-Web has it: there the status is at the end of the body.
pub(crate) fn check(world: &World, bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(method), message) = (std::str::from_utf8(&bytes[..end]), &bytes[end + 1..]) else { return };
    if !method.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/') {
        return;
    }
    let message = world.with_ids(message);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let body = [&[0], &length.to_be_bytes()[..], &message].concat();
    // A watch would go on for ever.
    let timeout: &[u8] = if method.ends_with("/Watch") { b"2m" } else { b"5S" };
    let headers: [(&str, &[u8]); 2] =
        [("content-type", b"application/grpc-web+proto"), ("grpc-timeout", timeout)];
    let answer = world.ask(Method::POST, &format!("/fuzz.v1.{method}"), &headers, &body);
    if answer.status == 404 {
        return;
    }
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let in_head = answer.headers.get("grpc-status").and_then(|status| status.to_str().ok());
    let status = in_head.map(str::to_owned).or_else(|| at_end(&answer.body));
    let status = status.unwrap_or_else(|| panic!("no status in {:?}", answer.body));
    assert!(status != UNKNOWN && status != INTERNAL, "{method}: {status} {:?}", answer.body);
}

/// The status in the last frame of a body.
fn at_end(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let (_, status) = text.rsplit_once("grpc-status:")?;
    Some(status.trim_start().chars().take_while(char::is_ascii_digit).collect())
}
