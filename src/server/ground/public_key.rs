//! Public keys of others, as an operator writes them down, and the tokens they sign.

use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{
    RsaPublicKey,
    pkcs8::{DecodePublicKey, ObjectIdentifier, SubjectPublicKeyInfoRef},
    traits::PublicKeyParts,
};

use super::jose::{Algorithm, Signed, signed_by};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Bits of an RSA key: fewer are too weak (RFC 7518, 3.3), more only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// A public key. Its kind decides the algorithm: a token has no say in it (RFC 8725, 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// The key alone, as `signed_by` takes it.
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads a key in PEM, as `openssl pkey -pubout` prints it (RFC 7468, 13). The error says what
    /// is wrong, and repeats nothing of the text: it may be a private key.
    pub fn read(pem: &str) -> Result<Self, String> {
        const HOW: &str = "a public key like \"-----BEGIN PUBLIC KEY-----…\" is needed, as \
            `openssl pkey -pubout` prints it";
        if pem.contains("PRIVATE KEY") {
            return Err(format!("{HOW}; this is a private one, which only the app may have"));
        }
        let base64 = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(HOW)?;
        let base64: String = base64.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(base64).map_err(|_| format!("{HOW}; this one is cut off"))?;
        let info = SubjectPublicKeyInfoRef::try_from(der.as_slice()).ok();
        let kind = info.as_ref().and_then(|info| info.algorithm.oids().ok());
        let unreadable = || format!("{HOW}; this one cannot be read");
        let (info, kind) = info.zip(kind).ok_or_else(unreadable)?;
        let bytes = info.subject_public_key.raw_bytes();
        let algorithm = match kind {
            (RSA, _) => {
                let key = RsaPublicKey::from_public_key_der(&der);
                let bits = key.map(|key| key.n().bits()).unwrap_or_default();
                if !RSA_BITS.contains(&bits) {
                    return Err("an RSA key has to have 2048 to 4096 bits".to_owned());
                }
                Algorithm::Rs256
            }
            // An uncompressed point: 4, x, y.
            (EC, Some(P256)) if bytes.len() == 65 && bytes[0] == 4 => Algorithm::Es256,
            (ED25519, _) if bytes.len() == 32 => Algorithm::EdDsa,
            _ => return Err("a key has to be of RSA, of the curve P-256, or Ed25519".to_owned()),
        };
        Ok(PublicKey { algorithm, bytes: bytes.to_vec() })
    }

    /// Returns what its owner signed, if it is that.
    pub fn opened(&self, token: &str) -> Option<Signed> {
        signed_by(self.algorithm, &self.bytes, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RSA key of 1024 bits.
    const WEAK: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDQ3hiI283rJRIcvnmQWYQiSSKP13nzgsgCfV7GHpfo \
        48Dh5r6+y/9DU4r466Rgu+nxzQMh0a8zQfbgL3AH0/G+shitdfHoT756TJM20+zMnC70B0wp524ER8BC \
        7qswFvXXGRefGw+SNyGg/cpffbwygFfqLD2O0OQY5LxqYNOI8wIDAQAB";
    /// A key on the curve P-384.
    const P384: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE5s9/YBbhdjOk8e2fnZG6Xlv/xOEagzzS4mQLSq5QDimkjqsl \
        8NyarIPmxsDsFmU/5UlTynSKM3RhI7xC7r54hTLJl955D3zlMWl4ugtUorCqWBJ1a3J9UlT4PNQ/gLtJ";

    #[test]
    fn what_is_no_public_key_of_ours_is_refused_and_not_repeated() {
        let public =
            |text: &str| format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
        for (text, says) in [
            (public("c2VjcmV0").replace("PUBLIC", "PRIVATE"), "a private one"),
            (public("AA==").replace("PUBLIC", "RSA PUBLIC"), "-pubout"),
            (public("A"), "cut off"),
            (public("AAAA"), "cannot be read"),
            ("secret".to_owned(), "-pubout"),
            (public(WEAK), "2048 to 4096 bits"),
            (public(P384), "P-256"),
            (public(&P384[..80]), "cannot be read"),
        ] {
            let said = PublicKey::read(&text).unwrap_err();
            assert!(said.contains(says), "{said} does not say {says}");
            assert!(!said.contains("c2VjcmV0") && !said.contains(&P384[..20]), "{said}");
        }
    }
}
