//! What the API takes and gives. Names are snake_case; camelCase spellings of them are taken, too.

use axum::{
    body::Bytes,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::server::{
    auth::terms::Ask,
    ground::{error::Error, mode::Mode},
    mail::payload::Template,
};

/// A JSON body, or what is wrong with it.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Error> {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Error::invalid("send JSON, with the header content-type: application/json"));
    }
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the JSON does not fit: {error}")))
}

/// Asks for a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The address to send to. Needed.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Where the link leads once signed in: a path of this site.
    #[schema(example = "/dashboard")]
    next: Option<String>,
    /// Given back by verify. At most 2048 bytes.
    state: Option<String>,
    template: Option<Template>,
    /// Seconds link and code live: 60 to what `auth.expires_in` says.
    #[serde(alias = "expiresIn")]
    expires_in: Option<u32>,
    /// What to send, within what the policy allows.
    #[serde(alias = "passwordlessType")]
    passwordless_type: Option<Mode>,
    /// Another app that takes `?link_token=`; its origin must be in `auth.magiclink_origins`.
    #[serde(alias = "magiclinkAuthUri")]
    magiclink_auth_uri: Option<String>,
    /// For the mail's templates, as `variables.<name>`. At most 30, of 200 characters each, with no
    /// control characters and nothing that a mail program makes a link of.
    #[serde(alias = "templateVariables", default)]
    template_variables: Option<BTreeMap<String, String>>,
    /// What verify gave a program as `session.device`: it has limits of its own for the address.
    pub device: Option<String>,
}

impl From<Send> for Ask {
    fn from(send: Send) -> Self {
        Ask {
            email: send.email.unwrap_or_default(),
            next: send.next,
            state: send.state,
            template: send.template,
            expires_in: send.expires_in,
            mode: send.passwordless_type,
            magiclink_auth_uri: send.magiclink_auth_uri,
            template_variables: send.template_variables.unwrap_or_default(),
        }
    }
}

/// Asks for a fresh mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Of the answer to send; without it, the newest of the cookie.
    #[serde(alias = "authRequestId")]
    pub auth_request_id: Option<String>,
    /// What verify gave a program as `session.device`: it has limits of its own for the address.
    pub device: Option<String>,
}

/// A mail is on its way.
#[derive(Serialize, ToSchema)]
pub struct Sent {
    /// Proves, with code or link, that they are used where they were asked for. Keep it to
    /// yourself.
    pub auth_request_id: String,
    /// Unix seconds.
    pub expires_at: i64,
    /// Seconds.
    pub expires_in: u32,
    #[schema(example = "LINK_OTP")]
    pub passwordless_type: String,
}

/// Signs in with a code or a link token, one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Six digits, or a text that holds them.
    #[schema(example = "123456")]
    pub code: Option<String>,
    #[serde(alias = "linkToken")]
    pub link_token: Option<String>,
    /// Of the answer to send; without it, the newest of the cookie.
    #[serde(alias = "authRequestId")]
    pub auth_request_id: Option<String>,
    pub session: Option<Carrier>,
    /// What verify gave a program as `session.device`: it has limits of its own for the address.
    pub device: Option<String>,
}

/// How the session travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// In a cookie.
    #[default]
    Cookie,
    /// In the answer, for the header `Authorization: Bearer`.
    Bearer,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub struct Verified {
    pub email: String,
    pub user_id: String,
    /// What send was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[schema(example = "SIGNIN")]
    pub template: String,
    #[schema(example = "LINK_OTP")]
    pub passwordless_type: String,
    pub session: VerifiedSession,
}

#[derive(Serialize, ToSchema)]
pub struct VerifiedSession {
    /// Of the token, in unix seconds.
    pub expires_at: i64,
    /// For `"session": "bearer"` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// For `"session": "bearer"` alone: what a browser keeps in a cookie of the address it has signed
    /// in to. With it as `device`, this program's next sign-in has limits of its own, which strangers
    /// cannot use up. Keep it to yourself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Who is signed in. Times are unix seconds.
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    pub email: String,
    pub user_id: String,
    pub session_id: String,
    pub issued_at: i64,
    /// Of the token, the fresh one if there is one.
    pub expires_at: i64,
    /// A fresh token of the same session, for who asked by bearer past half of the life of theirs,
    /// which goes on until its own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Signs out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// All of the user's sessions, not only this one.
    #[serde(default)]
    pub everywhere: bool,
}
