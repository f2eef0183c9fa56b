//! Which server, and how its word is checked: what a URL says.

use super::tls::{self, Check};
use mainstay_model::ServiceUrl;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may be silent before the system asks whether the server is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long what was sent may stay unanswered by the server's machine before the connection counts as broken.
const UNANSWERED: Duration = Duration::from_secs(10);

/// A server and how to reach it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

/// What `sslmode` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Encryption {
    mode: SslMode,
    check: Check,
}

/// The parts of a URL that the driver does not know.
#[derive(Debug, Default, PartialEq, Eq)]
struct Own {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

impl Target {
    /// Reads a URL. The error never shows it.
    pub(crate) fn parse(url: &ServiceUrl, connect_timeout: Duration) -> Result<Self, String> {
        let (rest, own) = split(url.reveal())?;
        let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| detail(&error))?;
        let root = own.sslrootcert.filter(|path| path != "system").map(PathBuf::from);
        let encryption = encryption(own.sslmode.as_deref(), root.is_some())?;
        config.ssl_mode(encryption.mode).connect_timeout(connect_timeout);
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE / 3).keepalives_retries(3);
        config.tcp_user_timeout(UNANSWERED);
        if config.get_application_name().is_none() {
            config.application_name("mainstay");
        }
        if config.get_hosts().is_empty() {
            return Err("the URL names no host".to_owned());
        }
        Ok(Target { config, tls: tls::connector(encryption.check, root.as_deref())? })
    }
}

impl Target {
    /// Where it is, for people: `host:5432/database`, without who asks.
    pub(crate) fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("{}:{port}/{database}", hosts.collect::<Vec<_>>().join(","))
    }
}

/// What is wrong with an address, for people: what the driver says, and why.
fn detail(error: &tokio_postgres::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

/// Takes the parts that the driver does not know out of a URL.
fn split(url: &str) -> Result<(String, Own), String> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err("the URL does not begin with `postgres://`".to_owned());
    }
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), Own::default())) };
    let mut own = Own::default();
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => own.sslmode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => own.sslrootcert = Some(percent_decoded(path)?),
            _ => kept.push(pair),
        }
    }
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{base}{separator}{}", kept.join("&")), own))
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next(), rest.next()).ok_or("`sslrootcert` is not percent-encoded rightly")?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| "`sslrootcert` is not UTF-8".to_owned())
}

fn hex(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

/// The meaning of `sslmode` in PostgreSQL's own programs (libpq, "SSL Mode Descriptions").
fn encryption(mode: Option<&str>, has_root: bool) -> Result<Encryption, String> {
    let (mode, check) = match mode.unwrap_or("prefer") {
        "disable" => (SslMode::Disable, Check::Nothing),
        "allow" | "prefer" => (SslMode::Prefer, Check::Nothing),
        // Who names an authority means it.
        "require" if has_root => (SslMode::Require, Check::Authority),
        "require" => (SslMode::Require, Check::Nothing),
        "verify-ca" => (SslMode::Require, Check::Authority),
        "verify-full" => (SslMode::Require, Check::AuthorityAndName),
        other => {
            return Err(format!(
                "`sslmode` is `{other}`, and has to be disable, prefer, require, verify-ca or verify-full"
            ));
        }
    };
    Ok(Encryption { mode, check })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, String> {
        Target::parse(&ServiceUrl::new(url), Duration::from_secs(1))
    }

    #[test]
    fn a_place_has_no_password() {
        let place = |url| parse(url).expect("it is a URL").place();
        assert_eq!(place("postgres://u:canary@h,i:5433/d"), "h,i:5432/d");
        assert_eq!(place("postgresql://u:canary@[::1]:6000"), "::1:6000/u");
    }

    #[test]
    fn what_the_driver_does_not_know_is_taken_out() {
        let url = "postgres://u:p@h/d?sslmode=verify-ca&options=-c%20a%3Db&sslrootcert=%2Fetc%2Froot.crt";
        let (rest, own) = split(url).expect("it is a URL");
        assert_eq!(rest, "postgres://u:p@h/d?options=-c%20a%3Db");
        let expected =
            Own { sslmode: Some("verify-ca".to_owned()), sslrootcert: Some("/etc/root.crt".to_owned()) };
        assert_eq!(own, expected);
    }

    #[test]
    fn modes_are_those_of_libpq() {
        let check = |mode, has_root, expected| {
            assert_eq!(encryption(mode, has_root).map(|found| (found.mode, found.check)), Ok(expected));
        };
        check(None, false, (SslMode::Prefer, Check::Nothing));
        check(Some("disable"), true, (SslMode::Disable, Check::Nothing));
        check(Some("require"), false, (SslMode::Require, Check::Nothing));
        check(Some("require"), true, (SslMode::Require, Check::Authority));
        check(Some("verify-full"), false, (SslMode::Require, Check::AuthorityAndName));
        assert!(encryption(Some("full"), false).is_err());
    }

    #[test]
    fn a_bad_url_is_told_without_its_password() {
        for url in [
            "mysql://u:canary@h/d",
            "postgres://u:canary@h:x/d",
            "postgres://u:canary@h/d?sslmode=full",
            "postgres://u:canary@h/d?unheard_of=1",
            "postgres://u:canary@h/d?sslrootcert=%2",
            "postgres:///d?password=canary",
        ] {
            let message = parse(url).err().unwrap_or_else(|| panic!("{url} is refused"));
            assert!(!message.contains("canary"), "{message}");
        }
    }
}
