//! A certificate and its key, as they lie in their files.

use super::validity::Validity;
use crate::failure::{Failure, exit};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The certificate, and those between it and its authority.
    pub(crate) certificate: PathBuf,
    /// The key.
    pub(crate) key: PathBuf,
}

/// What a server shows and proves.
pub(super) struct Certificate {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) validity: Validity,
}

/// Why files are of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: &'static str,
    /// The setting that names the file.
    pub(super) setting: &'static str,
}

impl Files {
    /// Reads both, and sees that they belong together. Whether the certificate is valid today is not asked.
    pub(super) fn read(&self) -> Result<Certificate, Fault> {
        let chain = self.chain()?;
        let validity =
            Validity::of(&chain[0]).ok_or_else(|| self.bad_certificate("it is no X.509 certificate"))?;
        let certified = CertifiedKey::new(chain, self.signing_key()?);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Certificate { certified: Arc::new(certified), validity })
            }
            Err(Error::InconsistentKeys(_)) => Err(self.mismatch()),
            Err(error) => Err(self.bad_certificate(&error.to_string())),
        }
    }

    /// The certificates of the file; there is one at least.
    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Fault> {
        let text = read(&self.certificate, "certificate")?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match chain {
            Ok(chain) if chain.is_empty() => Err(self.bad_certificate("there is none in it")),
            Ok(chain) => Ok(chain),
            Err(error) => Err(self.bad_certificate(&described(&error))),
        }
    }

    fn signing_key(&self) -> Result<Arc<dyn SigningKey>, Fault> {
        let text = read(&self.key, "key")?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| self.bad_key(&described(&error)))?;
        let loaded = default_provider().key_provider.load_private_key(key);
        loaded.map_err(|error| self.bad_key(&error.to_string()))
    }

    fn bad_certificate(&self, reason: &str) -> Fault {
        Fault {
            code: "tls_bad_certificate",
            message: format!("{} has no certificate that can be used: {reason}", self.certificate.display()),
            hint: "the file has certificates in PEM (-----BEGIN CERTIFICATE-----), the server's own first, as `fullchain.pem` of Let's Encrypt",
            setting: "certificate",
        }
    }

    fn bad_key(&self, reason: &str) -> Fault {
        Fault {
            code: "tls_bad_key",
            message: format!("{} has no key that can be used: {reason}", self.key.display()),
            hint: "the file has a private key in PEM without a passphrase: RSA of 2048 to 4096 bits, ECDSA P-256 or P-384, or Ed25519",
            setting: "key",
        }
    }

    fn mismatch(&self) -> Fault {
        let (key, certificate) = (self.key.display(), self.certificate.display());
        Fault {
            code: "tls_key_mismatch",
            message: format!("the key in {key} is not that of the first certificate in {certificate}"),
            hint: "take the key that the certificate was asked for with, and put the server's own certificate before those of its authority",
            setting: "key",
        }
    }
}

fn read(path: &Path, setting: &'static str) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| Fault {
        code: "tls_file_unreadable",
        message: format!("cannot read the {setting} for TLS in {}: {error}", path.display()),
        hint: "a relative path is taken from the project's folder; the program has to be allowed to read the file",
        setting,
    })
}

fn described(error: &PemError) -> String {
    match error {
        PemError::NoItemsFound => "there is none in it".to_owned(),
        error => error.to_string(),
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::new(fault.code, fault.message).hint(fault.hint).exit(exit::BROKEN)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::fs;

    /// A certificate and its key, in PEM.
    fn made() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[track_caller]
    fn check(certificate: &str, key: &str, expected: Result<(), (&str, &str)>) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { certificate: folder.path().join("a.pem"), key: folder.path().join("b.pem") };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        let read = files.read();
        let found = read.as_ref().map(|_| ()).map_err(|fault| (fault.code, fault.setting));
        assert_eq!(found, expected, "{:?}", read.err());
    }

    #[test]
    fn a_certificate_goes_with_its_key() {
        let ((certificate, key), (other, other_key)) = (made(), made());
        check(&certificate, &key, Ok(()));
        // What comes behind the first one is for the clients to judge.
        check(&format!("{certificate}{other}"), &key, Ok(()));
        // Both may be in one file.
        check(&format!("{key}{certificate}"), &format!("{key}{certificate}"), Ok(()));
        let mismatch = Err(("tls_key_mismatch", "key"));
        check(&certificate, &other_key, mismatch);
        check(&format!("{other}{certificate}"), &key, mismatch);
    }

    #[test]
    fn what_is_no_certificate_or_no_key() {
        let (certificate, key) = made();
        let no_certificate = Err(("tls_bad_certificate", "certificate"));
        for text in ["", "hello", &key, &certificate[..200], &wrong("CERTIFICATE")] {
            check(text, &key, no_certificate);
        }
        let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for text in ["", "hello", &certificate, &key[..100], &wrong("PRIVATE KEY"), &encrypted] {
            check(&certificate, text, Err(("tls_bad_key", "key")));
        }
    }

    /// PEM around nothing of use.
    fn wrong(label: &str) -> String {
        format!("-----BEGIN {label}-----\naGVsbG8=\n-----END {label}-----\n")
    }

    #[test]
    fn a_file_that_is_not_there() {
        let files = Files { certificate: "/nowhere/a.pem".into(), key: "/nowhere/b.pem".into() };
        let fault = files.read().err().unwrap();
        assert_eq!((fault.code, fault.setting), ("tls_file_unreadable", "certificate"));
    }
}
