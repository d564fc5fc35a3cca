//! An error as it reaches who asked: what the browser's half knows of `error::Error`.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// Why a request was refused.
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
        use crate::{error::Error, server::words::say};

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
