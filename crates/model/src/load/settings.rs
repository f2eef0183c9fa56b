//! Settings whose kind is right and whose value is not.

use super::document::Document;
use super::faults::Faults;
use crate::{AppPlatform, Config, Engine, Tls, WakeAdapter};
use std::path::Component;

/// The levels of logs, by name and by number.
const LEVELS: [&str; 12] = ["off", "error", "warn", "info", "debug", "trace", "0", "1", "2", "3", "4", "5"];

/// Long enough for any name, and short enough for any server.
const MAX_PREFIX_BYTES: usize = 100;

/// Reports what the shape of the file does not tell.
pub(super) fn check(document: &Document, config: &Config, faults: &mut Faults) {
    if config.data.folder.components().all(|component| component == Component::CurDir) {
        let message = "the data folder cannot be the project's own";
        let hint = "name a folder inside it, as folder = \"data\", or one elsewhere";
        faults.error("bad_data_folder", document.place(&["data", "folder"]), message).help(hint);
    }
    if config.data.engine == Engine::Sqlite && !config.data.replicas.is_empty() {
        let message = "only a PostgreSQL database has replicas";
        let hint = "set engine = \"postgres\", or leave replicas out";
        faults.error("no_replicas", document.place(&["data", "replicas"]), message).help(hint);
    }
    check_tls(document, &config.server.tls, faults);
    check_wake(document, config, faults);
    if !config.log.level.split(',').all(is_directive) {
        let message = format!("`{}` is not a level of logs", config.log.level);
        let hint = "a level is error, warn, info, debug or trace; a filter is as info,mainstay_engine=debug";
        faults.error("invalid_log_level", document.place(&["log", "level"]), message).help(hint);
    }
    config.app.iter().for_each(|(name, platform)| check_app(document, name, platform, faults));
}

/// Reports a certificate without a key, and a key without a certificate.
fn check_tls(document: &Document, tls: &Tls, faults: &mut Faults) {
    let (there, missing) = match (&tls.certificate, &tls.key) {
        (Some(_), None) => ("certificate", "key"),
        (None, Some(_)) => ("key", "certificate"),
        _ => return,
    };
    let message = format!("TLS takes a certificate and its key, and there is no `{missing}`");
    let hint = format!("name the PEM file of the {missing} too: {missing} = \"tls/{missing}.pem\"");
    faults.error("tls_incomplete", document.place(&["server", "tls", there]), message).help(hint);
}

/// Reports what cannot carry what nodes tell each other. The URL itself is not shown, since there may be a password in it.
fn check_wake(document: &Document, config: &Config, faults: &mut Faults) {
    let wake = &config.wake;
    let schemes: &[&str] = match wake.adapter {
        WakeAdapter::Postgres => &[],
        WakeAdapter::Nats => &["nats://", "tls://"],
        WakeAdapter::Redis => &["redis://", "rediss://"],
    };
    if config.data.engine == Engine::Sqlite && wake.adapter != WakeAdapter::Postgres {
        let message = "a SQLite database is served by one node, which has nobody to tell";
        let hint = "set engine = \"postgres\" in [data], or leave [wake] out";
        faults.error("no_nodes", document.place(&["wake", "adapter"]), message).help(hint);
    }
    let url = wake.url.reveal();
    if !url.is_empty() && !schemes.iter().any(|scheme| url.starts_with(scheme)) {
        let message = "the URL is of something else than the adapter";
        let hint = match schemes {
            [] => "set adapter = \"nats\" or \"redis\"; with PostgreSQL, leave the URL out".to_owned(),
            _ => format!("it begins with {}", schemes.join(" or ")),
        };
        faults.error("bad_wake_url", document.key_place(&["wake", "url"]), message).help(hint);
    }
    if !wake.prefix.split('.').all(is_token) || wake.prefix.len() > MAX_PREFIX_BYTES {
        let message = "the prefix cannot be the beginning of a subject";
        let hint = "use up to 100 of a-z, A-Z, 0-9, _ and -, with dots between, as app.production";
        faults.error("bad_wake_prefix", document.place(&["wake", "prefix"]), message).help(hint);
    }
}

/// Whether it can be a part of a subject.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// Reports a platform whose clients are asked for what they cannot get.
fn check_app(document: &Document, name: &str, platform: &AppPlatform, faults: &mut Faults) {
    if !is_platform(name) {
        let message = format!("`{name}` is not a platform");
        let hint = "a platform has up to 32 of a-z, 0-9, _ and -, as ios or android-tv";
        faults.error("bad_name", document.place(&["app", name]), message).help(hint);
    }
    for (key, wanted) in [("minimum", platform.minimum), ("recommended", platform.recommended)] {
        let Some(wanted) = wanted.filter(|wanted| platform.store.is_none_or(|store| *wanted > store)) else {
            continue;
        };
        let serves = platform.store.map_or_else(String::new, |store| format!(", which serves {store}"));
        let message = format!("version {wanted} is not known to be in the store{serves}");
        let hint = "set store to the newest version that everyone can get";
        faults.error("not_in_store", document.place(&["app", name, key]), message).help(hint);
    }
}

/// Whether a header can name it, and a client without thinking of its case.
fn is_platform(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=32).contains(&name.len()) && name.bytes().all(allowed)
}

/// Whether it is a level, or the level of a target: `mainstay_engine=debug`.
fn is_directive(text: &str) -> bool {
    let is_level = |text: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    match text.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(text),
    }
}

/// Whether it can be the path of a module, or what a library calls its part of the logs.
fn is_target(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
