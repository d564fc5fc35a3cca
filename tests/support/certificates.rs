//! Certificates for servers of stories, and clients that trust them.

use latchkey::server::ground::clock::{Clock, DAY, SECOND};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{ClientBuilder, redirect::Policy};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName},
    },
};

/// A certificate that signs itself, and its key, both in PEM.
#[derive(Clone)]
pub struct Made {
    pub certificate: String,
    pub key: String,
    pub der: CertificateDer<'static>,
}

impl Made {
    /// Valid for centuries, for these names or addresses.
    pub fn of(names: &[&str]) -> Self {
        Self::with(names, |_| {})
    }

    /// Valid from and until these days from now.
    pub fn lasting(names: &[&str], from: i64, until: i64) -> Self {
        Self::between(names, from * DAY, until * DAY)
    }

    /// Valid from and until these milliseconds from now.
    pub fn between(names: &[&str], from: i64, until: i64) -> Self {
        let at = |millis: i64| {
            OffsetDateTime::from_unix_timestamp((Clock::System.now() + millis) / SECOND).unwrap()
        };
        Self::with(names, |params| {
            (params.not_before, params.not_after) = (at(from), at(until));
        })
    }

    fn with(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let (mut params, key) =
            (CertificateParams::new(names).unwrap(), KeyPair::generate().unwrap());
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        let der = certificate.der().clone();
        Made { certificate: certificate.pem(), key: key.serialize_pem(), der }
    }

    /// A builder of clients that trust this certificate alone, and follow no redirects.
    pub fn client(&self) -> ClientBuilder {
        let root = reqwest::Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        let client = reqwest::Client::builder().redirect(Policy::none());
        client.tls_built_in_root_certs(false).add_root_certificate(root)
    }

    /// Shakes hands with the server of a URL, in one of these versions, and offers these protocols.
    pub async fn shake(
        &self,
        address: &str,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let host = ServerName::try_from("127.0.0.1").unwrap();
        TlsConnector::from(Arc::new(config)).connect(host, stream).await
    }
}

/// The two files that a server reads.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub fn of(made: &Made) -> Self {
        let certificates = Certificates { folder: tempfile::tempdir().unwrap() };
        certificates.put(made);
        certificates
    }

    pub fn put(&self, made: &Made) {
        fs::write(self.certificate(), &made.certificate).unwrap();
        fs::write(self.key(), &made.key).unwrap();
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("fullchain.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("privkey.pem")
    }

    /// The variables that name the files, beside others.
    pub fn variables(&self, others: &[(&str, &str)]) -> Vec<(String, String)> {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        let names = [
            ("LATCHKEY_SERVER__TLS_CERTIFICATE".to_owned(), path(self.certificate())),
            ("LATCHKEY_SERVER__TLS_KEY".to_owned(), path(self.key())),
        ];
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        names.into_iter().chain(others.iter().map(owned)).collect()
    }
}

/// The same variables, borrowed.
pub fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
