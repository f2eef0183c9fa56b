//! `Client-Version`: which client of the application sends a request. One that is too old to be served is refused before anything is done.

use crate::operations::Operations;
use crate::routes::{Place, Route};
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use mainstay_engine::{AppClient, Code, Error, OperationKind};
use mainstay_model::AppVersion;

/// `ios/3.2.1`, or with the name of the device `ios/3.2.1; device=6f1c`.
const CLIENT_VERSION: HeaderName = HeaderName::from_static("client-version");

/// The refusal of a client that is too old.
pub(crate) struct Outdated {
    /// The oldest that is served, in the form of `Upgrade`: `ios/3.2.0`.
    served: String,
}

impl Outdated {
    /// What keeps the sender of a request from being served. It may always ask what to do, and whether the program runs.
    pub(crate) fn of(operations: &Operations, route: &Route, headers: &HeaderMap) -> Option<Self> {
        // Most requests do not say, and most projects do not ask.
        if headers.get(CLIENT_VERSION).is_none() || is_exempt(route) {
            return None;
        }
        Self::by(operations, headers)
    }

    /// As [`Outdated::of`], whatever is asked for.
    pub(crate) fn by(operations: &Operations, headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CLIENT_VERSION)?;
        if headers.get_all(CLIENT_VERSION).iter().count() > 1 {
            return None;
        }
        let client = client(value.to_str().ok()?)?;
        let minimum = operations.engine().outdated(&client)?;
        Some(Outdated { served: format!("{}/{minimum}", client.platform.to_ascii_lowercase()) })
    }

    pub(crate) fn error(&self) -> Error {
        let message = format!("the oldest client that is served is {}; ask /v1/app/check", self.served);
        Error::new(Code::ClientOutdated, message)
    }

    /// Adds what an answer with this status has to have (RFC 9110, 15.5.22).
    pub(crate) fn mark<B>(&self, response: &mut Response<B>) {
        if let Ok(served) = HeaderValue::try_from(&self.served) {
            response.headers_mut().insert(UPGRADE, served);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
    }
}

/// The client that sends a request and its version, as far as it is told apart: `ios 3.2`. `None` where it does not say, or says what is none.
pub(crate) fn name(headers: &HeaderMap) -> Option<String> {
    const LONGEST_PLATFORM: usize = 20;
    let mut values = headers.get_all(CLIENT_VERSION).iter();
    let client = client(values.next().filter(|_| values.next().is_none())?.to_str().ok()?)?;
    let is_name = (1..=LONGEST_PLATFORM).contains(&client.platform.len())
        && client.platform.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let version = client.version.parse::<AppVersion>().ok().filter(|_| is_name)?.to_string();
    let numbers: Vec<&str> = version.split('.').take(2).collect();
    Some(format!("{} {}", client.platform.to_ascii_lowercase(), numbers.join(".")))
}

fn is_exempt(route: &Route) -> bool {
    let is_check =
        route.operation.as_ref().is_some_and(|operation| operation.kind == OperationKind::AppCheck);
    is_check || route.place == Place::System
}

fn client(value: &str) -> Option<AppClient<'_>> {
    let (platform, rest) = value.split_once('/')?;
    let mut parts = rest.split(';').map(str::trim);
    let version = parts.next().unwrap_or_default();
    let device = parts.find_map(|part| part.strip_prefix("device="));
    Some(AppClient { platform: platform.trim(), version, device, languages: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_apart_by_platform_and_two_numbers() {
        let check = |value: &str, expected: Option<&str>| {
            let headers = HeaderMap::from_iter([(
                CLIENT_VERSION,
                HeaderValue::from_str(value).unwrap_or_else(|_| panic!("{value}")),
            )]);
            assert_eq!(name(&headers).as_deref(), expected, "{value}");
        };
        check("ios/3.2.1", Some("ios 3.2"));
        check("iOS/3; device=6f1c", Some("ios 3.0"));
        check("android/3.2.0-beta.1", Some("android 3.2"));
        for none in ["ios", "ios/", "ios/x", "/3.2", "a b/3", "averylongplatformnamethatnobodyhas/3", ""] {
            check(none, None);
        }
    }
}
