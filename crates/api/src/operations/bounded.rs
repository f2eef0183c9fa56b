//! Bounds on the work of a request.

use futures::FutureExt;
use mainstay_engine::{Code, Error};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Runs the work within the time limit. A panic in it is a fault like any other: the connection lives on.
///
/// It is made of combinators, since an `async fn` would hold the work twice: as its argument and as what it awaits.
pub(crate) fn bounded<T>(
    work: impl Future<Output = Result<T, Error>>,
    limit: Duration,
) -> impl Future<Output = Result<T, Error>> {
    let timed = tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind());
    timed.map(move |ended| match ended {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(Error::internal(format!("panic: {}", panic_text(panic.as_ref())))),
        Err(_) => {
            let message = format!("the request took longer than {} ms", limit.as_millis());
            Err(Error::new(Code::RequestTimeout, message))
        }
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("of an unknown kind")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(work: impl Future<Output = Result<(), Error>>, expected: &str) {
        let error = bounded(work, Duration::from_millis(5)).await.err();
        let found = error.map(|error| (error.to_string(), error.detail.unwrap_or_default()));
        let found =
            found.map_or_else(|| "answered".to_owned(), |(public, private)| format!("{public} | {private}"));
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn work_that_panics_or_dawdles_is_answered_for() {
        check(async { Ok(()) }, "answered").await;
        check(
            async { panic!("out of {}", "luck") },
            "internal: something went wrong on our side | panic: out of luck",
        )
        .await;
        check(std::future::pending(), "request_timeout: the request took longer than 5 ms | ").await;
    }
}
