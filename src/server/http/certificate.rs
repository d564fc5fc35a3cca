//! The certificate and key that the server speaks TLS with, read from files in PEM.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use time::{Date, OffsetDateTime};
use tokio_rustls::rustls::{
    client::verify_server_name,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use x509_parser::parse_x509_certificate;

use crate::server::{
    config::{ConfigError, ServerPolicy},
    ground::{
        clock::{DAY, Millis, SECOND},
        files,
    },
};

/// Time before its end in which a certificate is to be renewed: certbot and others do so earlier.
/// Of one that lives for less than six weeks it is the last third.
const RENEWAL: Millis = 14 * DAY;

/// The paths of both files.
#[derive(Clone, Debug)]
pub struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The content of both files. It has no `Debug`: one is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate with its chain and its key, which belong together.
#[derive(Debug)]
pub struct Certificate {
    pub signer: Arc<CertifiedKey>,
    begins: Millis,
    pub expires: Millis,
}

impl Files {
    /// Returns the files that the policy names, if the server speaks TLS.
    pub fn of(server: &ServerPolicy) -> Option<Self> {
        let (certificate, key) = server.tls_files()?;
        Some(Files { certificate: certificate.to_owned(), key: key.to_owned() })
    }

    pub fn read(&self) -> Result<Pem, ConfigError> {
        let read = |key: &str, path: &Path| {
            let read = files::read(path);
            read.map_err(|error| mistake(key, path, &format!("cannot be read: {error}")))
        };
        let certificate = read("server.tls_certificate", &self.certificate)?;
        Ok(Pem { certificate, key: read("server.tls_key", &self.key)? })
    }

    /// Parses both, and checks that they belong together. An error names the file at fault.
    pub fn parse(&self, pem: &Pem) -> Result<Certificate, ConfigError> {
        let certificate = |why: &str| mistake("server.tls_certificate", &self.certificate, why);
        let key = |why: &str| mistake("server.tls_key", &self.key, why);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.certificate).collect();
        // Without the error, which may quote a key that was put there.
        let chain = chain.map_err(|_| {
            certificate("is no PEM: each -----BEGIN…----- and -----END…----- needs its own line")
        })?;
        let first = chain.first().ok_or_else(|| certificate("holds no certificate in PEM"))?;
        let x509 = |der| {
            let parsed = parse_x509_certificate(der);
            parsed.map_err(|_| certificate("holds what is no certificate of X.509"))
        };
        chain.iter().try_for_each(|der| x509(der).map(drop))?;
        let (_, fields) = x509(first)?;
        let validity = fields.validity();
        let millis = |seconds: i64| seconds.saturating_mul(SECOND);
        let begins = millis(validity.not_before.timestamp());
        let expires = millis(validity.not_after.timestamp());
        let private = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|_| {
            key("holds no private key in PEM (one with a password has to be decrypted first)")
        })?;
        let provider = default_provider();
        let private = provider
            .key_provider
            .load_private_key(private)
            .map_err(|error| key(&format!("holds a key that TLS cannot use: {error}")))?;
        let signer = CertifiedKey::new(chain, private);
        signer.keys_match().map_err(|_| {
            key(&format!(
                "does not belong to the first certificate in {}",
                self.certificate.display()
            ))
        })?;
        Ok(Certificate { signer: Arc::new(signer), begins, expires })
    }
}

fn mistake(key: &str, path: &Path, why: &str) -> ConfigError {
    ConfigError(format!("{key} is {}, which {why}.", path.display()))
}

impl Certificate {
    /// Returns why clients would refuse it at this time, as the end of a sentence.
    pub fn fault(&self, now: Millis) -> Option<String> {
        if now >= self.expires {
            return Some(format!("expired on {}", day(self.expires)));
        }
        let begins = || OffsetDateTime::from_unix_timestamp(self.begins / SECOND);
        self.is_early(now).then(|| match begins() {
            Ok(begins) => format!("is not valid before {begins}"),
            Err(_) => "is not valid yet".to_owned(),
        })
    }

    /// True if it will be valid later.
    pub fn is_early(&self, now: Millis) -> bool {
        now < self.begins
    }

    /// True if it is to be renewed now.
    pub fn is_near_its_end(&self, now: Millis) -> bool {
        now > self.expires - RENEWAL.min((self.expires - self.begins) / 3)
    }

    /// Returns the last day on which it is valid.
    pub fn last_day(&self) -> Date {
        day(self.expires)
    }

    /// True if it is for this host: a name, or an IP address with or without brackets.
    pub fn is_for(&self, host: &str) -> bool {
        let first = self.signer.end_entity_cert().and_then(ParsedCertificate::try_from);
        let name = ServerName::try_from(host.trim_matches(['[', ']']));
        matches!((first, name), (Ok(cert), Ok(name)) if verify_server_name(&cert, &name).is_ok())
    }
}

fn day(time: Millis) -> Date {
    let known = OffsetDateTime::from_unix_timestamp(time / SECOND);
    known.map_or(Date::MAX, OffsetDateTime::date)
}
