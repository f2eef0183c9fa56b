//! Encrypted connections: `tls://` and `rediss://`.

use crate::support::{KINDS, open, start, tell_until_heard};
use mainstay_scaleout::wake::Trouble;
use mainstay_services::broker::Setup;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::process::Command;

/// Names a file of authorities to the system's look-up of them.
const AUTHORITIES: &str = "SSL_CERT_FILE";
/// Set for the process that trusts the authority of the test.
const TRUSTS: &str = "MAINSTAY_TEST_TRUSTS";

/// The authorities are the process's, so that what trusts them is another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_looked_at() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    for kind in KINDS {
        let setup = Setup::default().encrypted(&certificate.pem(), &key.serialize_pem()).password("p");
        let server = start(kind, &setup);
        let trouble = open(kind, &server.url()).check().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Unreachable(_)), "{trouble:?}");
        assert!(trouble.to_string().contains("certificate"), "{kind:?}: {trouble}");
        let mut trusting = Command::new(std::env::current_exe().unwrap());
        trusting.args(["--exact", "tls::over_what_is_trusted_nodes_hear_each_other"]);
        trusting.env(AUTHORITIES, &file).env(TRUSTS, format!("{kind:?} {}", server.url()));
        let ended = trusting.output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_what_is_trusted_nodes_hear_each_other() {
    let Ok(server) = std::env::var(TRUSTS) else { return };
    let (kind, url) = server.split_once(' ').unwrap();
    let kind = KINDS.into_iter().find(|known| format!("{known:?}") == kind).unwrap();
    let (one, other) = (open(kind, url), open(kind, url));
    assert_eq!(one.check().await, Ok(()));
    let mut heard = other.listen();
    tell_until_heard(one.as_ref(), &mut heard, "encrypted").await;
}
