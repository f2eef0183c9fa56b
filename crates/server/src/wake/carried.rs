//! Servers of their own, as the settings name them.

use super::Nodes;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::keys;
use crate::project::Opened;
use mainstay_engine::Error;
use mainstay_model::ServiceUrl;
use mainstay_scaleout::wake::{Carriage, Trouble};
use std::env;
use std::fmt::Write;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The environment variable with the URL, which goes before the one of the settings.
const URL: &str = "MAINSTAY_WAKE_URL";
/// The key of which the name is made under which nodes tell.
const KEY: (&str, usize) = ("wake", 16);

type Open = fn(&ServiceUrl, &str) -> Result<Arc<dyn Carriage>, Trouble>;

pub(super) fn open(
    name: &str,
    open: Open,
    project: &Opened,
    backend: &Backend,
    runtime: &Runtime,
) -> Result<Nodes, Failure> {
    let wake = &project.application.config.wake;
    let url = url(&wake.url, env::var(URL).ok())?;
    let carriage = open(&url, &subject(&wake.prefix, backend)?).map_err(|trouble| refused(&trouble))?;
    let place = format!("{name} at {}", carriage.place());
    match runtime.block_on(carriage.check()) {
        Err(trouble @ Trouble::Unreachable(_)) => {
            tracing::warn!(code = "wake_unreachable", server = place, error = %trouble, "other nodes cannot be told yet");
        }
        checked => checked.map_err(|trouble| refused(&trouble))?,
    }
    Ok(Nodes { wake: carriage, place: Some(place) })
}

/// A name that the nodes of one database have in common and nobody else: who shares the server hears and tells nothing by mistake, also where the
/// settings are the same.
fn subject(prefix: &str, backend: &Backend) -> Result<String, Failure> {
    let keyring = keys::open(&backend.records, &backend.folder)?;
    let secret = keyring.secret(KEY.0, KEY.1);
    let secret = secret
        .map_err(|error| keys::refused(Error::of_secret(KEY.0, &error), &backend.records, &backend.folder))?;
    let mut subject = format!("{prefix}.wake.");
    secret.iter().try_for_each(|byte| write!(subject, "{byte:02x}")).map_err(|error| {
        Failure::new("bad_key", format!("the key `{}` cannot be written: {error}", KEY.0))
    })?;
    Ok(subject)
}

fn url(set: &ServiceUrl, environment: Option<String>) -> Result<ServiceUrl, Failure> {
    let url = environment.filter(|url| !url.is_empty()).map_or_else(|| set.clone(), ServiceUrl::new);
    match url.is_empty() {
        false => Ok(url),
        true => Err(Failure::new("no_wake_url", "[wake] does not say where the server is")
            .hint(format!("set `url` in [wake] of mainstay.toml, or the environment variable {URL}"))),
    }
}

fn refused(trouble: &Trouble) -> Failure {
    let (code, advice) = match trouble {
        Trouble::BadUrl(_) => {
            ("bad_wake_url", "write nats://user:password@host:4222 or redis://user:password@host:6379")
        }
        Trouble::Refused(_) => (
            "wake_refused",
            "look at the user and the password in the URL, and at what the server lets them do",
        ),
        Trouble::Unreachable(_) => {
            ("wake_unreachable", "look whether the server runs, and at its address in the URL")
        }
    };
    Failure::new(code, format!("what carries messages between nodes: {trouble}")).hint(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_goes_before_the_settings() {
        let check = |set: &str, environment: Option<&str>, expected: Option<&str>| {
            let found = url(&ServiceUrl::new(set), environment.map(str::to_owned)).ok();
            assert_eq!(found.as_ref().map(ServiceUrl::reveal), expected);
        };
        check("nats://a", None, Some("nats://a"));
        check("nats://a", Some("nats://b"), Some("nats://b"));
        check("nats://a", Some(""), Some("nats://a"));
        check("", None, None);
    }
}
