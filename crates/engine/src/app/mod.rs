//! Whether a client of the application is new enough.
//!
//! Nobody is asked for a version that the store does not serve, and where anything is in doubt the answer is that all is well: a client that is
//! locked out by a mistake cannot be mended from here.

mod language;

use crate::Engine;
use mainstay_model::{AppPlatform, AppText, AppVersion};

/// A client, as it says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct AppClient<'a> {
    /// The platform, as `ios`.
    pub platform: &'a str,
    /// The version, as `3.2.1`.
    pub version: &'a str,
    /// What this device or installation is called, always the same.
    pub device: Option<&'a str>,
    /// The languages that its user reads, in the form of `Accept-Language`.
    pub languages: Option<&'a str>,
}

/// What a client is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppCheck {
    /// How urgent it is.
    pub urgency: Urgency,
    /// Why.
    pub reason: Reason,
    /// The oldest version that may be used, unless it is in doubt.
    pub minimum: Option<AppVersion>,
    /// The oldest version that nothing is said of.
    pub recommended: Option<AppVersion>,
    /// The version in the store.
    pub store: Option<AppVersion>,
    /// What to tell the user, if there is something to do.
    pub message: Option<String>,
    /// Where the user gets the version in the store.
    pub link: Option<String>,
    /// The language of the message and the link; `None` when they are those of whom no other is for.
    pub language: Option<String>,
}

/// How urgent it is to replace a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// There is nothing to do.
    Ok,
    /// It should be replaced.
    Soft,
    /// It must be replaced.
    Hard,
}

/// Why a client is to be replaced or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is as new as it should be.
    Current,
    /// It is older than the recommended version.
    BelowRecommended,
    /// It is older than the minimum.
    BelowMinimum,
    /// The project says nothing of the platform.
    UnknownPlatform,
    /// What it calls its version is none.
    UnknownVersion,
    /// It is too old, but not one of the devices that are asked by now, or does not say which it is.
    NotInRollout,
}

impl Urgency {
    /// As clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Urgency::Ok => "ok",
            Urgency::Soft => "soft",
            Urgency::Hard => "hard",
        }
    }
}

impl Reason {
    /// As clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Current => "current",
            Reason::BelowRecommended => "below_recommended",
            Reason::BelowMinimum => "below_minimum",
            Reason::UnknownPlatform => "unknown_platform",
            Reason::UnknownVersion => "unknown_version",
            Reason::NotInRollout => "not_in_rollout",
        }
    }
}

impl Engine {
    /// Says whether a client is new enough.
    pub fn app_check(&self, client: &AppClient<'_>) -> AppCheck {
        match self.app_platform(client.platform) {
            Some((name, platform)) => check(name, platform, client),
            None => AppCheck::of(Urgency::Ok, Reason::UnknownPlatform, &AppPlatform::default()),
        }
    }

    /// The oldest version that may send requests, where this client is older: `Client-Version` is enforced on its platform.
    pub fn outdated(&self, client: &AppClient<'_>) -> Option<AppVersion> {
        let (name, platform) = self.app_platform(client.platform).filter(|(_, platform)| platform.enforce)?;
        let is_hard = check(name, platform, client).urgency == Urgency::Hard;
        wanted(platform.minimum, platform).filter(|_| is_hard)
    }

    fn app_platform(&self, name: &str) -> Option<(&str, &AppPlatform)> {
        let mut platforms = self.application().config.app.iter();
        let found = platforms.find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))?;
        Some((found.0, found.1))
    }
}

fn check(name: &str, platform: &AppPlatform, client: &AppClient<'_>) -> AppCheck {
    let Ok(version) = client.version.trim().parse::<AppVersion>() else {
        return AppCheck::of(Urgency::Ok, Reason::UnknownVersion, platform);
    };
    let is_below = |limit: Option<AppVersion>| wanted(limit, platform).is_some_and(|limit| version < limit);
    let (urgency, reason) = match () {
        () if is_below(platform.minimum) => (Urgency::Hard, Reason::BelowMinimum),
        () if is_below(platform.recommended) => (Urgency::Soft, Reason::BelowRecommended),
        () => return AppCheck::of(Urgency::Ok, Reason::Current, platform),
    };
    if !is_asked(name, platform.rollout_percent, client.device) {
        return AppCheck::of(Urgency::Ok, Reason::NotInRollout, platform);
    }
    AppCheck::of(urgency, reason, platform).told(platform, client.languages.unwrap_or_default())
}

/// A version that is asked for, unless the store does not serve it. A project that asks for more does not load; this is for what else may make
/// settings.
fn wanted(version: Option<AppVersion>, platform: &AppPlatform) -> Option<AppVersion> {
    version.filter(|version| platform.store.is_some_and(|store| *version <= store))
}

/// Whether a device is one of those that are asked by now. Its place among a hundred is that of its name and never changes, so that the devices that are
/// asked at 10 % are among those at 50 %.
fn is_asked(platform: &str, percent: u8, device: Option<&str>) -> bool {
    let place = |device: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{platform}\n{device}").as_bytes());
        let number = digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        number % 100
    };
    percent >= 100
        || device.filter(|device| !device.is_empty()).is_some_and(|device| place(device) < percent.into())
}

impl AppCheck {
    fn of(urgency: Urgency, reason: Reason, platform: &AppPlatform) -> Self {
        AppCheck {
            urgency,
            reason,
            minimum: wanted(platform.minimum, platform),
            recommended: wanted(platform.recommended, platform),
            store: platform.store,
            message: None,
            link: None,
            language: None,
        }
    }

    fn told(self, platform: &AppPlatform, languages: &str) -> Self {
        let tags: Vec<&str> = platform.texts.keys().map(String::as_str).collect();
        let found = language::lookup(languages, &tags);
        let text = found.and_then(|tag| platform.texts.get(tag));
        let chosen = |of: fn(&AppText) -> &Option<String>, general: &Option<String>| {
            text.and_then(|text| of(text).clone()).or_else(|| general.clone())
        };
        AppCheck {
            message: chosen(|text| &text.message, &platform.message),
            link: chosen(|text| &text.link, &platform.link),
            language: found.map(str::to_owned),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_model::Project;

    const IOS: &str = "[app.ios]\nstore = \"3.2.1\"\nminimum = \"3.0\"\nrecommended = \"3.2\"\n";

    fn platform(settings: &str) -> AppPlatform {
        let loaded = Project::load_from(&[("mainstay.toml", &format!("{IOS}{settings}"))]);
        loaded.map_err(|faults| faults.render(false)).unwrap().application.config.app["ios"].clone()
    }

    #[track_caller]
    fn check_version(platform: &AppPlatform, version: &str, expected: (Urgency, Reason)) {
        let client = AppClient { platform: "ios", version, ..AppClient::default() };
        let answer = check("ios", platform, &client);
        assert_eq!((answer.urgency, answer.reason), expected, "{version}");
    }

    #[test]
    fn old_versions_are_to_be_replaced() {
        let platform = platform("");
        for version in ["2.9.9", "0", "2"] {
            check_version(&platform, version, (Urgency::Hard, Reason::BelowMinimum));
        }
        for version in ["3", "3.0.0-beta", "3.1.99", " 3.1 "] {
            check_version(&platform, version, (Urgency::Soft, Reason::BelowRecommended));
        }
        for version in ["3.2", "3.2.0+1", "3.2.1", "3.3", "4.0-alpha"] {
            check_version(&platform, version, (Urgency::Ok, Reason::Current));
        }
        for version in ["", "three", "3.x", "v2"] {
            check_version(&platform, version, (Urgency::Ok, Reason::UnknownVersion));
        }
    }

    #[test]
    fn nobody_is_asked_for_more_than_the_store_serves() {
        let behind = AppPlatform { store: "2.5".parse().ok(), ..platform("") };
        check_version(&behind, "2", (Urgency::Ok, Reason::Current));
        let unknown = AppPlatform { store: None, ..platform("") };
        check_version(&unknown, "2", (Urgency::Ok, Reason::Current));
        let between = AppPlatform { store: "3.1".parse().ok(), ..platform("") };
        check_version(&between, "2", (Urgency::Hard, Reason::BelowMinimum));
        check_version(&between, "3", (Urgency::Ok, Reason::Current));
    }

    #[test]
    fn a_rollout_grows_and_does_not_jump() {
        let asked = |percent: u8| -> Vec<u32> {
            (0..1_000).filter(|device| is_asked("ios", percent, Some(&format!("device-{device}")))).collect()
        };
        let (few, half) = (asked(10), asked(50));
        assert!((60..140).contains(&few.len()) && (420..580).contains(&half.len()), "{few:?} {half:?}");
        assert!(few.iter().all(|device| half.contains(device)));
        assert_eq!((asked(0).len(), asked(100).len()), (0, 1_000));
        assert!(!is_asked("ios", 99, None) && !is_asked("ios", 99, Some("")), "in doubt nobody is asked");
        assert!(is_asked("ios", 100, None));
        check_version(&platform("rollout_percent = 99"), "1", (Urgency::Ok, Reason::NotInRollout));
    }

    #[test]
    fn a_user_is_told_in_a_language_that_he_reads() {
        let platform = platform(
            "message = \"Please update.\"\nlink = \"https://example.com\"\n[app.ios.texts.de]\nmessage = \"Bitte neu.\"\n\
             [app.ios.texts.fr-CA]\nmessage = \"Mettez à jour.\"\nlink = \"https://example.com/ca\"\n",
        );
        let check_text = |version: &str, languages: Option<&str>, expected: [Option<&str>; 3]| {
            let client = AppClient { platform: "ios", version, languages, device: None };
            let told = check("ios", &platform, &client);
            assert_eq!([&told.message, &told.link, &told.language].map(|text| text.as_deref()), expected);
        };
        let (general, link) = (Some("Please update."), Some("https://example.com"));
        check_text("1", None, [general, link, None]);
        check_text("1", Some("it"), [general, link, None]);
        check_text("1", Some("de-CH, en"), [Some("Bitte neu."), link, Some("de")]);
        let canada = [Some("Mettez à jour."), Some("https://example.com/ca"), Some("fr-CA")];
        check_text("3.1", Some("fr-ca;q=0.9, de;q=0.8"), canada);
        check_text("3.2", Some("de"), [None; 3]);
    }
}
