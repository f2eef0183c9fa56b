//! What one connection asks, over and over: a request made of bytes once, of which a part changes.

use crate::grpc::{self, Call};
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;

/// One answer in this many is read and compared with what was asked; of the others, only the status.
const CHECK_EVERY: u64 = 256;

/// Whether an answer is the one to a request that held this value.
pub(crate) type Accepts = fn(answer: &Value, value: &str) -> bool;

/// A request with a slot, and the values that take turns in it.
pub(crate) struct Script {
    request: Vec<u8>,
    slot: Range<usize>,
    values: Arc<[String]>,
    /// Which value is in the slot.
    current: usize,
    status: u16,
    accepts: Accepts,
    /// The method that is called, where the requests are messages of gRPC.
    call: Option<Call>,
    random: Random,
    asked: u64,
}

impl Script {
    /// A script whose request is always the same.
    pub(crate) fn constant(request: Vec<u8>, status: u16, accepts: Accepts) -> Self {
        Self::varied(request, Arc::new([String::new()]), status, accepts, 0)
    }

    /// A script whose request holds the first of `values`, once, and in its place any of the others, by chance. They are
    /// all of one length, so that no other byte has to change.
    pub(crate) fn varied(
        request: Vec<u8>,
        values: Arc<[String]>,
        status: u16,
        accepts: Accepts,
        seed: u64,
    ) -> Self {
        let first = values.first().map_or("", String::as_str);
        assert!(values.iter().all(|value| value.len() == first.len()), "the values have one length");
        let slot = find(&request, first.as_bytes());
        Script {
            request,
            slot,
            values,
            current: 0,
            status,
            accepts,
            call: None,
            random: Random::new(seed),
            asked: 0,
        }
    }

    /// The same requests, as messages of gRPC in their frames.
    pub(crate) fn calling(self, call: Call) -> Self {
        Script { call: Some(call), ..self }
    }

    /// The method that is called, where the requests are messages of gRPC.
    pub(crate) fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// The next request.
    pub(crate) fn next_request(&mut self) -> &[u8] {
        self.asked += 1;
        if self.values.len() > 1 {
            self.current = self.random.below(self.values.len());
            self.request[self.slot.clone()].copy_from_slice(self.values[self.current].as_bytes());
        }
        &self.request
    }

    /// Whether the answer to the last request is what it should be.
    pub(crate) fn is_good(&self, status: u16, body: &[u8]) -> bool {
        status == self.status && (self.asked % CHECK_EVERY != 1 || self.answers(body))
    }

    fn answers(&self, body: &[u8]) -> bool {
        let value = &self.values[self.current];
        if self.call.is_some() {
            return (self.accepts)(&grpc::told(body, value), value);
        }
        let answer = serde_json::from_slice::<Value>(body);
        answer.is_ok_and(|answer| (self.accepts)(&answer, value))
    }
}

fn find(request: &[u8], value: &[u8]) -> Range<usize> {
    if value.is_empty() {
        return 0..0;
    }
    let at = request.windows(value.len()).position(|part| part == value);
    let at = at.expect("the request holds the first value");
    at..at + value.len()
}

/// Marsaglia's xorshift64: the same requests in each run, and no cost.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero would stay zero, and small seeds would begin alike.
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high half of the product: without the division that a remainder takes.
        ((u128::from(self.0) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(values: &[&str]) -> Script {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        Script::varied(b"GET /aa HTTP/1.1".to_vec(), values, 200, |answer, value| answer["id"] == value, 1)
    }

    #[test]
    fn the_slot_takes_each_value_and_nothing_else_changes() {
        let mut script = script(&["aa", "bb", "cc"]);
        let seen: std::collections::BTreeSet<Vec<u8>> =
            (0..100).map(|_| script.next_request().to_vec()).collect();
        let expected = ["GET /aa HTTP/1.1", "GET /bb HTTP/1.1", "GET /cc HTTP/1.1"];
        assert!(seen.iter().eq(expected.map(|request| request.as_bytes().to_vec()).iter()));
    }

    #[test]
    fn a_constant_request_stays() {
        let mut script = Script::constant(b"GET / HTTP/1.1".to_vec(), 200, |_, _| true);
        assert_eq!(script.next_request(), b"GET / HTTP/1.1");
        assert_eq!(script.next_request(), b"GET / HTTP/1.1");
    }

    #[test]
    fn the_first_answer_is_read_and_every_status_compared() {
        let mut script = script(&["aa"]);
        let check = |script: &Script, status, body: &str, expected| {
            assert_eq!(script.is_good(status, body.as_bytes()), expected, "{status} {body}");
        };
        script.next_request();
        check(&script, 200, r#"{"id":"aa"}"#, true);
        check(&script, 200, r#"{"id":"bb"}"#, false);
        check(&script, 200, "{", false);
        check(&script, 503, r#"{"id":"aa"}"#, false);
        script.next_request();
        check(&script, 200, "{", true);
        check(&script, 503, "{", false);
        (0..CHECK_EVERY - 1).for_each(|_| _ = script.next_request());
        check(&script, 200, "{", false);
    }

    #[test]
    #[should_panic(expected = "one length")]
    fn values_of_other_lengths_are_refused() {
        script(&["aa", "b"]);
    }
}
