//! Checks for mistyped addresses.

use strsim::osa_distance;

/// Domains of the most common mail providers.
const COMMON: [&str; 16] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "live.com",
    "aol.com",
    "msn.com",
    "proton.me",
    "protonmail.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "mail.com",
];
/// Real domains that are one letter away from a common one.
const REAL: [&str; 7] =
    ["ymail.com", "email.com", "gmx.com", "live.de", "hotmail.co", "gmx.at", "gmx.ch"];

/// Returns the address that was probably meant, if its domain is one slip (a letter too many, too
/// few, wrong, or two swapped) away from a common one.
pub fn suggestion(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.to_ascii_lowercase();
    if COMMON.contains(&domain.as_str()) || REAL.contains(&domain.as_str()) {
        return None;
    }
    let meant = COMMON.into_iter().find(|common| osa_distance(common, &domain) == 1)?;
    (!local.is_empty()).then(|| format!("{local}@{meant}"))
}

/// True if the text could be an address at all: enough to object before it is sent. The server
/// decides.
pub fn is_plausible(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_common_domain_is_noticed() {
        for (typed, meant) in [
            ("ada@gmial.com", "ada@gmail.com"),
            ("ada@gmail.con", "ada@gmail.com"),
            ("ada@gmail.co", "ada@gmail.com"),
            ("Ada@Hotmial.com", "Ada@hotmail.com"),
            ("ada@outlok.com", "ada@outlook.com"),
            ("ada@gnx.de", "ada@gmx.de"),
        ] {
            assert_eq!(suggestion(typed).as_deref(), Some(meant));
        }
    }

    #[test]
    fn other_domains_get_no_suggestion() {
        for typed in [
            "ada@gmail.com",
            "ada@ymail.com",
            "ada@example.com",
            "ada@gmx.com",
            "ada",
            "@gmial.com",
            "a@b",
            "",
        ] {
            assert_eq!(suggestion(typed), None, "{typed}");
        }
    }
}
