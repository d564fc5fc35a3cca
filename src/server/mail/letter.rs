//! The content of a mail, sealed while it is in the outbox: it holds the link, the code or another
//! secret.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::server::ground::{
    clock::Millis, error::Error, keys::Keys, random::Random, words::Language,
};

/// The content of a mail.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Letter {
    SignIn(SignInLetter),
    NewDevice(NewDeviceLetter),
    PasswordLetter(PasswordLetter),
    Invitation(InvitationLetter),
    Waitlist(WaitlistLetter),
}

/// The sign-in mail that was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignInLetter {
    /// The whole link, unless the mode has none.
    pub link: Option<String>,
    pub code: Option<String>,
    pub expires_at: Millis,
    pub requested_at: Millis,
    pub user_agent: String,
    /// Network that the request came from.
    #[serde(default)]
    pub network: String,
    /// URL that stops a sign-in which somebody else began.
    #[serde(default)]
    pub not_you: String,
    #[serde(default)]
    pub language: Language,
    pub template: String,
    pub variables: BTreeMap<String, String>,
}

/// Wording of the mail: to sign in, or to sign up.
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
pub struct NewDeviceLetter {
    /// URL that ends the session.
    pub end_session: String,
    pub signed_in_at: Millis,
    pub user_agent: String,
    pub network: String,
    pub language: Language,
}

/// The notice that a password was set or removed.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordLetter {
    /// URL that ends the session of whoever changed the password.
    pub put_out: String,
    pub changed_at: Millis,
    pub was_set: bool,
    pub user_agent: String,
    pub network: String,
    pub language: Language,
}

/// The mail of an invitation.
#[derive(Debug, Serialize, Deserialize)]
pub struct InvitationLetter {
    /// Id of the invitation: its mail goes only while that is open.
    pub invitation: String,
    pub accept_link: String,
    pub accept_code: String,
    /// Address of an operator, `app:` and the id of an app, or `command`.
    pub invited_by: String,
    /// Words of whoever invited. May be empty.
    pub note: String,
    pub expires_at: Millis,
    pub language: Language,
}

/// The mail to somebody who was put on the waitlist.
#[derive(Debug, Serialize, Deserialize)]
pub struct WaitlistLetter {
    pub waiting_since: Millis,
    pub language: Language,
}

impl Letter {
    pub fn language(&self) -> Language {
        match self {
            Letter::SignIn(letter) => letter.language,
            Letter::NewDevice(notice) => notice.language,
            Letter::PasswordLetter(change) => change.language,
            Letter::Invitation(invitation) => invitation.language,
            Letter::Waitlist(waitlist) => waitlist.language,
        }
    }

    /// Returns the rank in the outbox: mails that somebody waits for go first.
    pub fn rank(&self) -> i64 {
        match self {
            Letter::SignIn(_) => 0,
            Letter::NewDevice(_)
            | Letter::PasswordLetter(_)
            | Letter::Invitation(_)
            | Letter::Waitlist(_) => 1,
        }
    }

    /// Seals the letter for the mail `mail_id`.
    pub fn seal(&self, keys: &Keys, random: &Random, mail_id: &str) -> Result<Vec<u8>, Error> {
        let plain = serde_json::to_vec(self).map_err(|_| Error::Internal)?;
        keys.seal(random, mail_id, &plain)
    }

    /// Opens a letter that was sealed for the mail `mail_id`; `None` if no key in force opens it.
    pub fn open(keys: &Keys, mail_id: &str, sealed: &[u8]) -> Option<Self> {
        serde_json::from_slice(&keys.open(mail_id, sealed)?).ok()
    }
}
