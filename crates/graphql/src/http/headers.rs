//! Headers that mean here what they mean in REST.

use super::MAINSTAY_POSITION;
use crate::plan::{Plan, RootWhat};
use crate::schema::Built;
use http::{HeaderMap, HeaderName};
use mainstay_engine::{Code, Error, FencingToken};
use mainstay_ports::Position;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const FENCING_TOKEN: HeaderName = HeaderName::from_static("fencing-token");
/// The most locks that a write may name.
const MAX_TOKENS: usize = 8;

/// What the client sends so that its mutation takes effect once.
///
/// # Errors
/// [`Code::InvalidParameter`] for two, or what is not text.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    one(headers, &IDEMPOTENCY_KEY)
}

/// The position that the answer has to be as new as.
///
/// # Errors
/// [`Code::InvalidParameter`] for what is not one.
pub(super) fn position(headers: &HeaderMap) -> Result<Option<Position>, Error> {
    let Some(text) = one(headers, &MAINSTAY_POSITION)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| invalid("`Mainstay-Position` is a position, as it was in an answer"))
}

/// The locks that have to be held for each operation of a mutation to take effect.
///
/// # Errors
/// [`Code::InvalidParameter`] for what is malformed, and where one of the operations could not keep it.
pub(super) fn fencing(built: &Built, plan: &Plan, headers: &HeaderMap) -> Result<Vec<FencingToken>, Error> {
    let mut tokens = Vec::new();
    for value in headers.get_all(FENCING_TOKEN) {
        let list = value.to_str().map_err(|_| invalid("`Fencing-Token` is not ASCII"))?;
        for token in list.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            tokens.push(FencingToken::parse(token)?);
        }
    }
    if tokens.len() > MAX_TOKENS {
        return Err(invalid("`Fencing-Token` names too many locks"));
    }
    let mut kinds = plan.fields.iter().filter_map(|field| match &field.what {
        RootWhat::Call(call) => Some(built.catalog.call(call.call).operation.kind),
        _ => None,
    });
    if !tokens.is_empty() && kinds.any(|kind| !kind.is_fenced()) {
        return Err(invalid("an operation of this mutation takes no `Fencing-Token`"));
    }
    Ok(tokens)
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.map(Some).ok_or_else(|| invalid(&format!("send one `{name}`")))
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidParameter, message)
}
