//! The content of a mail: link, code, or both.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

use super::error::Error;

/// Content of a sign-in mail: a link, a code (`OTP`) or both. API, policy and database use these
/// names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    Link,
    Otp,
    #[default]
    LinkOtp,
}

impl Mode {
    pub fn has_link(self) -> bool {
        self != Mode::Otp
    }

    pub fn has_code(self) -> bool {
        self != Mode::Link
    }

    /// Returns the way in that mails of this mode leave while codes are of no use. `may_link` says
    /// that a link would lead somewhere.
    pub fn instead_of_code(self, may_link: bool) -> Instead {
        match (self.has_link(), may_link) {
            (true, _) => Instead::Link,
            (false, true) => Instead::NextLink,
            (false, false) => Instead::Nothing,
        }
    }

    /// Returns what the current policy `self` leaves of a request that was begun in the mode
    /// `name`; `None` if all of it was withdrawn.
    pub fn left_of(self, name: &str) -> Option<Mode> {
        match (name.parse().ok()?, self) {
            (begun, now) if begun == now => Some(now),
            (Mode::LinkOtp, one) | (one, Mode::LinkOtp) => Some(one),
            _ => None,
        }
    }

    /// Returns the mode for a request that asks for `wanted` where the policy says `self`. Less
    /// than the policy is granted, anything else is refused.
    pub fn narrowed(self, wanted: Option<Mode>) -> Result<Mode, Error> {
        match wanted {
            None => Ok(self),
            Some(wanted) if self == Mode::LinkOtp || self == wanted => Ok(wanted),
            Some(wanted) => Err(Error::invalid(format!(
                "passwordless_type is {wanted}, and this server allows {self} only."
            ))),
        }
    }
}

/// Way in that is left while codes are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The link in the mail.
    Link,
    /// The link that the next mail brings.
    NextLink,
    /// None but another code: the users of an app that takes no links get none.
    Nothing,
}

impl Instead {
    /// Returns the name by which sentences choose.
    pub fn name(self) -> &'static str {
        match self {
            Instead::Link => "link",
            Instead::NextLink => "next-link",
            Instead::Nothing => "nothing",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Link => "LINK",
            Mode::Otp => "OTP",
            Mode::LinkOtp => "LINK_OTP",
        })
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "LINK" => Ok(Mode::Link),
            "OTP" => Ok(Mode::Otp),
            "LINK_OTP" => Ok(Mode::LinkOtp),
            other => Err(Error::invalid(format!(
                "passwordless_type must be LINK, OTP or LINK_OTP, and is {other:?}."
            ))),
        }
    }
}
