//! The operations on locks, and `Fencing-Token`.

use crate::answer;
use crate::call::Call;
use crate::frame::Answer;
use crate::object::Object;
use crate::query::decode_percent;
use axum::body::Body;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use mainstay_engine::{
    AcquireLock, Code, DEFAULT_LEASE_MS, Done, Error, FencingToken, Lease, Lock, LockName, OperationKind,
};
use mainstay_expr::Value;
use mainstay_model::json::{encode as encode_value, encode_str};

/// The header that names the locks which have to be held for a write to take effect.
pub(crate) const FENCING_TOKEN: HeaderName = HeaderName::from_static("fencing-token");
/// The most locks that a write may name.
pub(crate) const MAX_TOKENS: usize = 8;

/// Reads `Fencing-Token: report:42, order:17:43`, which may be spread over several lines. A read passes it over.
///
/// # Errors
/// [`Code::InvalidParameter`] for what is malformed, too many, and a write that could not keep it.
pub(crate) fn fencing(kind: OperationKind, headers: &HeaderMap) -> Result<Vec<FencingToken>, Error> {
    let mut tokens = Vec::new();
    for value in headers.get_all(FENCING_TOKEN).iter().filter(|_| kind.writes()) {
        if !kind.is_fenced() {
            return Err(invalid("this operation takes no `Fencing-Token`"));
        }
        let list = value.to_str().map_err(|_| invalid("`Fencing-Token` is not ASCII"))?;
        for token in list.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            tokens.push(FencingToken::parse(token)?);
        }
        if tokens.is_empty() || tokens.len() > MAX_TOKENS {
            return Err(invalid(format!("`Fencing-Token` names 1 to {MAX_TOKENS} locks")));
        }
    }
    Ok(tokens)
}

/// `POST /v1/locks/{name}`
pub(crate) async fn acquire(call: Call, body: Body) -> Answer {
    let name = name(&call)?;
    let mut object = Object::new(call.optional_object(body).await?);
    let (lease_ms, wait_ms) = (object.optional_int("lease_ms"), object.optional_int("wait_ms"));
    let holder = object.optional_text("holder");
    object.end()?;
    let request = AcquireLock::new(lease_ms, wait_ms, holder)?;
    let lock = call.engine().acquire_lock(&call.caller, &name, &request).await?;
    Ok(call.done(&Done::Lock(&lock)))
}

/// `GET /v1/locks/{name}`
pub(crate) async fn get(call: Call, _: Body) -> Answer {
    let lock = call.engine().lock(&call.caller, &name(&call)?).await?;
    Ok(lock_body(&lock))
}

/// `PATCH /v1/locks/{name}`
pub(crate) async fn renew(call: Call, body: Body) -> Answer {
    let name = name(&call)?;
    let mut object = Object::new(call.optional_object(body).await?);
    let lease_ms = object.optional_int("lease_ms");
    object.end()?;
    let lease = Lease::of(lease_ms.unwrap_or(DEFAULT_LEASE_MS))?;
    let lock = call.engine().renew_lock(&call.caller, &name, lease).await?;
    Ok(call.done(&Done::Lock(&lock)))
}

/// `DELETE /v1/locks/{name}`
pub(crate) async fn release(call: Call, body: Body) -> Answer {
    let name = name(&call)?;
    call.no_body(body).await?;
    call.engine().release_lock(&call.caller, &name).await?;
    Ok(call.done(&Done::Nothing))
}

fn name(call: &Call) -> Result<LockName, Error> {
    let segment = call.parts.uri.path().rsplit('/').next().unwrap_or_default();
    LockName::parse(&decode_percent(segment, false).unwrap_or_default())
}

/// A lock that is held, as its holder and those who would be see it.
pub(crate) fn lock_body<B: From<Vec<u8>>>(lock: &Lock) -> Response<B> {
    let mut out = b"{\"name\":".to_vec();
    encode_str(lock.name.as_str(), &mut out);
    out.extend_from_slice(format!(",\"fencing\":{},\"token\":", lock.fencing).as_bytes());
    let token = FencingToken { name: lock.name.clone(), fencing: lock.fencing };
    encode_str(&token.to_string(), &mut out);
    for (key, value) in [
        ("account", lock.account.map_or(Value::Null, Value::Uuid)),
        ("holder", lock.holder.clone().map_or(Value::Null, Value::Text)),
        ("expires_at", Value::Timestamp(lock.expires_at)),
        ("lease_ms", Value::Int(lock.lease_ms)),
    ] {
        out.extend_from_slice(format!(",\"{key}\":").as_bytes());
        encode_value(&value, &mut out);
    }
    out.push(b'}');
    let mut response = answer::json(StatusCode::OK, out);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(kind: OperationKind, lines: &[&str]) -> Result<Vec<String>, String> {
        let line = |line: &&str| (FENCING_TOKEN, HeaderValue::from_str(line).unwrap());
        let mut headers = HeaderMap::new();
        lines.iter().map(line).for_each(|(name, value)| {
            headers.append(name, value);
        });
        let tokens = fencing(kind, &headers).map_err(|error| error.code.as_str().to_owned())?;
        Ok(tokens.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_write_may_name_some_locks() {
        let check = |lines: &[&str], expected: Option<&[&str]>| {
            let found = read(OperationKind::Update, lines).ok();
            assert_eq!(
                found.as_deref().map(<[String]>::to_vec),
                expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
                "{lines:?}"
            );
        };
        check(&[], Some(&[]));
        check(&["a:1"], Some(&["a:1"]));
        check(&["a:1, b:c:2", "d:3"], Some(&["a:1", "b:c:2", "d:3"]));
        for malformed in [&[""][..], &["a"], &["a:1;b:2"], &[","], &["a:1", "b"]] {
            check(malformed, None);
        }
        check(&["a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9"], None);
    }

    #[test]
    fn what_cannot_be_fenced_says_so_and_reads_do_not_care() {
        assert_eq!(read(OperationKind::Login, &["a:1"]), Err("invalid_parameter".to_owned()));
        assert_eq!(read(OperationKind::AcquireLock, &["a:1"]), Err("invalid_parameter".to_owned()));
        assert_eq!(read(OperationKind::Get, &["nonsense"]), Ok(Vec::new()));
    }
}
