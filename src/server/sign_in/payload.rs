//! What a mail will say, sealed for its stay in the outbox: it holds the link, the code or another
//! secret.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::Core;
use crate::{
    error::Error,
    server::{
        clock::Millis,
        keys::Keys,
        store::{AuditEvent, NewMail, QueuedMail},
        words::Language,
    },
};

/// All that a mail says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    SignIn(Letter),
    NewDevice(Notice),
    PasswordChange(PasswordChange),
}

/// The mail that was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Letter {
    /// The whole link, unless the mode has none.
    pub link: Option<String>,
    pub code: Option<String>,
    pub expires_at: Millis,
    pub requested_at: Millis,
    pub user_agent: String,
    /// The network it was asked for from.
    #[serde(default)]
    pub network: String,
    /// Where somebody else's sign-in is stopped.
    #[serde(default)]
    pub not_you: String,
    #[serde(default)]
    pub language: Language,
    pub template: String,
    pub variables: BTreeMap<String, String>,
}

/// Which words it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Template {
    #[default]
    Signin,
    Signup,
}

impl Template {
    pub fn name(self) -> &'static str {
        match self {
            Template::Signin => "SIGNIN",
            Template::Signup => "SIGNUP",
        }
    }
}

/// The notice of a sign-in in a browser that was not seen before.
#[derive(Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Where the session is ended.
    pub end_session: String,
    pub signed_in_at: Millis,
    pub user_agent: String,
    pub network: String,
    pub language: Language,
}

/// The notice of a password that was set or removed.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordChange {
    /// Where whoever did it is put out.
    pub put_out: String,
    pub changed_at: Millis,
    pub was_set: bool,
    pub user_agent: String,
    pub network: String,
    pub language: Language,
}

impl Payload {
    pub fn language(&self) -> Language {
        match self {
            Payload::SignIn(letter) => letter.language,
            Payload::NewDevice(notice) => notice.language,
            Payload::PasswordChange(change) => change.language,
        }
    }

    /// Which of the outbox's ranks it has: what somebody waits for goes first.
    fn rank(&self) -> i64 {
        match self {
            Payload::SignIn(_) => 0,
            Payload::NewDevice(_) | Payload::PasswordChange(_) => 1,
        }
    }

    /// What was sealed for the mail `mail_id`; nothing when no key in force opens it.
    pub fn open(keys: &Keys, mail_id: &str, sealed: &[u8]) -> Option<Self> {
        serde_json::from_slice(&keys.open(mail_id, sealed)?).ok()
    }
}

/// A mail ready for the outbox.
pub struct Sealed {
    mail_id: String,
    /// Whose allowance it takes from.
    bucket: String,
    rank: i64,
    payload: Vec<u8>,
    expires_at: Millis,
}

impl Sealed {
    /// Under an id of its own, worth sending until `expires_at`.
    pub fn new(
        core: &Core,
        payload: &Payload,
        bucket: String,
        expires_at: Millis,
    ) -> Result<Self, Error> {
        let mail_id = core.random.id()?;
        let plain = serde_json::to_vec(payload).map_err(|_| Error::Internal)?;
        let rank = payload.rank();
        let payload = core.keys.seal(&core.random, &mail_id, &plain)?;
        Ok(Sealed { mail_id, bucket, rank, payload, expires_at })
    }

    /// The mail as the database takes it. `auth_request_id`: empty, when it belongs to none.
    pub fn new_mail<'a>(&'a self, auth_request_id: &'a str, handed_over: bool) -> NewMail<'a> {
        let Sealed { mail_id: id, bucket, rank, payload, expires_at } = self;
        let (rank, expires_at) = (*rank, *expires_at);
        NewMail { id, auth_request_id, bucket, rank, payload, expires_at, handed_over }
    }

    /// Whose allowance it takes from.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The mail as the worker takes it.
    pub fn queued(self, address: &str, event: &AuditEvent) -> QueuedMail {
        let Sealed { mail_id: id, payload, expires_at, .. } = self;
        let (address, request_id) = (address.to_owned(), event.request_id.clone());
        QueuedMail {
            id,
            address,
            payload,
            attempts: 1,
            leased_at: event.at,
            expires_at,
            created_at: event.at,
            request_id,
        }
    }
}
