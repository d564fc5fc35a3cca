//! A key that signs mails, and the record of the DNS that shows its public half.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rsa::{RsaPublicKey, pkcs1::DecodeRsaPublicKey, pkcs8::EncodePublicKey};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use crate::server::{
    config::{ConfigError, DkimKey},
    ground::{
        error::Error,
        files,
        jose::{Algorithm, SigningKey},
        random::Random,
    },
};

/// Bytes in front of the 32 of an Ed25519 key in PKCS#8 (RFC 8410, 7).
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSA, which every receiver verifies.
    Rsa,
    /// Ed25519 (RFC 8463), which some do not know: for a second signature.
    Ed25519,
}

impl Kind {
    /// Returns the name in signatures and records.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rsa => "rsa",
            Kind::Ed25519 => "ed25519",
        }
    }

    /// Draws a new private key and returns it in PEM, as PKCS#8. RSA takes a tenth of a second.
    pub fn draw(self, random: &Random) -> Result<String, Error> {
        let der = match self {
            Kind::Rsa => SigningKey::draw(Algorithm::Rs256, random)?,
            // Without the public half, which OpenSSL does not take there.
            Kind::Ed25519 => [&ED25519_PKCS8[..], &random.bytes::<32>()?].concat(),
        };
        let base64 = STANDARD.encode(der);
        let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
        for line in base64.as_bytes().chunks(64) {
            pem += &String::from_utf8_lossy(line);
            pem.push('\n');
        }
        Ok(pem + "-----END PRIVATE KEY-----\n")
    }
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A key that signs mails.
pub struct Key {
    selector: String,
    domain: String,
    path: PathBuf,
    pair: Pair,
    /// Public half, as the record shows it.
    public: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {})", self.kind().name(), self.name())
    }
}

impl Key {
    /// Reads the key of an entry of the policy, whose domain is `domain` if it names none. The
    /// error repeats nothing of the file.
    pub fn read(entry: &DkimKey, domain: &str) -> Result<Self, ConfigError> {
        let DkimKey { selector, key: path, .. } = entry;
        let mistake = |why: &str| {
            ConfigError(format!(
                "mail.dkim: the key of the selector {selector:?} is {}, which {why}.",
                path.display()
            ))
        };
        let pem =
            files::read(path).map_err(|error| mistake(&format!("cannot be read: {error}")))?;
        let (pair, public) = parse(&pem).map_err(mistake)?;
        let domain = entry.domain.as_deref().unwrap_or(domain);
        let domain = idna::domain_to_ascii(domain).map_err(|_| mistake("has no good domain"))?;
        Ok(Key { selector: selector.clone(), domain, path: path.clone(), pair, public })
    }

    pub fn kind(&self) -> Kind {
        match self.pair {
            Pair::Rsa(_) => Kind::Rsa,
            Pair::Ed25519(_) => Kind::Ed25519,
        }
    }

    pub fn selector(&self) -> &str {
        &self.selector
    }

    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if everybody on this machine may read the private key.
    pub fn is_exposed(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| file.mode() & 0o004 != 0)
    }

    /// Returns the name of the record in the DNS.
    pub fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Returns the text of the record (RFC 6376, 3.6.1; RFC 8463, 4).
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.kind().name(), self.public)
    }

    /// True if a record shows this key.
    pub fn is_shown_by(&self, record: &str) -> bool {
        let tags = record.split(';').filter_map(|tag| tag.split_once('='));
        let tags = tags
            .map(|(name, value)| (name.trim(), value.split_ascii_whitespace().collect::<String>()));
        let tag = |wanted: &str| tags.clone().find(|(name, _)| *name == wanted).map(|tag| tag.1);
        tag("k").as_deref().unwrap_or(Kind::Rsa.name()) == self.kind().name()
            && tag("p").as_ref() == Some(&self.public)
    }

    /// Signs; `None` if that fails.
    pub fn sign(&self, signed: &str) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).ok()?;
                Some(signature)
            }
            // The hash is signed, not the headers themselves (RFC 8463, 3).
            Pair::Ed25519(pair) => Some(pair.sign(&Sha256::digest(signed)).as_ref().to_vec()),
        }
    }
}

/// Parses a private key in PEM, and returns its public half as a record shows it. The error is the
/// rest of a sentence.
fn parse(pem: &[u8]) -> Result<(Pair, String), &'static str> {
    let der = PrivateKeyDer::from_pem_slice(pem).map_err(
        |_| "holds no private key in PEM (one with a password has to be decrypted first)",
    )?;
    let rsa = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => {
            let der = der.secret_pkcs8_der();
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                let public = STANDARD.encode(pair.public_key());
                return Ok((Pair::Ed25519(pair), public));
            }
            RsaKeyPair::from_pkcs8(der)
        }
        _ => return Err("holds a key that is neither RSA nor Ed25519"),
    };
    let rsa = rsa.map_err(|error| match error.to_string().as_str() {
        "TooSmall" => "holds an RSA key of fewer than 2048 bits, which receivers do not trust",
        "TooLarge" => "holds an RSA key of more than 4096 bits, whose record is too long for many",
        "WrongAlgorithm" => "holds a key that is neither RSA nor Ed25519",
        _ => "holds an RSA key that cannot be used: make one with `latchkey dkim new`",
    })?;
    let public = RsaPublicKey::from_pkcs1_der(rsa.public().as_ref())
        .ok()
        .and_then(|public| public.to_public_key_der().ok())
        .ok_or("holds an RSA key whose public half cannot be read")?;
    Ok((Pair::Rsa(Box::new(rsa)), STANDARD.encode(public)))
}
