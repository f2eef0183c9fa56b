//! `Fencing-Token`.

use http::{HeaderMap, HeaderName};
use mainstay_engine::{Code, Error, FencingToken, OperationKind};

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

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use http::HeaderValue;

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
