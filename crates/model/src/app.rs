//! `[app.ios]`, `[app.android]`…: the versions of an application's clients, and what their users are told of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What the clients on a platform are asked to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct AppPlatform {
    /// The newest version that everyone can get. Nobody is asked for more, so that it is needed with `minimum` and `recommended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<AppVersion>,
    /// Older versions must be replaced: the answer is `hard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<AppVersion>,
    /// Older versions should be replaced: the answer is `soft`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommended: Option<AppVersion>,
    /// How many of a hundred devices are asked to replace theirs. Which, is decided by the name of the device, so that raising it adds some.
    #[schemars(range(min = 0, max = 100))]
    pub rollout_percent: u8,
    /// Whether a request whose `Client-Version` is older than `minimum` is refused.
    pub enforce: bool,
    /// What users are told who read none of `texts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where they get the version in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What is told in other languages, by their tags (RFC 5646): `[app.ios.texts.de]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, AppText>,
}

/// What users are told in a language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct AppText {
    /// In place of the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// In place of the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Default for AppPlatform {
    fn default() -> Self {
        AppPlatform {
            store: None,
            minimum: None,
            recommended: None,
            rollout_percent: 100,
            enforce: false,
            message: None,
            link: None,
            texts: BTreeMap::new(),
        }
    }
}

/// The version of a client: up to five numbers with dots between. Numbers that are left out are 0, so that 3.2 is 3.2.0.
///
/// What follows a `-`, a `+` or a space says which build it is, and is no part of the version: 3.2.0-beta.1, 3.2.0+451 and `3.2.0 (451)` are
/// 3.2.0. A preview of a version is not older than it, then: who tries it is not sent away from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct AppVersion([u32; NUMBERS]);

const NUMBERS: usize = 5;
/// Semantic versions have three numbers, and that many are always shown.
const SHOWN: usize = 3;
/// What begins what is no part of the version.
const BUILD: [char; 3] = ['-', '+', ' '];

/// The fault of a text that is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a version, as \"3.2.1\"")
    }
}

impl std::error::Error for NotAVersion {}

impl FromStr for AppVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let release = text.split(BUILD).next().unwrap_or_default();
        let mut numbers = [0; NUMBERS];
        for (place, part) in release.split('.').enumerate() {
            *numbers.get_mut(place).ok_or(NotAVersion)? = number(part)?;
        }
        Ok(AppVersion(numbers))
    }
}

/// Digits alone: `parse` would take a sign too.
fn number(text: &str) -> Result<u32, NotAVersion> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(NotAVersion)
}

impl TryFrom<String> for AppVersion {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, NotAVersion> {
        text.parse()
    }
}

impl From<AppVersion> for String {
    fn from(version: AppVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.iter().rposition(|number| *number != 0).unwrap_or_default();
        let shown: Vec<String> = self.0[..SHOWN.max(last + 1)].iter().map(u32::to_string).collect();
        f.write_str(&shown.join("."))
    }
}

impl fmt::Debug for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_with_dots() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = text.parse::<AppVersion>().ok().map(|version| version.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("3", Some("3.0.0"));
        check("3.2", Some("3.2.0"));
        check("3.02.1", Some("3.2.1"));
        check("2026.11.21.4", Some("2026.11.21.4"));
        check("1.2.3.4.5", Some("1.2.3.4.5"));
        for build in ["3.2.1-beta.1", "3.2.1+451", "3.2.1 (451)", "3.2.1-", "3.2.1+a-b c"] {
            check(build, Some("3.2.1"));
        }
        for none in ["", ".", "3.", "v3", "3.x", "+3", "-1", "1.2.3.4.5.6", "4294967296", "3,2", "٣"] {
            check(none, None);
        }
    }

    #[test]
    fn they_are_compared_by_their_numbers() {
        let in_order = ["0", "0.9.9", "1.0-beta", "1.0.0.1", "1.2", "1.10", "9", "10.0.0"];
        let versions: Vec<Option<AppVersion>> = in_order.iter().map(|text| text.parse().ok()).collect();
        assert!(versions.iter().all(Option::is_some) && versions.is_sorted(), "{versions:?}");
        assert_eq!("1.2-rc.1".parse::<AppVersion>(), "1.2.0+7".parse());
    }
}
