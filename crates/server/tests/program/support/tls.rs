//! TLS for the tests: an authority, its certificates, and clients that trust it.

use super::{PATIENCE, Project};
use mainstay_ports::{Clock, SystemClock};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

/// What a project says that has its certificate where [`Authority::certify`] puts it.
pub(crate) const SETTINGS: &str =
    "[server.tls]\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"";
const DAY: i64 = 24 * 3_600;

/// An authority that gives certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: String,
}

/// A stream within TLS.
pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "The authority of these tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// A certificate of `localhost` and its key, valid from and until so many days from now.
    pub(crate) fn made(&self, from: i64, until: i64) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let now = SystemClock.now_micros() / 1_000_000;
        let day = |days: i64| Duration::from_secs((now + days * DAY).unsigned_abs());
        let epoch = date_time_ymd(1970, 1, 1);
        (params.not_before, params.not_after) = (epoch + day(from), epoch + day(until));
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// Gives a project a certificate that is good for a year.
    pub(crate) fn certify(&self, project: &Project) {
        let (certificate, key) = self.made(-1, 365);
        project.write("tls/certificate.pem", &certificate);
        project.write("tls/key.pem", &key);
    }

    /// A client that speaks these protocols.
    pub(crate) fn client(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        self.client_of(protocols, rustls::ALL_VERSIONS)
    }

    pub(crate) fn client_of(
        &self,
        protocols: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// Connects, and shakes hands.
#[track_caller]
pub(crate) fn secured(address: SocketAddr, config: &Arc<ClientConfig>) -> Secured {
    try_secured(address, config).unwrap()
}

/// As [`secured`], where it may fail.
pub(crate) fn try_secured(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<Secured> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut connection = ClientConnection::new(config.clone(), name()).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// A way through which clients that know nothing of TLS reach a server that speaks nothing else.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Tunnel {
    pub(crate) fn open(server: SocketAddr, config: Arc<ClientConfig>) -> Tunnel {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, server, config.clone()));
            }
        });
        Tunnel { address, _runtime: runtime }
    }
}

async fn carry(mut plain: tokio::net::TcpStream, server: SocketAddr, config: Arc<ClientConfig>) {
    let stream = tokio::net::TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut secured = TlsConnector::from(config).connect(name(), stream).await.unwrap();
    let _ = copy_bidirectional(&mut plain, &mut secured).await;
}
