//! Requests that take effect once, however often they are sent (draft-ietf-httpapi-idempotency-key-header).

use mainstay_engine::{Caller, Code, Encode, Engine, Error, Idempotency, Kept};

/// The longest key, in characters.
pub(crate) const MAX_KEY_LENGTH: usize = 255;

/// What makes a request take effect once.
pub struct Once<'a> {
    /// The client's key.
    pub key: &'a str,
    /// What tells the request from others with the same key: all of it that matters.
    pub parts: &'a [&'a [u8]],
    /// Makes the answer that is kept, without its position, which is kept beside it.
    pub encode: Box<Encode>,
}

/// What a request is answered with.
#[derive(Debug)]
pub enum Answered<T> {
    /// What it did.
    Now(T),
    /// What was kept when it was sent before.
    Before(Kept),
}

impl Once<'_> {
    /// # Errors
    /// [`Code::InvalidParameter`] for what is not a key.
    pub(super) fn idempotency(self, engine: &Engine, caller: &Caller) -> Result<Idempotency, Error> {
        let key = check_key(self.key)?;
        Ok(engine.idempotency(caller, key, self.parts, self.encode))
    }
}

/// Sees that a text can be a key.
///
/// # Errors
/// [`Code::InvalidParameter`].
pub(crate) fn check_key(key: &str) -> Result<&str, Error> {
    Some(key).filter(|key| is_key(key)).ok_or_else(|| {
        let message = format!(
            "send one `Idempotency-Key` of 1 to {MAX_KEY_LENGTH} visible ASCII characters, as a UUID"
        );
        Error::new(Code::InvalidParameter, message)
    })
}

/// Answers by the work, or with what it answered before.
///
/// The answer is looked up twice: before, and behind a refusal, which of two requests that race the later one meets in place of the
/// answer that the first has kept meanwhile.
///
/// # Errors
/// [`Code::IdempotencyKeyReused`] for a key of another request, and the work's own.
pub(crate) async fn once<T>(
    engine: &Engine,
    idempotency: &Idempotency,
    work: impl Future<Output = Result<T, Error>>,
    is_done: impl Fn(&T) -> bool,
) -> Result<Answered<T>, Error> {
    if let Some(kept) = engine.replay(idempotency).await? {
        return Ok(Answered::Before(kept));
    }
    let answer = work.await;
    if answer.as_ref().is_ok_and(is_done) {
        return answer.map(Answered::Now);
    }
    match engine.replay(idempotency).await {
        Ok(Some(kept)) => Ok(Answered::Before(kept)),
        Err(error) if error.code == Code::IdempotencyKeyReused => Err(error),
        Ok(None) | Err(_) => answer.map(Answered::Now),
    }
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_visible_characters() {
        let check = |key: &str, expected: bool| assert_eq!(is_key(key), expected, "{key:?}");
        check("8e03978e-40d5-43dd-bc93-6894a57f9324", true);
        check("\"8e03978e\"", true);
        check(&"x".repeat(255), true);
        check(&"x".repeat(256), false);
        check("", false);
        check("a b", false);
        check("ä", false);
        check("\t", false);
    }
}
