//! Answers of server functions, as they are sent to the browser.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::server::ground::{error::Error, words::say};

/// Redirect after a form that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Next {
    /// Path of this site.
    pub location: String,
}

/// State of the sign-in that a page waits for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Path to go to, set once there is nothing left to wait for on this page.
    pub location: Option<String>,
    /// Message about the mail, if there is a problem with it.
    pub trouble: Option<String>,
    /// True if mails to the address are held back, and one may be sent all the same.
    pub may_try: bool,
    /// True once the mail was accepted, and nothing has come back.
    pub is_sent: bool,
}

/// Refusal of a request: the part of an `Error` that the browser sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable name of the reason, as listed in `docs/errors.md`.
    pub code: String,
    /// Sentence that a person can act on, in their language.
    pub message: String,
    /// HTTP status.
    pub status: u16,
    /// Seconds until the same request may succeed, when waiting helps.
    pub retry_after: Option<u64>,
    /// Number of tries of the code that are left.
    pub attempts_left: Option<u32>,
}

impl Refusal {
    /// Returns the sentence to show; `offline` if no answer came that could contain one.
    pub fn said(self, offline: &str) -> String {
        if self.message.is_empty() { offline.to_owned() } else { self.message }
    }
}

/// Converts errors around a server function into our own words.
impl FromServerFnError for Refusal {
    type Encoder = JsonEncoding;

    #[cfg(feature = "ssr")]
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let error = match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::MissingArg(_) => Error::invalid(say!("detail-wrong-shape")),
            _ => Error::Internal,
        };
        error.into()
    }

    /// In the browser this error means a lost connection, or an answer from something in between.
    /// The page has the sentence for it.
    #[cfg(not(feature = "ssr"))]
    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Refusal {
            code: "unavailable".to_owned(),
            message: String::new(),
            status: 0,
            retry_after: None,
            attempts_left: None,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let attempts_left = match error {
            Error::CodeWrong { attempts_left } => Some(attempts_left),
            _ => None,
        };
        Refusal {
            code: error.code().to_owned(),
            message: error.to_string(),
            status: error.status(),
            retry_after: error.retry_after(),
            attempts_left,
        }
    }
}
