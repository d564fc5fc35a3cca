//! Parameters of a request, from its query or its form.

use std::collections::HashSet;
use url::form_urlencoded;

use super::denial::Denial;

/// Most bytes of the parameters of one request: they are kept in a row until the user is back.
const LONGEST: usize = 8_192;

/// The one parameter that may be there more than once (RFC 8707, 2): an app may name several
/// resources. None is known here, so they are ignored.
const MAY_REPEAT: &str = "resource";

/// Parameters, in their order.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads parameters, of which none may be there more than once (RFC 6749, 3.1 and 3.2).
    pub fn parse(text: &[u8]) -> Result<Self, Denial> {
        let params = Params::read(text)?;
        params.each_once()?;
        Ok(params)
    }

    /// Reads the parameters of an authorization request, which may be there twice: whether that is
    /// told to the app depends on some of them. `each_once` refuses the others.
    pub fn read(text: &[u8]) -> Result<Self, Denial> {
        if text.len() > LONGEST {
            return Err(Denial::request(format!("The parameters may take {LONGEST} bytes.")));
        }
        Ok(Params(form_urlencoded::parse(text).into_owned().collect()))
    }

    /// Refuses parameters of which one is there more than once, known or not.
    pub fn each_once(&self) -> Result<(), Denial> {
        let mut names = HashSet::new();
        match self.0.iter().find(|(name, _)| name != MAY_REPEAT && !names.insert(name)) {
            Some((name, _)) => Err(twice(name)),
            None => Ok(()),
        }
    }

    /// Returns a parameter. One without a value counts as missing.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Denial> {
        let mut found =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(twice(name)),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    pub fn needed(&self, name: &str) -> Result<&str, Denial> {
        self.one(name)?.ok_or_else(|| Denial::request(format!("{name} is missing.")))
    }
}

fn twice(name: &str) -> Denial {
    // The name is anybody's text: as much of it as tells which one it is, in the characters that a
    // description may have (RFC 6749, 4.1.2.1).
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "_-.".contains(*c);
    let name: String = name.chars().filter(is_plain).take(40).collect();
    Denial::request(format!("{name} is there more than once."))
}
