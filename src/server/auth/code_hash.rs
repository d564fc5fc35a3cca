//! Hashes of codes, and the check of a code against them.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use super::code::Code;
use crate::server::ground::{error::Error, keys::Keys};

/// Argon2 memory in KiB, with one pass. A million codes are guessed in seconds to minutes whatever
/// the work factor. What guards a code is the pepper (a dump without the server's secret is
/// useless), its expiry and the limit on tries. A costlier hash would only make verifying costlier
/// for us, twice in each sign-in.
const MEMORY_KIB: u32 = 32;
const PASSES: u32 = 1;
const LANES: u32 = 1;

/// Length of a hash in bytes.
const LENGTH: usize = 32;

/// Stored text that no code matches: for where there is none, and the time must not tell.
pub const OF_NO_CODE: &str = "m=32,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Computes the Argon2id hash of a code with the salt of its auth request and a pepper.
fn hash(code: &Code, salt: &[u8], pepper: &[u8], params: Params) -> Result<[u8; LENGTH], Error> {
    let mut out = [0; LENGTH];
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)
        .and_then(|argon2| argon2.hash_password_into(code.as_str().as_bytes(), salt, &mut out))
        .map_err(refused)?;
    Ok(out)
}

fn refused(error: argon2::Error) -> Error {
    tracing::error!(%error, "argon2 refused its parameters");
    Error::Internal
}

/// Returns the text to store for a new code: the parameters and the hash. A version of this program
/// that hashes with other parameters may run beside this one, and each accepts the other's codes.
/// The salt is stored with the auth request, so a code is hashed only once for all the mails it may
/// have come from.
pub fn keep(code: &Code, salt: &[u8], keys: &Keys) -> Result<String, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(LENGTH)).map_err(refused)?;
    keep_by(code, salt, keys, params)
}

fn keep_by(code: &Code, salt: &[u8], keys: &Keys, params: Params) -> Result<String, Error> {
    let pepper = keys.peppers().next().ok_or(Error::Internal)?;
    let how = format!("m={},t={},p={}", params.m_cost(), params.t_cost(), params.p_cost());
    Ok(format!("{how}${}", URL_SAFE_NO_PAD.encode(hash(code, salt, pepper, params)?)))
}

/// Returns the index of the stored hash that matches a code, under any pepper in force. All of
/// `kept` belong to one auth request.
pub fn find<'a>(
    code: &Code,
    salt: &[u8],
    keys: &Keys,
    kept: impl Iterator<Item = &'a str>,
) -> Result<Option<usize>, Error> {
    let mut known: Vec<(&str, Vec<[u8; LENGTH]>)> = Vec::new();
    for (n, kept) in kept.enumerate() {
        let Some((how, kept)) = kept.split_once('$') else { continue };
        let (Ok(params), Ok(kept)) = (how.parse::<Params>(), URL_SAFE_NO_PAD.decode(kept)) else {
            continue;
        };
        if !known.iter().any(|(other, _)| *other == how) {
            let hashes = keys.peppers().map(|pepper| hash(code, salt, pepper, params.clone()));
            known.push((how, hashes.collect::<Result<_, _>>()?));
        }
        let hashes = known.iter().filter(|(other, _)| *other == how).flat_map(|(_, all)| all);
        if hashes.fold(false, |hit, hash| hit | bool::from(hash.ct_eq(kept.as_slice()))) {
            return Ok(Some(n));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(&secrets.iter().map(|secret| secret.to_string()).collect::<Vec<_>>())
    }

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    fn found(text: &str, salt: &[u8], keys: &Keys, kept: &[String]) -> Option<usize> {
        find(&code(text), salt, keys, kept.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn a_hash_depends_on_code_salt_and_pepper() {
        let ours = keys(&["pepper"]);
        let kept = [keep(&code("123456"), b"salt-salt", &ours).unwrap()];
        assert_eq!(found("123456", b"salt-salt", &ours, &kept), Some(0));
        assert_eq!(found("123457", b"salt-salt", &ours, &kept), None);
        assert_eq!(found("123456", b"salt-tlas", &ours, &kept), None);
        assert_eq!(found("123456", b"salt-salt", &keys(&["papper"]), &kept), None);
        assert_eq!(found("123456", b"salt-salt", &keys(&["papper", "pepper"]), &kept), Some(0));
    }

    #[test]
    fn a_code_is_hashed_where_there_is_none_as_where_there_is_one() {
        let (how, hash) = OF_NO_CODE.split_once('$').unwrap();
        let kept = keep(&code("123456"), b"salt-salt", &keys(&["pepper"])).unwrap();
        assert_eq!(Some(how), kept.split_once('$').map(|(how, _)| how));
        assert_eq!(URL_SAFE_NO_PAD.decode(hash).unwrap(), [0; LENGTH]);
    }

    #[test]
    fn codes_hashed_with_the_parameters_of_another_version_are_found() {
        let ours = keys(&["pepper"]);
        let theirs = Params::new(64, 2, 1, Some(LENGTH)).unwrap();
        let kept = [
            keep(&code("111111"), b"salt-salt", &ours).unwrap(),
            "of a later version$%".to_owned(),
            keep_by(&code("222222"), b"salt-salt", &ours, theirs).unwrap(),
        ];
        assert_eq!(found("111111", b"salt-salt", &ours, &kept), Some(0));
        assert_eq!(found("222222", b"salt-salt", &ours, &kept), Some(2));
        assert_eq!(found("333333", b"salt-salt", &ours, &kept), None);
    }
}
