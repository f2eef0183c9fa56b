//! TLS at the program's port: the certificate, its renewal, and handshakes.
//!
//! What is encrypted is [`crate::listen`]'s: it asks here for a handshake, and goes on with the stream that it gets.

mod certificate;
mod check;
mod follow;
mod handshake;
#[cfg(test)]
pub(crate) mod pair;
mod validity;

use crate::failure::Failure;
use certificate::Certificate;
use follow::Stamps;
use handshake::Handshakes;
use mainstay_model::Tls as Settings;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

pub(crate) use certificate::Files;
pub(crate) use check::diagnose;

/// TLS as a port speaks it.
pub(crate) struct Tls {
    files: Files,
    /// The files as they were when they were read first.
    opened: Stamps,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
    handshakes: Handshakes,
}

impl Tls {
    /// That of these files, or why they are of no use.
    pub(crate) fn open(files: Files) -> Result<Self, Failure> {
        let opened = Stamps::of(&files);
        let current = Arc::new(Current(RwLock::new(Arc::new(files.read()?))));
        let config = config(current.clone()).map_err(|error| {
            Failure::new("tls", format!("the system refuses what TLS needs of it: {error}"))
        })?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Tls { files, opened, current, acceptor, handshakes: Handshakes::default() })
    }

    /// When the certificate ends that clients are shown, in seconds since 1970.
    pub(crate) fn expiry(&self) -> u64 {
        self.current.certificate().validity.not_after
    }

    /// How many handshakes there were of each kind: `full`, `resumed`, `failed`.
    pub(crate) fn handshakes(&self) -> [(&'static str, u64); 3] {
        self.handshakes.counts()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The files that the settings name, if any.
pub(crate) fn files(folder: &Path, settings: &Settings) -> Option<Files> {
    let (certificate, key) = settings.files()?;
    Some(Files { certificate: folder.join(certificate), key: folder.join(key) })
}

/// TLS 1.3 and 1.2, with what `rustls` holds for safe. Requests are not taken in the first flight of a resumed handshake (0-RTT): who records
/// one could send it again.
fn config(current: Arc<Current>) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Who comes back within twelve hours needs no signature. The keys of tickets are this process's own, and change every six.
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

/// The certificate that clients are shown. It is exchanged while others read it.
struct Current(RwLock<Arc<Certificate>>);

impl Current {
    fn certificate(&self) -> Arc<Certificate> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certificate().certified.clone())
    }
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current(…)")
    }
}
