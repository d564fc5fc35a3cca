//! Keys and signatures that other programs check: JSON Web Signature, Key and Algorithms (RFC 7515,
//! 7517, 7518, 8037).
//!
//! ring signs, whose RSA takes the same time for any key and message. The `rsa` crate only draws
//! RSA keys, which ring cannot: its private-key operations leak timing (RUSTSEC-2023-0071).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use rsa::{
    RsaPrivateKey,
    pkcs8::EncodePrivateKey,
    rand_core::{CryptoRng, RngCore, impls},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;

use super::{error::Error, random::Random};

/// Bits of an RSA key: as many as every relying party takes (RFC 7518, 3.3, asks for at least that).
const RSA_BITS: usize = 2_048;

/// Signature algorithm, by its name in JOSE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// Key pair that signs.
pub struct SigningKey {
    /// Name of the key: its thumbprint (RFC 7638).
    pub kid: String,
    pub algorithm: Algorithm,
    /// Public half, as the key set shows it.
    pub jwk: Value,
    pair: Pair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm.name(), self.kid)
    }
}

/// Header of a signature.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    /// Names what a reader has to understand. We understand nothing of the kind (RFC 7515, 4.1.11).
    crit: Option<Value>,
}

/// Content of a token whose signature was verified.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Kind of token that it says it is.
    pub typ: Option<String>,
    pub claims: Value,
}

/// Returns what the owner of a public key signed with its algorithm, if it is that. The token has
/// no say in the algorithm (RFC 8725, 3.1). `public` is RSAPublicKey of PKCS#1, an uncompressed
/// point, or the 32 bytes of Ed25519.
pub fn signed_by(algorithm: Algorithm, public: &[u8], token: &str) -> Option<Signed> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    if header.alg != algorithm.name() || header.crit.is_some() {
        return None;
    }
    let how: &dyn VerificationAlgorithm = match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::EdDsa => &ED25519,
    };
    UnparsedPublicKey::new(how, public).verify(signed.as_bytes(), &decode(signature)?).ok()?;
    Some(Signed { typ: header.typ, claims: serde_json::from_slice(&decode(claims)?).ok()? })
}

impl SigningKey {
    /// Draws a new private key and returns it as PKCS#8. An RSA key takes a tenth of a second and
    /// more, so callers run this where it blocks nobody.
    pub fn draw(algorithm: Algorithm, random: &Random) -> Result<Vec<u8>, Error> {
        let failed = |what: &str| {
            tracing::error!(what, "a signing key could not be drawn");
            Error::Internal
        };
        match algorithm {
            Algorithm::Rs256 => {
                let mut source = Source { random, failures: 0 };
                let key = RsaPrivateKey::new(&mut source, RSA_BITS).map_err(|_| failed("RSA"))?;
                if source.failures > 0 {
                    return Err(Error::Internal);
                }
                Ok(key.to_pkcs8_der().map_err(|_| failed("PKCS#8"))?.as_bytes().to_vec())
            }
            Algorithm::Es256 => {
                let random = SystemRandom::new();
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map(|key| key.as_ref().to_vec())
                    .map_err(|_| failed("P-256"))
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map(|key| key.as_ref().to_vec())
                .map_err(|_| failed("Ed25519")),
        }
    }

    /// Reads a private key from PKCS#8. `None` if it is none of this algorithm.
    pub fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (pair, mut jwk) = match algorithm {
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                let jwk = json!({ "e": encode(&e), "kty": "RSA", "n": encode(&n) });
                (Pair::Rsa(Box::new(pair)), jwk)
            }
            Algorithm::Es256 => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_pkcs8(signing, pkcs8, &SystemRandom::new()).ok()?;
                // An uncompressed point: 4, x, y.
                let (x, y) = pair.public_key().as_ref().get(1..65)?.split_at(32);
                let jwk = json!({ "crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y) });
                (Pair::Ec(pair), jwk)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
                let x = encode(pair.public_key().as_ref());
                (Pair::Ed(pair), json!({ "crv": "Ed25519", "kty": "OKP", "x": x }))
            }
        };
        // serde_json writes the members in the order of their names, as RFC 7638 asks for.
        let kid = encode(&Sha256::digest(jwk.to_string()));
        for (name, value) in [("kid", kid.as_str()), ("use", "sig"), ("alg", algorithm.name())] {
            jwk[name] = value.into();
        }
        Some(SigningKey { kid, algorithm, jwk, pair })
    }

    /// Signs claims, as a token of the type `typ` (RFC 8725, 3.11: no kind passes for another).
    pub fn sign(&self, typ: &str, claims: &Value) -> Result<String, Error> {
        let header = json!({ "alg": self.algorithm.name(), "kid": self.kid, "typ": typ });
        let [header, claims] =
            [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let failed = |_| {
            tracing::error!("a token could not be signed");
            Error::Internal
        };
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).map_err(failed)?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns the claims of a token of the type `typ` that this key signed.
    pub fn verify(&self, typ: &str, token: &str) -> Option<Value> {
        let public = match &self.pair {
            Pair::Rsa(pair) => pair.public().as_ref(),
            Pair::Ec(pair) => pair.public_key().as_ref(),
            Pair::Ed(pair) => pair.public_key().as_ref(),
        };
        let signed = signed_by(self.algorithm, public, token)?;
        (signed.typ.as_deref() == Some(typ)).then_some(signed.claims)
    }
}

/// Returns the name of the key that a token says it was signed with.
pub fn kid_of(token: &str) -> Option<String> {
    said_by(token, "kid")
}

/// Returns the kind of token that a token says it is.
pub fn typ_of(token: &str) -> Option<String> {
    said_by(token, "typ")
}

/// Returns a field of a token's head, which nobody has verified yet.
fn said_by(token: &str, field: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    Some(header[field].as_str()?.to_owned())
}

/// Our randomness, as the `rsa` crate takes it. That cannot be told of a failure, so failures are
/// counted, and it gets other bytes, with which it comes to an end.
struct Source<'a> {
    random: &'a Random,
    failures: u64,
}

impl RngCore for Source<'_> {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        for chunk in into.chunks_mut(32) {
            let bytes = self.random.bytes::<32>().unwrap_or_else(|_| {
                self.failures += 1;
                Sha256::digest(self.failures.to_le_bytes()).into()
            });
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for Source<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: Algorithm) -> SigningKey {
        let pkcs8 = SigningKey::draw(algorithm, &Random::default()).unwrap();
        SigningKey::read(algorithm, &pkcs8).unwrap()
    }

    #[test]
    fn a_token_verifies_only_as_it_was_signed() {
        for algorithm in Algorithm::ALL {
            let (ours, other) = (key(algorithm), key(algorithm));
            let claims = json!({ "sub": "ada" });
            let token = ours.sign("at+jwt", &claims).unwrap();
            assert_eq!(ours.verify("at+jwt", &token), Some(claims));
            assert_eq!(kid_of(&token).as_deref(), Some(ours.kid.as_str()));
            assert_eq!(ours.verify("JWT", &token), None, "another type");
            assert_eq!(other.verify("at+jwt", &token), None, "another key");
            let (signed, signature) = token.rsplit_once('.').unwrap();
            for bad in [
                format!("{signed}."),
                format!("{signed}A.{signature}"),
                signed.to_owned(),
                String::new(),
                "a.b.c".to_owned(),
            ] {
                assert_eq!(ours.verify("at+jwt", &bad), None, "{bad}");
            }
            let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
            let claims = signed.split_once('.').unwrap().1;
            assert_eq!(ours.verify("at+jwt", &format!("{none}.{claims}.")), None, "no signature");
            let hmac = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"at+jwt"}"#);
            let forged = format!("{hmac}.{claims}.{signature}");
            assert_eq!(ours.verify("at+jwt", &forged), None, "another algorithm");
        }
    }

    #[test]
    fn a_key_of_another_algorithm_is_none() {
        let pkcs8 = SigningKey::draw(Algorithm::EdDsa, &Random::default()).unwrap();
        assert!(SigningKey::read(Algorithm::Rs256, &pkcs8).is_none());
        assert!(SigningKey::read(Algorithm::EdDsa, &pkcs8[1..]).is_none());
    }
}
