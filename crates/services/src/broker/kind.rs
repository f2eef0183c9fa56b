//! What the kinds of servers differ in.

use std::path::{Path, PathBuf};

/// A kind of server that carries messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `nats-server`
    Nats,
    /// `redis-server`
    Redis,
}

/// How a server is set up.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub(super) password: Option<String>,
    /// A certificate and its key, in PEM.
    pub(super) certificate: Option<(String, String)>,
    pub(super) max_message_bytes: Option<usize>,
}

impl Setup {
    /// Lets in who knows it: as the user `mainstay` at NATS, as the default user at Redis.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Takes encrypted connections alone, by this certificate and its key, in PEM.
    #[must_use]
    pub fn encrypted(mut self, certificate: &str, key: &str) -> Self {
        self.certificate = Some((certificate.to_owned(), key.to_owned()));
        self
    }

    /// Takes no larger messages. Only NATS has such a bound.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }
}

impl Kind {
    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Kind::Nats => "nats-server",
            Kind::Redis => "redis-server",
        }
    }

    /// Where its program is: on the `PATH`, where Debian keeps those of servers, or where `cargo xtask test` puts it.
    pub fn find(self) -> Result<PathBuf, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin");
        let folders =
            std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), ours]);
        let mut programs = folders.map(|folder| folder.join(self.program()));
        programs.find(|program| program.is_file()).ok_or_else(|| {
            format!("`{}` is missing: `cargo xtask test` provides it on Debian", self.program())
        })
    }

    pub(super) fn url(self, setup: &Setup, port: u16) -> String {
        let scheme = match (self, setup.certificate.is_some()) {
            (Kind::Nats, false) => "nats",
            (Kind::Nats, true) => "tls",
            (Kind::Redis, false) => "redis",
            (Kind::Redis, true) => "rediss",
        };
        let login = match (self, &setup.password) {
            (_, None) => String::new(),
            (Kind::Nats, Some(password)) => format!("mainstay:{password}@"),
            (Kind::Redis, Some(password)) => format!(":{password}@"),
        };
        // A certificate is for a name.
        let host = if setup.certificate.is_some() { "localhost" } else { "127.0.0.1" };
        format!("{scheme}://{login}{host}:{port}")
    }

    /// Its configuration, in its own words.
    pub(super) fn configuration(self, setup: &Setup, port: u16) -> String {
        match self {
            Kind::Nats => nats(setup, port),
            Kind::Redis => redis(setup, port),
        }
    }
}

fn nats(setup: &Setup, port: u16) -> String {
    let mut text = format!("listen: \"127.0.0.1:{port}\"\n");
    if let Some(password) = &setup.password {
        text += &format!("authorization {{ user: \"mainstay\", password: \"{password}\" }}\n");
    }
    if setup.certificate.is_some() {
        text += "tls { cert_file: \"./certificate.pem\", key_file: \"./key.pem\" }\n";
    }
    if let Some(bytes) = setup.max_message_bytes {
        text += &format!("max_payload: {bytes}\n");
    }
    text
}

fn redis(setup: &Setup, port: u16) -> String {
    let listen = match setup.certificate {
        None => format!("port {port}\n"),
        Some(_) => format!(
            "port 0\ntls-port {port}\ntls-cert-file certificate.pem\ntls-key-file key.pem\ntls-auth-clients no\n"
        ),
    };
    let password = setup.password.as_ref().map(|password| format!("requirepass {password}\n"));
    // Nothing of it is to be kept.
    format!("bind 127.0.0.1\n{listen}save \"\"\nappendonly no\n{}", password.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_what_was_set_up() {
        let check = |kind: Kind, setup: &Setup, expected: &str| assert_eq!(kind.url(setup, 1), expected);
        check(Kind::Nats, &Setup::default(), "nats://127.0.0.1:1");
        check(Kind::Redis, &Setup::default().password("p"), "redis://:p@127.0.0.1:1");
        let encrypted = Setup::default().password("p").encrypted("", "");
        check(Kind::Nats, &encrypted, "tls://mainstay:p@localhost:1");
        check(Kind::Redis, &encrypted, "rediss://:p@localhost:1");
    }
}
