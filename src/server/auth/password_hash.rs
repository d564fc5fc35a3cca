//! Hashes of passwords, and the check of a password against them.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};

use crate::server::ground::error::Error;

/// Costs of a hash: memory in KiB, passes, lanes.
type Costs = (u32, u32, u32);

/// Costs of hashes, the current ones first: OWASP's first choice for argon2id (Password Storage
/// cheat sheet). Replaced costs stay in the list as long as a hash with them may be stored. Every
/// password is checked against one hash for each entry, so timing reveals neither who has a
/// password nor how old it is.
const COSTS: [Costs; 1] = [(19 * 1_024, 2, 1)];

fn params((memory, passes, lanes): Costs) -> Result<Params, Error> {
    Params::new(memory, passes, lanes, None).map_err(|_| Error::Internal)
}

/// Returns a dummy hash with these costs that no password matches: its bytes are not the hash of
/// anything we know.
fn nobodys((memory, passes, lanes): Costs) -> String {
    let nothing = "A".repeat(43);
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$bm9ib2R5bm9ib2R5${nothing}")
}

/// Returns the costs of a hash, which its text contains; `None` if it is not an argon2id hash.
fn costs(hash: &str) -> Option<Costs> {
    let hash = PasswordHash::new(hash).ok().filter(|hash| hash.algorithm.as_str() == "argon2id")?;
    let params = Params::try_from(&hash).ok()?;
    Some((params.m_cost(), params.t_cost(), params.p_cost()))
}

/// Returns the hash to store for a new password.
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(COSTS[0])?);
    let hash = argon2.hash_password_with_salt(password.as_bytes(), salt);
    Ok(hash.map_err(|_| Error::Internal)?.to_string())
}

/// Result of checking a password.
pub struct Verification {
    pub matches: bool,
    /// New hash to store, if the password matches a hash weaker than the current costs. A stronger
    /// hash is left alone: it was made by a newer version, which may run beside this one.
    pub renewed: Option<String>,
}

/// Checks a password against the stored hash, or against a dummy if there is none.
pub fn verify(password: &str, kept: Option<&str>, salt: &[u8; 16]) -> Result<Verification, Error> {
    let mut matches = false;
    for hash in hashes(kept, &COSTS) {
        let Ok(parsed) = PasswordHash::new(&hash) else { continue };
        let is_right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
        matches |= is_right && Some(hash.as_str()) == kept;
    }
    let (memory, passes, _) = COSTS[0];
    let is_weak = kept.and_then(costs).is_none_or(|(m, t, _)| m < memory || t < passes);
    let renewed = (matches && is_weak).then(|| self::hash(password, salt)).transpose()?;
    Ok(Verification { matches, renewed })
}

/// Returns the hashes to check a password against: one for each of the known costs, with the stored
/// hash in place of the dummy of its costs. If its costs are not among them, it comes last.
fn hashes(kept: Option<&str>, known: &[Costs]) -> Vec<String> {
    let kept_by = kept.and_then(costs);
    let mut hashes: Vec<String> = known
        .iter()
        .map(|costs| match kept.filter(|_| kept_by == Some(*costs)) {
            Some(kept) => kept.to_owned(),
            None => nobodys(*costs),
        })
        .collect();
    if kept_by.is_none_or(|by| !known.contains(&by)) {
        hashes.extend(kept.map(str::to_owned));
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Costs = (8, 1, 1);

    fn hashed(costs: Costs) -> String {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(costs).unwrap());
        argon2.hash_password_with_salt(b"correct horse", &[7; 16]).unwrap().to_string()
    }

    #[test]
    fn the_same_amount_is_hashed_for_every_address() {
        let known = [(16, 1, 1), CHEAP];
        for kept in [None, Some(hashed((16, 1, 1))), Some(hashed(CHEAP))] {
            let held = hashes(kept.as_deref(), &known);
            let held: Vec<Costs> = held.iter().filter_map(|hash| costs(hash)).collect();
            assert_eq!(held, known, "{kept:?}");
        }
    }

    #[test]
    fn a_hash_with_weaker_parameters_is_renewed_by_the_right_password() {
        let old = hashed(CHEAP);
        let verify = |password, kept: &str| super::verify(password, Some(kept), &[1; 16]).unwrap();
        let renewed = verify("correct horse", &old).renewed.unwrap();
        assert_eq!(costs(&renewed), Some(COSTS[0]));
        let again = verify("correct horse", &renewed);
        assert!(again.matches && again.renewed.is_none());
        let wrong = verify("wrong horse", &old);
        assert!(!wrong.matches && wrong.renewed.is_none());
    }

    #[test]
    fn a_missing_or_malformed_hash_matches_no_password() {
        for kept in [None, Some("bcrypt, or so"), Some("")] {
            assert!(!verify("", kept, &[1; 16]).unwrap().matches, "{kept:?}");
        }
    }
}
