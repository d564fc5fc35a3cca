//! The one error enum: what can go wrong between a person and a session, as the pages, the API and the forms say it.
//!
//! What an operator did wrong at start-up is `server::config::ConfigError`; what a database or a mail server did
//! wrong is logged where it happened and reaches people as [`Error::Unavailable`] or [`Error::Internal`].

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// Every way a request can be refused. Times are whole seconds.
///
/// Each variant has a stable [`code`](Error::code) for programs, an HTTP [`status`](Error::status) and a sentence
/// (its `Display`) that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Error {
    #[error("That does not look like an e-mail address. Check the spelling.")]
    InvalidEmail,
    #[error("Something is missing: {field}. Fill it in and try again.")]
    MissingField {
        /// The missing field, by its API name.
        field: String,
    },
    #[error("That request cannot be understood: {detail}.")]
    InvalidRequest {
        /// What is wrong, as the rest of the sentence.
        detail: String,
    },
    #[error("This link has expired. Ask for a fresh one, it takes a moment.")]
    LinkExpired,
    #[error("This link has already been used. Ask for a fresh one to sign in again.")]
    LinkUsed,
    #[error("This link is not valid. It may have been cut off in the mail: copy the whole link, or ask for a fresh one.")]
    LinkInvalid,
    #[error("A newer mail has replaced this link. Open the newest mail, or ask for a fresh one.")]
    LinkSuperseded,
    #[error("Open this link in the browser where you asked for it, or type the code from the mail there.")]
    WrongBrowser,
    #[error("That code is not right. {}", tries_left(*.attempts_left))]
    CodeWrong {
        /// Tries left before the code is dead.
        attempts_left: u32,
    },
    #[error("Address and password do not fit together. Leave the password empty to get a mail instead.")]
    PasswordWrong,
    #[error("This code can no longer be used. Ask for a fresh one, it takes a moment.")]
    CodeExpired,
    #[error("A newer mail has replaced this code. Type the code from the newest mail.")]
    CodeSuperseded,
    #[error("Too many wrong codes. This code is switched off: open the link in the mail, or ask for a fresh mail.")]
    TooManyAttempts,
    #[error("Too many wrong codes for this address. Open the link in the mail, or try a code again in {}.", duration(*.retry_after))]
    CodesPaused { retry_after: u64 },
    #[error("That was a lot of requests. Try again in {}.", duration(*.retry_after))]
    RateLimited { retry_after: u64 },
    #[error("You are not signed in. Sign in and try again.")]
    Unauthenticated,
    #[error("This request came from another site, so it was refused. Open the page here and try again.")]
    ForbiddenOrigin,
    #[error("That is more than this page takes. Send less.")]
    PayloadTooLarge,
    #[error("We cannot reach our database right now. Nothing is lost: try again in a few seconds.")]
    Unavailable,
    #[error("Something went wrong on our side. Try again, and tell us if it stays.")]
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
            Error::WrongBrowser => "wrong_browser",
            Error::CodeWrong { .. } => "code_wrong",
            Error::PasswordWrong => "password_wrong",
            Error::CodeExpired => "code_expired",
            Error::CodeSuperseded => "code_superseded",
            Error::TooManyAttempts => "too_many_attempts",
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
            Error::LinkInvalid | Error::CodeWrong { .. } | Error::CodeSuperseded | Error::PasswordWrong => 400,
            Error::Unauthenticated => 401,
            Error::WrongBrowser | Error::ForbiddenOrigin => 403,
            Error::LinkExpired | Error::LinkUsed | Error::LinkSuperseded | Error::CodeExpired => 410,
            Error::PayloadTooLarge => 413,
            Error::TooManyAttempts | Error::CodesPaused { .. } | Error::RateLimited { .. } => 429,
            Error::Internal => 500,
            Error::Unavailable => 503,
        }
    }

    /// Seconds until the same request may succeed, when waiting helps: the `Retry-After` header.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Error::CodesPaused { retry_after } | Error::RateLimited { retry_after } => Some(*retry_after),
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

fn tries_left(attempts_left: u32) -> String {
    match attempts_left {
        1 => "One try is left.".to_owned(),
        n => format!("{n} tries are left."),
    }
}

/// A waiting time as people say it.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        91..=5400 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

/// What goes wrong around a server function (a lost connection, a body that does not decode) in our own words; its
/// text never reaches a person.
impl FromServerFnError for Error {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::MissingArg(_) => {
                Error::invalid("a field of the form has the wrong shape")
            }
            ServerFnErrorErr::Request(_) => Error::Unavailable,
            _ => Error::Internal,
        }
    }
}
