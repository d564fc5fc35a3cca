//! Parameters of a request, from its query or its form.

use url::form_urlencoded;

use super::denial::Denial;

/// Most bytes of the parameters of one request: they are kept in a row until the user is back.
const LONGEST: usize = 8_192;

/// Parameters, in their order.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub fn parse(text: &[u8]) -> Result<Self, Denial> {
        if text.len() > LONGEST {
            return Err(Denial::request(format!("The parameters may take {LONGEST} bytes.")));
        }
        Ok(Params(form_urlencoded::parse(text).into_owned().collect()))
    }

    /// Returns a parameter. One without a value counts as missing, and none may be there twice (RFC
    /// 6749, 3.1).
    pub fn one(&self, name: &str) -> Result<Option<&str>, Denial> {
        let mut found =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Denial::request(format!("{name} is there more than once."))),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    pub fn needed(&self, name: &str) -> Result<&str, Denial> {
        self.one(name)?.ok_or_else(|| Denial::request(format!("{name} is missing.")))
    }
}
