//! Encrypted connections, against servers that have a certificate, and one that has none.

use mainstay_model::ServiceUrl;
use mainstay_scaleout::postgres::OpenError;
use mainstay_scaleout::postgres::copy::Database;
use mainstay_services::postgres::{Server, Setup};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::path::PathBuf;
use tempfile::TempDir;

/// Who may connect: the tests themselves; one who has to encrypt; one who needs a password besides.
const ACCESS: &str = "\
    host all postgres 127.0.0.1/32 trust\n\
    hostssl all careful 127.0.0.1/32 trust\n\
    host all secret 127.0.0.1/32 scram-sha-256\n";

/// An authority that gives certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// The certificate of a host, and its key.
    fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A server whose certificate is for `localhost`, and the files of its authority and of another one.
struct Scene {
    server: Server,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (Authority::new("own"), Authority::new("other"));
        std::fs::write(folder.path().join("own.crt"), &own.certificate).unwrap();
        std::fs::write(folder.path().join("other.crt"), &other.certificate).unwrap();
        let (certificate, key) = own.certify("localhost");
        let setup = Setup::quick().encrypted(&certificate, &key).access(ACCESS);
        Scene { server: Server::start(&setup).unwrap(), folder }
    }

    fn root(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        format!("sslrootcert={}", path.display())
    }

    /// Whether a connection is encrypted that is made so; an error when there is none.
    async fn connect(&self, host: &str, query: &str) -> Result<bool, OpenError> {
        connect(&self.server, "postgres", host, query).await
    }

    async fn check(&self, host: &str, query: &str, expected: Option<bool>) {
        let found = self.connect(host, query).await;
        assert_eq!(found.as_ref().ok(), expected.as_ref(), "{host} {query}: {found:?}");
    }
}

/// Connects to a server by the name of its host, and asks it whether that is encrypted.
async fn connect(server: &Server, user: &str, host: &str, query: &str) -> Result<bool, OpenError> {
    let database = server.database();
    let (port, name) = (server.address().port(), database.sql("SELECT current_database()"));
    let url = ServiceUrl::new(format!("postgres://{user}@{host}:{port}/{name}?{query}"));
    let _open = Database::connect(&url).await?;
    let asked = "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() \
                 AND a.pid <> pg_backend_pid()";
    Ok(database.sql(asked) == "t")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_checks_what_it_says() {
    let scene = Scene::new();
    let (own, other) = (scene.root("own.crt"), scene.root("other.crt"));
    scene.check("localhost", "sslmode=disable", Some(false)).await;
    for mode in ["", "sslmode=prefer", "sslmode=require"] {
        scene.check("localhost", mode, Some(true)).await;
    }
    // Who names an authority means it.
    scene.check("localhost", &format!("sslmode=require&{own}"), Some(true)).await;
    scene.check("localhost", &format!("sslmode=require&{other}"), None).await;
    for mode in ["verify-ca", "verify-full"] {
        scene.check("localhost", &format!("sslmode={mode}&{own}"), Some(true)).await;
        scene.check("localhost", &format!("sslmode={mode}&{other}"), None).await;
        // The authorities of the system did not give it.
        scene.check("localhost", &format!("sslmode={mode}"), None).await;
    }
    // It is not for this name.
    scene.check("127.0.0.1", &format!("sslmode=verify-ca&{own}"), Some(true)).await;
    scene.check("127.0.0.1", &format!("sslmode=verify-full&{own}"), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_says_why() {
    let scene = Scene::new();
    let said = |refused: Result<bool, OpenError>| refused.unwrap_err().to_string();
    let other = format!("sslmode=verify-full&{}", scene.root("other.crt"));
    let message = said(scene.connect("localhost", &other).await);
    assert!(message.contains("UnknownIssuer"), "{message}");
    let own = format!("sslmode=verify-full&{}", scene.root("own.crt"));
    let message = said(scene.connect("127.0.0.1", &own).await);
    assert!(message.contains("not valid for name"), "{message}");
    let message = said(scene.connect("localhost", "sslmode=verify-full&sslrootcert=missing.crt").await);
    assert!(message.contains("missing.crt"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_insist_on_encryption() {
    let server = &Scene::new().server;
    server.database().sql("CREATE ROLE careful LOGIN");
    assert!(connect(server, "careful", "localhost", "sslmode=disable").await.is_err());
    assert!(connect(server, "careful", "localhost", "sslmode=prefer").await.unwrap());
}

/// A password proves nothing to somebody in between when it is bound to the server's certificate (RFC 5929, `tls-server-end-point`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_bound_to_the_certificate() {
    let server = &Scene::new().server;
    server.database().sql("CREATE ROLE secret LOGIN PASSWORD 'canary'");
    let by = async |query| connect(server, "secret:canary", "localhost", query).await;
    assert!(by("sslmode=require&channel_binding=require").await.unwrap());
    assert!(by("sslmode=require").await.unwrap());
    assert!(!by("sslmode=disable").await.unwrap());
    let refused = by("sslmode=disable&channel_binding=require").await.unwrap_err().to_string();
    assert!(refused.contains("channel binding") && !refused.contains("canary"), "{refused}");
    assert!(connect(server, "secret:wrong", "localhost", "sslmode=require").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_certificate_is_asked_only_where_none_is_needed() {
    let server = Server::shared();
    for mode in ["", "sslmode=disable", "sslmode=prefer"] {
        assert!(!connect(server, "postgres", "localhost", mode).await.unwrap(), "{mode}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let refused = connect(server, "postgres", "localhost", &format!("sslmode={mode}")).await.unwrap_err();
        assert!(matches!(refused, OpenError::Unreachable(_)), "{mode}: {refused}");
    }
}
