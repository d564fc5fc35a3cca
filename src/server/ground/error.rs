//! The one error enum: what can go wrong between a person and a session, as the pages, the API and
//! the forms say it.
//!
//! What an operator did wrong at start-up is `server::config::ConfigError`; what a database or a
//! mail server did wrong is logged where it happened and reaches people as [`Error::Unavailable`]
//! or [`Error::Internal`].

use std::fmt;

use super::{
    mode::Mode,
    words::{duration, say},
};

/// Every way a request can be refused. Times are whole seconds.
///
/// Each variant has a stable [`code`](Error::code) for programs, an HTTP [`status`](Error::status)
/// and a sentence (its `Display`) that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    InvalidEmail,
    MissingField {
        /// The missing field, by its API name.
        field: String,
    },
    InvalidRequest {
        /// What is wrong, as the rest of the sentence.
        detail: String,
    },
    LinkExpired,
    LinkUsed,
    LinkInvalid,
    LinkSuperseded,
    WrongBrowser {
        /// What the mail carried: whether there is a code to type instead.
        mode: Mode,
    },
    CodeWrong {
        /// Tries left before the code is dead.
        attempts_left: u32,
    },
    PasswordWrong,
    CodeExpired,
    CodeSuperseded,
    TooManyAttempts {
        /// What the mail carried: whether there is a link to open instead.
        mode: Mode,
    },
    CodesPaused {
        /// What mails carry: whether there is a link to open instead.
        mode: Mode,
        retry_after: u64,
    },
    RateLimited {
        retry_after: u64,
    },
    Unauthenticated,
    ForbiddenOrigin,
    PayloadTooLarge,
    Unavailable,
    Internal,
}

impl Error {
    /// The stable name programs match on, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::InvalidEmail => "invalid_email",
            Error::MissingField { .. } => "missing_field",
            Error::InvalidRequest { .. } => "invalid_request",
            Error::LinkExpired => "link_expired",
            Error::LinkUsed => "link_used",
            Error::LinkInvalid => "link_invalid",
            Error::LinkSuperseded => "link_superseded",
            Error::WrongBrowser { .. } => "wrong_browser",
            Error::CodeWrong { .. } => "code_wrong",
            Error::PasswordWrong => "password_wrong",
            Error::CodeExpired => "code_expired",
            Error::CodeSuperseded => "code_superseded",
            Error::TooManyAttempts { .. } => "too_many_attempts",
            Error::CodesPaused { .. } => "codes_paused",
            Error::RateLimited { .. } => "rate_limited",
            Error::Unauthenticated => "unauthenticated",
            Error::ForbiddenOrigin => "forbidden_origin",
            Error::PayloadTooLarge => "payload_too_large",
            Error::Unavailable => "unavailable",
            Error::Internal => "internal",
        }
    }

    /// The HTTP status the API answers with.
    pub fn status(&self) -> u16 {
        match self {
            Error::InvalidEmail | Error::MissingField { .. } | Error::InvalidRequest { .. } => 400,
            Error::LinkInvalid
            | Error::CodeWrong { .. }
            | Error::CodeSuperseded
            | Error::PasswordWrong => 400,
            Error::Unauthenticated => 401,
            Error::WrongBrowser { .. } | Error::ForbiddenOrigin => 403,
            Error::LinkExpired | Error::LinkUsed | Error::LinkSuperseded | Error::CodeExpired => {
                410
            }
            Error::PayloadTooLarge => 413,
            Error::TooManyAttempts { .. }
            | Error::CodesPaused { .. }
            | Error::RateLimited { .. } => 429,
            Error::Internal => 500,
            Error::Unavailable => 503,
        }
    }

    /// Seconds until the same request may succeed, when waiting helps: the `Retry-After` header.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Error::CodesPaused { retry_after, .. } | Error::RateLimited { retry_after } => {
                Some(*retry_after)
            }
            Error::Unavailable => Some(5),
            _ => None,
        }
    }

    /// [`Error::InvalidRequest`] with what is wrong.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Error::InvalidRequest { detail: detail.into() }
    }

    /// [`Error::MissingField`] with the field's API name.
    pub fn missing(field: &str) -> Self {
        Error::MissingField { field: field.to_owned() }
    }
}

/// A sentence a person can act on, in the language of the task at hand.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Error::InvalidEmail => say!("error-invalid-email"),
            Error::MissingField { field } => say!("error-missing-field", field = field.as_str()),
            Error::InvalidRequest { detail } => {
                say!("error-invalid-request", detail = detail.as_str())
            }
            Error::LinkExpired => say!("error-link-expired"),
            Error::LinkUsed => say!("error-link-used"),
            Error::LinkInvalid => say!("error-link-invalid"),
            Error::LinkSuperseded => say!("error-link-superseded"),
            Error::WrongBrowser { mode } => {
                say!("error-wrong-browser", mode = mode.to_string())
            }
            Error::CodeWrong { attempts_left } => {
                say!("error-code-wrong", n = attempts_left.to_owned())
            }
            Error::PasswordWrong => say!("error-password-wrong"),
            Error::CodeExpired => say!("error-code-expired"),
            Error::CodeSuperseded => say!("error-code-superseded"),
            Error::TooManyAttempts { mode } => {
                say!("error-too-many-attempts", mode = mode.to_string())
            }
            Error::CodesPaused { mode, retry_after } => {
                let duration = duration(retry_after.to_owned());
                say!("error-codes-paused", mode = mode.to_string(), duration = duration)
            }
            Error::RateLimited { retry_after } => {
                say!("error-rate-limited", duration = duration(retry_after.to_owned()))
            }
            Error::Unauthenticated => say!("error-unauthenticated"),
            Error::ForbiddenOrigin => say!("error-forbidden-origin"),
            Error::PayloadTooLarge => say!("error-payload-too-large"),
            Error::Unavailable => say!("error-unavailable"),
            Error::Internal => say!("error-internal"),
        })
    }
}

impl std::error::Error for Error {}
