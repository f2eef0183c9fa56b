//! Errors as they are told by gRPC.

use super::connection::Called;
use crate::scenario::Outcome;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use mainstay_proto::wire::Reader;

/// What the details of an error say.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    /// `ErrorInfo.reason`
    pub(crate) code: String,
    /// `BadRequest`: names and codes.
    pub(crate) fields: Vec<(String, String)>,
    /// `RetryInfo`, in seconds.
    pub(crate) retry_after: Option<i64>,
    /// The names of all details.
    pub(crate) names: Vec<String>,
}

pub(crate) fn outcome(called: &Called) -> Outcome {
    let problem = problem(called);
    Outcome::error(&problem.code, problem.fields)
}

/// As [`outcome`], of the bytes of a `google.rpc.Status`.
pub(crate) fn outcome_of(status: &[u8]) -> Outcome {
    let problem = problem_of(status);
    Outcome::error(&problem.code, problem.fields)
}

pub(crate) fn problem(called: &Called) -> Problem {
    problem_of(&status_bytes(called))
}

/// The `google.rpc.Status` of a call that failed.
pub(crate) fn status_bytes(called: &Called) -> Vec<u8> {
    let details =
        called.trailer("grpc-status-details-bin").unwrap_or_else(|| panic!("no details: {called:?}"));
    STANDARD_NO_PAD.decode(details.trim_end_matches('=')).unwrap()
}

pub(crate) fn problem_of(status: &[u8]) -> Problem {
    let mut problem = Problem::default();
    for (number, detail) in fields(status) {
        match number {
            1 => {}
            2 => {}
            _ => read(&detail, &mut problem),
        }
    }
    problem
}

fn read(any: &[u8], problem: &mut Problem) {
    let (name, value) = (text(any, 1), of(any, 2));
    let name = name.strip_prefix("type.googleapis.com/").unwrap();
    problem.names.push(name.to_owned());
    match name {
        "google.rpc.ErrorInfo" => {
            problem.code = text(&value, 1);
            assert_eq!(text(&value, 2), "mainstay");
        }
        "google.rpc.BadRequest" => {
            let violations = fields(&value).into_iter();
            problem.fields.extend(violations.map(|(_, of)| (text(&of, 1), text(&of, 3))));
        }
        "google.rpc.RetryInfo" => {
            let delay = of(&value, 1);
            let (_, seconds) = Reader::new(&delay).next().unwrap().unwrap();
            problem.retry_after = Some(seconds.int().unwrap());
        }
        _ => {}
    }
}

fn fields(message: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let fields = Reader::new(message).map(Result::unwrap);
    fields.map(|(number, value)| (number, value.bytes().unwrap_or_default().to_vec())).collect()
}

fn of(message: &[u8], number: u32) -> Vec<u8> {
    fields(message)
        .into_iter()
        .find(|(found, _)| *found == number)
        .map(|(_, value)| value)
        .unwrap_or_default()
}

fn text(message: &[u8], number: u32) -> String {
    String::from_utf8(of(message, number)).unwrap()
}
