//! Refusals, as OAuth and OpenID Connect name them. Their descriptions are for developers, and so
//! in English.

use crate::server::ground::error::Error;

/// Refusal of a request of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Name of the reason (RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core, 3.1.2.6).
    pub code: &'static str,
    pub description: String,
}

impl Denial {
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        Denial { code, description: description.into() }
    }

    pub fn request(description: impl Into<String>) -> Self {
        Denial::new("invalid_request", description)
    }

    /// Refusal of a code or a refresh token.
    pub fn grant(description: &str) -> Self {
        Denial::new("invalid_grant", description)
    }

    /// Refusal of an access token (RFC 6750, 3.1).
    pub fn token() -> Self {
        Denial::new("invalid_token", "The token is wrong, has expired, or was revoked.")
    }
}

impl From<Error> for Denial {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable => {
                Denial::new("temporarily_unavailable", "Try again in a few seconds.")
            }
            Error::RateLimited { retry_after } => Denial::new(
                "temporarily_unavailable",
                format!("That was a lot of requests. Try again in {retry_after} seconds."),
            ),
            Error::InvalidRequest { detail } => Denial::request(detail),
            Error::PayloadTooLarge => Denial::request("Send less: no request is that large."),
            _ => Denial::new("server_error", "Something went wrong on our side."),
        }
    }
}
