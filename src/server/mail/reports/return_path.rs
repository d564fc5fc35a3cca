//! Return paths that name the mail they are of, so that a mail server's report says which it is
//! about: `bounces+<mail id>.<code>@example.com` (variable envelope return paths). The code proves
//! that the path is ours, or anybody could write reports about mails that they never saw.
//!
//! Some servers change the case of a local part, so id and code are in base32 and read in any case.

use data_encoding::BASE32_DNSSEC as BASE32;
use data_encoding::BASE64URL_NOPAD as BASE64URL;
use subtle::ConstantTimeEq;

use crate::server::{ground::keys::Keys, values::address::Address};

/// Characters of an id of 128 bits, of a code of 80, and of both with the dot between them.
const ID: usize = 26;
const CODE: usize = 16;
const TAIL: usize = ID + 1 + CODE;
/// Longest local part (RFC 5321, 4.5.3.1.1).
const LOCAL: usize = 64;
/// Longest local part of the address that return paths are made of: `+` and the rest go after it.
pub const LONGEST_PREFIX: usize = LOCAL - TAIL - 1;

/// Returns the return path of a mail, below the address `base`, whose server has to deliver
/// `local+anything` to `local`. `None` if the base is too long or `mail` is no id of ours.
pub fn make(keys: &Keys, base: &Address, mail: &str) -> Option<String> {
    let (local, domain) = base.local_and_domain();
    let id = BASE64URL.decode(mail.as_bytes()).ok().filter(|id| id.len() == 16)?;
    let code = keys.return_paths(mail).next()?;
    let (id, code) = (BASE32.encode(&id), BASE32.encode(&code));
    (local.len() <= LONGEST_PREFIX).then(|| format!("{local}+{id}.{code}@{domain}"))
}

/// Returns the mail whose return path `address` is, if we made it. What stands before the id and
/// after the `@` does not matter: forwarders change both.
pub fn parse(keys: &Keys, address: &str) -> Option<String> {
    let local = address.trim().trim_start_matches('<').split('@').next()?;
    let tail = local.get(local.len().checked_sub(TAIL)?..)?;
    let (id, code) = tail.split_once('.').filter(|(id, _)| id.len() == ID)?;
    let decode = |text: &str| BASE32.decode(text.to_ascii_lowercase().as_bytes()).ok();
    let (id, code) = (decode(id)?, decode(code)?);
    let mail = BASE64URL.encode(&id);
    // Each is compared, so that time does not tell which secret it was.
    let right = keys.return_paths(&mail).filter(|made| made.ct_eq(&code).into()).count();
    (right > 0).then_some(mail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ground::random::Random;

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(&secrets.iter().map(|secret| secret.to_string()).collect::<Vec<_>>())
    }

    fn base() -> Address {
        Address::parse("bounces@example.com").unwrap()
    }

    #[test]
    fn a_return_path_names_its_mail_in_any_case() {
        let (keys, random) = (keys(&["a secret"]), Random::seeded(1));
        for _ in 0..50 {
            let mail = random.id().unwrap();
            let path = make(&keys, &base(), &mail).unwrap();
            assert_eq!(Address::parse(&path).unwrap().as_str(), path, "survives lower-casing");
            assert!(path.starts_with("bounces+") && path.ends_with("@example.com"), "{path}");
            for spelling in [
                path.clone(),
                path.to_uppercase(),
                format!(" <{path}> "),
                path.replace("bounces+", "other-"),
                path.replace("example.com", "relay.example.net"),
            ] {
                assert_eq!(parse(&keys, &spelling).as_ref(), Some(&mail), "{spelling}");
            }
        }
    }

    #[test]
    fn a_return_path_that_we_did_not_make_names_nothing() {
        let (ours, random) = (keys(&["a secret"]), Random::seeded(1));
        let (mail, other) = (random.id().unwrap(), random.id().unwrap());
        let path = make(&ours, &base(), &mail).unwrap();
        let foreign = make(&keys(&["another"]), &base(), &mail).unwrap();
        let of_other = make(&ours, &base(), &other).unwrap();
        let code = |path: &str| path[path.find('.').unwrap()..].to_owned();
        let swapped = path.replace(&code(&path), &code(&of_other));
        for forged in [
            foreign.as_str(),
            swapped.as_str(),
            &path.replace('.', ".0").replacen("+", "", 1),
            &path[..path.find('@').unwrap() - 1],
            &path.replace('.', ""),
            "bounces@example.com",
            "@example.com",
            "",
            "é.é",
            &format!("{}@example.com", "é".repeat(60)),
        ] {
            assert_eq!(parse(&ours, forged), None, "{forged}");
        }
    }

    #[test]
    fn a_return_path_of_before_a_new_secret_is_still_ours() {
        let mail = Random::seeded(1).id().unwrap();
        let path = make(&keys(&["old"]), &base(), &mail).unwrap();
        assert_eq!(parse(&keys(&["new", "old"]), &path), Some(mail));
        assert_eq!(parse(&keys(&["new"]), &path), None);
    }

    #[test]
    fn a_local_part_stays_within_its_64_octets() {
        let (keys, mail) = (keys(&["a secret"]), Random::seeded(1).id().unwrap());
        let path = |local: usize| {
            let base = Address::parse(&format!("{}@example.com", "b".repeat(local))).unwrap();
            make(&keys, &base, &mail).map(|path| path.find('@').unwrap())
        };
        assert_eq!(path(LONGEST_PREFIX), Some(LOCAL));
        assert_eq!(path(LONGEST_PREFIX + 1), None);
        for no_id in ["", "sample", "not base64url of sixteen bytes"] {
            assert_eq!(make(&keys, &base(), no_id), None, "{no_id}");
        }
    }
}
