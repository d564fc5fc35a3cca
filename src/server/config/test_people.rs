//! Test people: those who sign in with a code of the policy, because no mail reaches them. They are
//! for reviewers of app stores, who read no mailbox of ours, and for suites of tests from end to
//! end.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

use super::{app_values::parsed, desk::DeskPolicy};
use crate::server::{
    ground::mode::Mode,
    values::address::{Address, is_reserved, masked},
};

/// A person who signs in with a fixed code, and gets no mail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TestPerson {
    pub address: TestAddress,
    pub code: FixedCode,
}

parsed!(
    /// Address of a domain that nobody can own, so that a code which many know opens nobody's
    /// account.
    TestAddress,
    |text| {
        let Ok(address) = Address::parse(&text) else {
            return Err(format!("{:?} is no address", masked(&text)));
        };
        // RFC 6761 reserves localhost, too, but a machine may have mailboxes of that name.
        let (_, domain) = address.local_and_domain();
        if is_reserved(domain) && !domain.ends_with("localhost") {
            return Ok(address.as_str().to_owned());
        }
        Err(format!(
            "{:?} may be somebody's: take an address of example.com, example.net, example.org, or \
             of a domain that ends in .example, .test or .invalid (RFC 2606)",
            masked(address.as_str())
        ))
    }
);

/// A code of six digits that stays the same. It is shown nowhere: neither by `Debug` nor where a
/// policy is written down. Not even as a hash, which for six digits is the code.
#[derive(Clone, PartialEq, Eq)]
pub struct FixedCode(String);

impl FixedCode {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FixedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Serialize for FixedCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl<'de> Deserialize<'de> for FixedCode {
    /// Reads any value, because an error about its type would repeat it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_code =
            |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) if is_code(&text) => Ok(FixedCode(text)),
            _ => Err(D::Error::custom("a code of six digits in quotation marks is needed")),
        }
    }
}

impl TestPerson {
    pub fn is(&self, address: &Address) -> bool {
        self.address.as_str() == address.as_str()
    }

    /// Returns the address as logs may show it.
    pub fn masked(&self) -> String {
        masked(self.address.as_str())
    }
}

/// Returns the first fault of the entries, as the rest of a sentence about `test_people`. `mode` is
/// what mails carry.
pub(super) fn fault(people: &[TestPerson], mode: Mode, desk: &DeskPolicy) -> Option<String> {
    if !people.is_empty() && !mode.has_code() {
        let why = "is set, and auth.mode = \"LINK\" leaves no codes: nobody of them could sign in";
        return Some(why.to_owned());
    }
    people.iter().enumerate().find_map(|(n, person)| {
        let (earlier, address) =
            (&people[..n], Address::stored(person.address.as_str().to_owned()));
        if desk.role_of(&address).is_some() {
            return Some(format!("has {:?}, which is an operator's of the desk", person.masked()));
        }
        if earlier.iter().any(|other| other.address == person.address) {
            return Some(format!("has {:?} twice", person.masked()));
        }
        // One code for two would make the code of the one whom nobody may know that of the other.
        let other = earlier.iter().find(|other| other.code == person.code)?;
        Some(format!("has the same code for {:?} and {:?}", other.masked(), person.masked()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(text: &str) -> Result<Vec<TestPerson>, String> {
        #[derive(Deserialize)]
        struct File {
            test_people: Vec<TestPerson>,
        }
        let file: Result<File, _> = toml::from_str(text);
        file.map(|file| file.test_people).map_err(|error| error.message().to_owned())
    }

    fn entry(address: &str, code: &str) -> String {
        format!("[[test_people]]\naddress = \"{address}\"\ncode = {code}\n")
    }

    #[test]
    fn only_an_address_that_can_be_nobodys_is_taken() {
        for good in
            ["a@example.com", "a@x.example.org", "a@shop.example", "a@a.test", "A@B.invalid"]
        {
            assert!(people(&entry(good, "\"123456\"")).is_ok(), "{good}");
        }
        for bad in [
            "ada@gmail.com",
            "ada@example.de",
            "ada@example.com.evil.org",
            "ada@notexample.com",
            "ada@my.localhost",
        ] {
            let error = people(&entry(bad, "\"123456\"")).unwrap_err();
            assert!(error.contains("may be somebody's") && !error.contains(bad), "{error}");
        }
    }

    #[test]
    fn a_code_is_six_digits_and_no_error_repeats_it() {
        for bad in
            ["\"12345\"", "\"1234567\"", "\"12345x\"", "123456", "\"١٢٣٤٥٦\"", "[\"123456\"]"]
        {
            let error = people(&entry("a@example.com", bad)).unwrap_err();
            assert!(error.contains("six digits") && !error.contains("123"), "{bad}: {error}");
        }
        let text = entry("a@example.com", "\"012345\"");
        let person = people(&text).unwrap().remove(0);
        assert_eq!(person.code.expose(), "012345");
        let written = toml::to_string(&person).unwrap();
        assert!(!written.contains("012345") && !format!("{person:?}").contains("012345"));
    }

    #[test]
    fn addresses_and_codes_are_there_once_and_only_where_mails_carry_codes() {
        let both = |one: &str, other: &str| {
            let people = people(&format!("{one}{other}")).unwrap();
            fault(&people, Mode::LinkOtp, &DeskPolicy::default()).unwrap_or_default()
        };
        let ada = entry("ada@example.com", "\"111222\"");
        assert!(both(&ada, &entry("Ada@example.com", "\"333444\"")).contains("twice"));
        let shared = both(&ada, &entry("bob@example.com", "\"111222\""));
        assert!(shared.contains("same code") && !shared.contains("111222"), "{shared}");
        assert_eq!(both(&ada, &entry("bob@example.com", "\"333444\"")), "");
        let link = fault(&people(&ada).unwrap(), Mode::Link, &DeskPolicy::default());
        assert!(link.unwrap().contains("no codes"));
    }
}
