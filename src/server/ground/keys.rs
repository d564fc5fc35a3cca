//! The keys, all derived from the server's secrets.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::Sha256;
use std::fmt;

use super::{error::Error, random::Random};

/// The keys derived from one secret of `SESSION_JWT_SECRET`. HKDF (RFC 5869) derives several keys
/// from it, with a label for each, so that no key is ever used for two things.
struct Derived {
    session: SessionKey,
    pepper: [u8; 32],
    device: [u8; 32],
    refresh: [u8; 32],
    host: [u8; 32],
    guess: [u8; 32],
    seal: [u8; 32],
    return_path: [u8; 32],
    subject: [u8; 32],
    user_code: [u8; 32],
    outbox: XChaCha20Poly1305,
    fingerprint: String,
}

/// Purpose of a code of [`Keys::sign`].
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    DeviceCookie,
    RefreshToken,
    /// Cookie of a host that a proxy guards.
    HostCookie,
    /// Wrong code that was tried, as it is kept.
    WrongGuess,
    /// Seal of events of the audit table.
    AuditSeal,
}

impl Derived {
    fn of(&self, purpose: Purpose) -> &[u8; 32] {
        match purpose {
            Purpose::DeviceCookie => &self.device,
            Purpose::RefreshToken => &self.refresh,
            Purpose::HostCookie => &self.host,
            Purpose::WrongGuess => &self.guess,
            Purpose::AuditSeal => &self.seal,
        }
    }
}

/// The key for session tokens, ready to sign and to verify.
pub struct SessionKey {
    pub signing: EncodingKey,
    pub verifying: DecodingKey,
}

/// The keys of every secret in force: the first signs and seals, all verify and open.
pub struct Keys {
    derived: Vec<Derived>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} secrets)", self.derived.len())
    }
}

impl Keys {
    /// Derives the keys of `secrets`, which the configuration has already checked for strength.
    pub fn new(secrets: &[String]) -> Self {
        let derived = secrets
            .iter()
            .map(|secret| {
                let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
                let key = |label: &str| {
                    let mut key = [0; 32];
                    // 32 bytes are always within the limit of HKDF (255 × 32).
                    let _ = hkdf.expand(label.as_bytes(), &mut key);
                    key
                };
                let session = key("latchkey session jwt");
                Derived {
                    session: SessionKey {
                        signing: EncodingKey::from_secret(&session),
                        verifying: DecodingKey::from_secret(&session),
                    },
                    pepper: key("latchkey code pepper"),
                    device: key("latchkey device"),
                    refresh: key("latchkey refresh token"),
                    host: key("latchkey host cookie"),
                    guess: key("latchkey wrong guess"),
                    seal: key("latchkey audit seal"),
                    return_path: key("latchkey return path"),
                    subject: key("latchkey audit subject"),
                    user_code: key("latchkey user code"),
                    outbox: XChaCha20Poly1305::new(Key::from_slice(&key("latchkey outbox"))),
                    fingerprint: hex(&key("latchkey fingerprint")[..5]),
                }
            })
            .collect();
        Keys { derived }
    }

    /// Returns the keys for session tokens, the signing one first.
    pub fn session(&self) -> impl Iterator<Item = &SessionKey> {
        self.derived.iter().map(|keys| &keys.session)
    }

    /// Returns the peppers for codes, the one for new codes first.
    pub fn peppers(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.derived.iter().map(|keys| &keys.pepper)
    }

    /// Returns short names of the secrets, the signing one first, so that hosts can be compared.
    /// They are 40 bits derived with a label of their own, which reveal nothing of the secret or of
    /// its keys.
    pub fn fingerprints(&self) -> String {
        let names = self.derived.iter().enumerate().map(|(n, keys)| {
            format!("{} {}", keys.fingerprint, if n == 0 { "signs" } else { "verifies" })
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Returns the code that authenticates `text` for a purpose. Only this server can make it.
    pub fn sign(&self, purpose: Purpose, text: &str) -> Result<String, Error> {
        let keys = self.derived.first().ok_or(Error::Internal)?;
        let code = mac(keys.of(purpose), text).ok_or(Error::Internal)?.finalize();
        Ok(URL_SAFE_NO_PAD.encode(code.into_bytes()))
    }

    /// Reports whether this server made `code` for `text` and this purpose.
    pub fn verify(&self, purpose: Purpose, text: &str, code: &str) -> bool {
        let Ok(code) = URL_SAFE_NO_PAD.decode(code) else { return false };
        let is_right = |keys: &Derived| {
            mac(keys.of(purpose), text).is_some_and(|mac| mac.verify_slice(&code).is_ok())
        };
        self.derived.iter().any(is_right)
    }

    /// Returns the codes of the return path of a mail, one for each secret in force, the one for
    /// new mails first: 80 bits, which is what fits and what nobody guesses by sending mails.
    pub fn return_paths(&self, mail: &str) -> impl Iterator<Item = [u8; 10]> {
        self.derived.iter().filter_map(move |keys| {
            let code = mac(&keys.return_path, mail)?.finalize().into_bytes();
            code.first_chunk().copied()
        })
    }

    /// Returns the pseudonyms of an address in the audit table, one for each secret in force, the
    /// one for new rows first. A dump of the table alone does not reveal whose a row is.
    pub fn subjects(&self, address: &str) -> impl Iterator<Item = String> {
        self.derived.iter().filter_map(move |keys| name(&keys.subject, address))
    }

    /// Returns the names under which the user code of a device is kept, one for each secret in
    /// force, the one for new rows first. A plain hash of so short a code would be guessed.
    pub fn user_codes(&self, code: &str) -> impl Iterator<Item = String> {
        self.derived.iter().filter_map(move |keys| name(&keys.user_code, code))
    }

    /// Seals `plain` for the outbox. `name` (the mail's id) is bound to it: a payload moved to
    /// another row does not open.
    pub fn seal(&self, random: &Random, name: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce = random.bytes::<24>()?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let keys = self.derived.first().ok_or(Error::Internal)?;
        let sealed = keys
            .outbox
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Error::Internal)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed under `name`; `None` if no key in force opens it.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        let payload = || Payload { msg: sealed, aad: name.as_bytes() };
        self.derived
            .iter()
            .find_map(|keys| keys.outbox.decrypt(XNonce::from_slice(nonce), payload()).ok())
    }
}

/// Writes octets as hexadecimal digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a name for `text`, of 128 bits, which only the owner of the key can make.
fn name(key: &[u8; 32], text: &str) -> Option<String> {
    let digest = mac(key, text)?.finalize().into_bytes();
    Some(URL_SAFE_NO_PAD.encode(&digest[..16]))
}

/// Starts an HMAC over `text`. HMAC takes a key of any length, so this never fails, although its
/// type allows it.
fn mac(key: &[u8; 32], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(&secrets.iter().map(|s| s.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn a_sealed_payload_opens_under_its_own_name_only() {
        let keys = keys(&["a secret"]);
        let sealed = keys.seal(&Random::seeded(1), "mail-1", b"token").unwrap();
        assert_eq!(keys.open("mail-1", &sealed).as_deref(), Some(b"token".as_slice()));
        assert_eq!(keys.open("mail-2", &sealed), None);
        assert_eq!(keys.open("mail-1", &sealed[..20]), None);
    }

    #[test]
    fn fingerprints_tell_secrets_apart_and_say_which_signs() {
        let both = keys(&["new", "old"]).fingerprints();
        let (new, old) = (keys(&["new"]).fingerprints(), keys(&["old"]).fingerprints());
        assert_eq!(both, format!("{new}, {}", old.replace("signs", "verifies")));
        assert_eq!(new.len(), "0123456789 signs".len());
        assert_ne!(new, old);
    }

    #[test]
    fn the_old_secret_opens_after_a_rotation_until_it_is_removed() {
        let sealed = keys(&["old"]).seal(&Random::seeded(1), "mail", b"token").unwrap();
        assert!(keys(&["new", "old"]).open("mail", &sealed).is_some());
        assert!(keys(&["new"]).open("mail", &sealed).is_none());
    }
}
