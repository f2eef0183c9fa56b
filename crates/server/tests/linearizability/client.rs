//! Calls over REST.

use crate::random::Random;
use crate::record::{Answer, Call, Cell};
use crate::wire::Wire;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use uuid::Uuid;

/// What became of a call.
pub(crate) enum Outcome {
    Answered(Answer),
    /// It was certainly not done.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// What a client, or something between it and the program, does wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    /// Now and then what somebody read earlier is answered, as by a cache that nobody clears.
    StaleRead,
    /// Now and then a write is answered and not sent.
    LostWrite,
    /// Now and then the condition of a write is left out, so that it overwrites what it did not know.
    LostUpdate,
}

/// What was read first of each record, for clients that lie.
pub(crate) type Cache = Mutex<HashMap<Uuid, Answer>>;

/// Makes a call. An error is a connection that broke: nobody knows what became of the call.
pub(crate) fn call(wire: &mut Wire, id: Uuid, call: Call) -> io::Result<Outcome> {
    let path = format!("/v1/cells/{id}");
    let (method, number, condition) = match call {
        Call::Get => ("GET", None, None),
        Call::Put { number, if_version } => ("PUT", Some(number), if_version.map(if_match)),
        Call::Create { number } => ("PUT", Some(number), Some("if-none-match: *\r\n".to_owned())),
        Call::Update { number, if_version } => ("PATCH", Some(number), if_version.map(if_match)),
        Call::Delete { if_version } => ("DELETE", None, if_version.map(if_match)),
    };
    let body = number.map(|number| json!({"number": number}));
    let (status, answer) = wire.ask(method, &path, &condition.unwrap_or_default(), body.as_ref())?;
    Ok(outcome(status, &answer).unwrap_or_else(|| panic!("{call:?} was answered with {status}: {answer}")))
}

fn if_match(version: i64) -> String {
    format!("if-match: \"{version}\"\r\n")
}

fn outcome(status: u16, body: &Value) -> Option<Outcome> {
    let answer = match (status, body["code"].as_str()) {
        (200 | 201, _) => {
            Answer::Is(Cell { version: body["version"].as_i64()?, number: body["number"].as_u64()? })
        }
        (204, _) => Answer::Gone,
        (404, Some("not_found")) => Answer::Missing,
        (412, Some("version_mismatch")) => Answer::Mismatch,
        (500, Some("outcome_unknown")) => return Some(Outcome::Unknown),
        (503, Some("busy" | "database_unreachable")) => return Some(Outcome::Refused),
        _ => return None,
    };
    Some(Outcome::Answered(answer))
}

/// As [`call`], with a lie now and then.
pub(crate) fn lie(
    lie: Lie,
    random: &mut Random,
    cache: &Cache,
    wire: &mut Wire,
    id: Uuid,
    asked: Call,
) -> io::Result<Outcome> {
    let cached = cache.lock().unwrap().get(&id).copied();
    let now = lie != Lie::None && random.percent(20);
    match (lie, asked, cached) {
        (Lie::StaleRead, Call::Get, Some(answer)) if now => return Ok(Outcome::Answered(answer)),
        (Lie::LostWrite, Call::Update { number, if_version: None }, _) if now => {
            return match call(wire, id, Call::Get)? {
                Outcome::Answered(Answer::Is(Cell { version, .. })) => {
                    Ok(Outcome::Answered(Answer::Is(Cell { version: version + 1, number })))
                }
                _ => call(wire, id, asked),
            };
        }
        (Lie::LostUpdate, Call::Update { number, if_version: Some(_) }, _) if now => {
            return call(wire, id, Call::Update { number, if_version: None });
        }
        _ => {}
    }
    let outcome = call(wire, id, asked)?;
    if let (Call::Get, Outcome::Answered(answer)) = (asked, &outcome) {
        cache.lock().unwrap().entry(id).or_insert(*answer);
    }
    Ok(outcome)
}
