//! For tests: both ends of a connection within TLS, without a program around them.

#![allow(clippy::unwrap_used)]

use super::{Files, Tls};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsConnector, client, server};

/// The server's end and the client's.
pub(crate) async fn pair() -> (server::TlsStream<TcpStream>, client::TlsStream<TcpStream>) {
    let (tls, certificate) = made();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, client) = listener.accept().await.unwrap();
    let connecting = trusting(certificate).connect(ServerName::try_from("localhost").unwrap(), stream);
    let accepting = tls.accept(accepted, client.ip(), Duration::from_secs(10));
    let (server, client) = futures::future::join(accepting, connecting).await;
    (server.ok().unwrap(), client.unwrap())
}

fn made() -> (Tls, CertificateDer<'static>) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files { certificate: folder.path().join("a.pem"), key: folder.path().join("b.pem") };
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    (Tls::open(files).unwrap(), certificate.der().clone())
}

fn trusting(certificate: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
