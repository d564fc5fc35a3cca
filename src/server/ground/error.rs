//! The one error enum: everything that can go wrong between a person and a session, as the pages,
//! the API and the forms report it.
//!
//! An operator's mistake at start-up is a `server::config::ConfigError`. A failure of a database or
//! a mail server is logged where it happens and reaches people as [`Error::Unavailable`] or
//! [`Error::Internal`].

use std::fmt;

use super::{
    mode::{Instead, Mode},
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
        /// The problem, as a whole sentence.
        detail: String,
    },
    LinkExpired,
    LinkUsed,
    LinkInvalid,
    LinkSuperseded,
    WrongBrowser {
        /// Content of the mail, which decides if there is a code to type instead.
        mode: Mode,
    },
    CodeWrong {
        /// Tries left before the code stops working.
        attempts_left: u32,
    },
    PasswordWrong,
    NumberWrong,
    CodeExpired,
    CodeSuperseded,
    /// The invitation has expired or was withdrawn.
    InvitationOver,
    /// The address has no open invitation with that code.
    InvitationWrong,
    TooManyAttempts {
        instead: Instead,
    },
    CodesPaused {
        instead: Instead,
        retry_after: u64,
    },
    RateLimited {
        retry_after: u64,
    },
    Unauthenticated,
    /// No app has shown a token of its own.
    AppNeeded,
    /// The app has no such auth request.
    RequestUnknown,
    ForbiddenOrigin,
    /// An operator whose role does not allow this.
    Forbidden,
    /// An operator whose sign-in is too old to change anything.
    FreshSignInNeeded,
    /// There is nothing under this name, or nothing that the caller may know of.
    NotFound,
    PayloadTooLarge,
    Unavailable,
    Internal,
}

/// An [`Error`] without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidEmail,
    MissingField,
    InvalidRequest,
    LinkExpired,
    LinkUsed,
    LinkInvalid,
    LinkSuperseded,
    WrongBrowser,
    CodeWrong,
    PasswordWrong,
    NumberWrong,
    CodeExpired,
    CodeSuperseded,
    InvitationOver,
    InvitationWrong,
    TooManyAttempts,
    CodesPaused,
    RateLimited,
    Unauthenticated,
    AppNeeded,
    RequestUnknown,
    ForbiddenOrigin,
    Forbidden,
    FreshSignInNeeded,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    Internal,
}

impl Kind {
    const ALL: [Kind; 28] = [
        Kind::InvalidEmail,
        Kind::MissingField,
        Kind::InvalidRequest,
        Kind::LinkExpired,
        Kind::LinkUsed,
        Kind::LinkInvalid,
        Kind::LinkSuperseded,
        Kind::WrongBrowser,
        Kind::CodeWrong,
        Kind::PasswordWrong,
        Kind::NumberWrong,
        Kind::CodeExpired,
        Kind::CodeSuperseded,
        Kind::InvitationOver,
        Kind::InvitationWrong,
        Kind::TooManyAttempts,
        Kind::CodesPaused,
        Kind::RateLimited,
        Kind::Unauthenticated,
        Kind::AppNeeded,
        Kind::RequestUnknown,
        Kind::ForbiddenOrigin,
        Kind::Forbidden,
        Kind::FreshSignInNeeded,
        Kind::NotFound,
        Kind::PayloadTooLarge,
        Kind::Unavailable,
        Kind::Internal,
    ];

    /// Returns the stable name that programs match on.
    pub fn code(self) -> &'static str {
        match self {
            Kind::InvalidEmail => "invalid_email",
            Kind::MissingField => "missing_field",
            Kind::InvalidRequest => "invalid_request",
            Kind::LinkExpired => "link_expired",
            Kind::LinkUsed => "link_used",
            Kind::LinkInvalid => "link_invalid",
            Kind::LinkSuperseded => "link_superseded",
            Kind::WrongBrowser => "wrong_browser",
            Kind::CodeWrong => "code_wrong",
            Kind::PasswordWrong => "password_wrong",
            Kind::NumberWrong => "number_wrong",
            Kind::CodeExpired => "code_expired",
            Kind::CodeSuperseded => "code_superseded",
            Kind::InvitationOver => "invitation_over",
            Kind::InvitationWrong => "invitation_wrong",
            Kind::TooManyAttempts => "too_many_attempts",
            Kind::CodesPaused => "codes_paused",
            Kind::RateLimited => "rate_limited",
            Kind::Unauthenticated => "unauthenticated",
            Kind::AppNeeded => "app_needed",
            Kind::RequestUnknown => "request_unknown",
            Kind::ForbiddenOrigin => "forbidden_origin",
            Kind::Forbidden => "forbidden",
            Kind::FreshSignInNeeded => "fresh_sign_in_needed",
            Kind::NotFound => "not_found",
            Kind::PayloadTooLarge => "payload_too_large",
            Kind::Unavailable => "unavailable",
            Kind::Internal => "internal",
        }
    }

    /// Returns the kind of this name; `None` for a name that a newer version has written.
    pub fn named(code: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl Error {
    /// Returns the kind of error, without its data.
    pub fn kind(&self) -> Kind {
        match self {
            Error::InvalidEmail => Kind::InvalidEmail,
            Error::MissingField { .. } => Kind::MissingField,
            Error::InvalidRequest { .. } => Kind::InvalidRequest,
            Error::LinkExpired => Kind::LinkExpired,
            Error::LinkUsed => Kind::LinkUsed,
            Error::LinkInvalid => Kind::LinkInvalid,
            Error::LinkSuperseded => Kind::LinkSuperseded,
            Error::WrongBrowser { .. } => Kind::WrongBrowser,
            Error::CodeWrong { .. } => Kind::CodeWrong,
            Error::PasswordWrong => Kind::PasswordWrong,
            Error::NumberWrong => Kind::NumberWrong,
            Error::CodeExpired => Kind::CodeExpired,
            Error::CodeSuperseded => Kind::CodeSuperseded,
            Error::InvitationOver => Kind::InvitationOver,
            Error::InvitationWrong => Kind::InvitationWrong,
            Error::TooManyAttempts { .. } => Kind::TooManyAttempts,
            Error::CodesPaused { .. } => Kind::CodesPaused,
            Error::RateLimited { .. } => Kind::RateLimited,
            Error::Unauthenticated => Kind::Unauthenticated,
            Error::AppNeeded => Kind::AppNeeded,
            Error::RequestUnknown => Kind::RequestUnknown,
            Error::ForbiddenOrigin => Kind::ForbiddenOrigin,
            Error::Forbidden => Kind::Forbidden,
            Error::FreshSignInNeeded => Kind::FreshSignInNeeded,
            Error::NotFound => Kind::NotFound,
            Error::PayloadTooLarge => Kind::PayloadTooLarge,
            Error::Unavailable => Kind::Unavailable,
            Error::Internal => Kind::Internal,
        }
    }

    /// Returns the stable name that programs match on, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// Returns the HTTP status that the API answers with.
    pub fn status(&self) -> u16 {
        match self {
            Error::InvalidEmail | Error::MissingField { .. } | Error::InvalidRequest { .. } => 400,
            Error::LinkInvalid
            | Error::CodeWrong { .. }
            | Error::CodeSuperseded
            | Error::InvitationWrong
            | Error::PasswordWrong
            | Error::NumberWrong => 400,
            Error::Unauthenticated | Error::AppNeeded => 401,
            Error::RequestUnknown | Error::NotFound => 404,
            Error::WrongBrowser { .. }
            | Error::ForbiddenOrigin
            | Error::Forbidden
            | Error::FreshSignInNeeded => 403,
            Error::LinkExpired
            | Error::LinkUsed
            | Error::LinkSuperseded
            | Error::CodeExpired
            | Error::InvitationOver => 410,
            Error::PayloadTooLarge => 413,
            Error::TooManyAttempts { .. }
            | Error::CodesPaused { .. }
            | Error::RateLimited { .. } => 429,
            Error::Internal => 500,
            Error::Unavailable => 503,
        }
    }

    /// Returns the seconds until the same request may succeed, if waiting helps: the `Retry-After`
    /// header.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Error::CodesPaused { retry_after, .. } | Error::RateLimited { retry_after } => {
                Some(*retry_after)
            }
            Error::Unavailable => Some(5),
            _ => None,
        }
    }

    /// Creates an [`Error::InvalidRequest`] with this problem.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Error::InvalidRequest { detail: detail.into() }
    }

    /// Creates an [`Error::MissingField`] with the field's API name.
    pub fn missing(field: &str) -> Self {
        Error::MissingField { field: field.to_owned() }
    }
}

/// Writes a sentence that a person can act on, in the language of the current task.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Error::InvalidEmail => say!("error-invalid-email"),
            Error::MissingField { field } => match field.as_str() {
                "email" => say!("error-missing-email"),
                "code" => say!("error-missing-code"),
                "password" => say!("error-missing-password"),
                "number" => say!("error-missing-number"),
                "reason" => say!("error-missing-reason"),
                field => say!("error-missing-field", field = field),
            },
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
            Error::NumberWrong => say!("error-number-wrong"),
            Error::CodeExpired => say!("error-code-expired"),
            Error::CodeSuperseded => say!("error-code-superseded"),
            Error::InvitationOver => say!("error-invitation-over"),
            Error::InvitationWrong => say!("error-invitation-wrong"),
            Error::TooManyAttempts { instead } => {
                say!("error-too-many-attempts", instead = instead.name())
            }
            Error::CodesPaused { instead, retry_after } => {
                let duration = duration(retry_after.to_owned());
                say!("error-codes-paused", instead = instead.name(), duration = duration)
            }
            Error::RateLimited { retry_after } => {
                say!("error-rate-limited", duration = duration(retry_after.to_owned()))
            }
            Error::Unauthenticated => say!("error-unauthenticated"),
            Error::AppNeeded => say!("error-app-needed"),
            Error::RequestUnknown => say!("error-request-unknown"),
            Error::ForbiddenOrigin => say!("error-forbidden-origin"),
            Error::Forbidden => say!("error-forbidden"),
            Error::FreshSignInNeeded => say!("error-fresh-sign-in-needed"),
            Error::NotFound => say!("error-not-found"),
            Error::PayloadTooLarge => say!("error-payload-too-large"),
            Error::Unavailable => say!("error-unavailable"),
            Error::Internal => say!("error-internal"),
        })
    }
}

impl std::error::Error for Error {}

/// Returns an error with its causes: many say by themselves only that something failed.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| error.to_string()).collect::<Vec<_>>().join(": ")
}
