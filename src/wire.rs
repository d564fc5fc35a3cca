//! What server functions answer, as it crosses to the browser.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::server::ground::{error::Error, words::say};

/// Where a form that succeeded goes on to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Next {
    /// A path of this site.
    pub location: String,
}

/// How the sign-in that a page waits for stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Set once there is nothing to wait for here.
    pub location: Option<String>,
    /// What there is to say about the mail, if anything.
    pub trouble: Option<String>,
}

/// Why a request was refused: what the browser knows of an `Error`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable name of the reason, as listed in `docs/errors.md`.
    pub code: String,
    /// A sentence a person can act on, in their language.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Seconds until the same request may succeed, when waiting helps.
    pub retry_after: Option<u64>,
    /// Tries of the code that are left.
    pub attempts_left: Option<u32>,
}

impl Refusal {
    /// The sentence to show; `offline` when no answer came that could have one.
    pub fn said(self, offline: &str) -> String {
        if self.message.is_empty() { offline.to_owned() } else { self.message }
    }
}

/// What goes wrong around a server function, in our own words.
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

    /// In the browser that is a lost connection, or an answer of somebody in between. The page has
    /// the sentence for it.
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
