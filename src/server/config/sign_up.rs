//! The rules for new people: `[sign_up]` of the policy.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::app_values::parsed;
use crate::server::values::address::{Address, parse_domain};

/// Times are in seconds, unless a key says otherwise.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignUpPolicy {
    /// Domains whose addresses may sign up; all if there are none.
    pub domains: Vec<DomainPattern>,
    pub blocked_domains: Vec<DomainPattern>,
    /// Addresses of providers that hand out mailboxes for minutes.
    pub disposable: Rule,
    /// A file of such domains, in place of the built-in list. A relative path starts at the folder
    /// of the policy file.
    pub disposable_list: Option<PathBuf>,
    /// Addresses with a plus and a word behind the name of the mailbox (RFC 5233).
    pub sub_addresses: Rule,
    pub invitation_expires_in: u32,
    /// Most people that the waitlist takes in an hour.
    pub waitlist_per_hour: u32,
    /// Days that somebody stays on the waitlist after they last asked.
    pub waitlist_days: u32,
}

/// Answer to new people of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    #[default]
    Allowed,
    Refused,
}

impl Default for SignUpPolicy {
    fn default() -> Self {
        SignUpPolicy {
            domains: Vec::new(),
            blocked_domains: Vec::new(),
            disposable: Rule::default(),
            disposable_list: None,
            sub_addresses: Rule::default(),
            invitation_expires_in: 604_800,
            waitlist_per_hour: 1_000,
            waitlist_days: 180,
        }
    }
}

parsed!(
    /// A domain, its sub-domains, or both, in the spelling of nginx's `server_name`:
    /// `example.com` is the domain alone, `*.example.com` all below it, `.example.com` both.
    DomainPattern,
    |text| {
        let why = || format!("{text:?} is no domain like \"example.com\", \".example.com\" or \
                              \"*.example.com\"");
        let (mark, domain) = match (text.strip_prefix("*."), text.strip_prefix('.')) {
            (Some(domain), _) => ("*.", domain),
            (None, Some(domain)) => (".", domain),
            (None, None) => ("", text.strip_prefix('@').unwrap_or(&text)),
        };
        let domain = parse_domain(domain).ok_or_else(why)?;
        // No address has a domain of one label.
        if mark.is_empty() && !domain.contains('.') {
            return Err(why());
        }
        Ok(format!("{mark}{domain}"))
    }
);

impl DomainPattern {
    /// Reports whether the domain of an address is meant.
    pub fn includes(&self, address: &Address) -> bool {
        let (_, domain) = address.local_and_domain();
        let is_below = |parent: &str| {
            domain.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        match (self.as_str().strip_prefix("*."), self.as_str().strip_prefix('.')) {
            (Some(parent), _) => is_below(parent),
            (None, Some(parent)) => domain == parent || is_below(parent),
            (None, None) => domain == self.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_a_domain_what_is_below_it_or_both() {
        let meant = |pattern: &str| {
            let pattern = DomainPattern::try_from(pattern.to_owned()).unwrap();
            ["example.com", "a.example.com", "b.a.example.com", "badexample.com", "example.com.eu"]
                .map(|domain| pattern.includes(&Address::parse(&format!("ada@{domain}")).unwrap()))
        };
        assert_eq!(meant("example.com"), [true, false, false, false, false]);
        assert_eq!(meant("@Example.COM"), [true, false, false, false, false]);
        assert_eq!(meant("*.example.com"), [false, true, true, false, false]);
        assert_eq!(meant(".example.com"), [true, true, true, false, false]);
        assert_eq!(meant("*.com"), [true, true, true, true, false]);
    }

    #[test]
    fn a_domain_in_any_script_is_one_pattern() {
        let both = ["*.bücher.example", "*.XN--BCHER-KVA.example"]
            .map(|text| DomainPattern::try_from(text.to_owned()).unwrap());
        assert_eq!(both[0], both[1]);
        assert!(both[0].includes(&Address::parse("ada@shop.bücher.example").unwrap()));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for text in ["", ".", "*.", "*", "com", "ada@example.com", "exa mple.com", "a..b", "*.*.b"]
        {
            assert!(DomainPattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
