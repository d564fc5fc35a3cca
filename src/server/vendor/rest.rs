//! The calls of the vendor's service over REST, as its gateway has them: JSON in snake_case, 64-bit
//! numbers as texts, enums by their names.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    logs,
    messages::TemplateType,
    refusal::{Refusal, RefusalAnswer},
    service::{self, Credential},
};
use crate::server::{
    auth::{request::Started, terms::Ask},
    ground::{clock::SECOND, error::Error},
    http::{
        caller::{Caller, PersonHeaders},
        state::AppState,
    },
};

pub(super) type Answer = Result<Response, Refusal>;

/// Returns the routes, with their description.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(resend))
        .routes(routes!(verify))
        .routes(routes!(logs::list))
}

/// True if a path is one of these, or would be.
pub fn is_path(path: &str) -> bool {
    path.starts_with("/api/v1/")
}

/// Answers a request that was refused before it came here.
pub fn refused(error: Error) -> Response {
    Refusal::from(error).into_response()
}

/// Request for a mail. Unknown fields are ignored.
#[derive(Deserialize, ToSchema)]
pub struct SendEmail {
    /// Address to send to.
    #[schema(example = "ada@example.com")]
    #[serde(default)]
    email: String,
    #[serde(default)]
    template: Option<TemplateType>,
    /// URL of the app that takes `?link_token=`. Its origin must be in `auth.magiclink_origins`.
    /// Without it, the mail carries a code alone.
    #[serde(alias = "magiclinkAuthUri")]
    magiclink_auth_uri: Option<String>,
    /// Returned by verify.
    state: Option<String>,
    /// Lifetime of link and code in seconds: 60 to the value of `auth.expires_in`.
    #[serde(alias = "expiresIn")]
    expires_in: Option<u32>,
    /// Variables for the mail's templates: at most 30.
    #[serde(alias = "templateVariables", default)]
    template_variables: Option<BTreeMap<String, String>>,
}

/// Confirmation that a mail is on its way.
#[derive(Serialize, ToSchema)]
pub struct EmailSent {
    auth_request_id: String,
    /// Expiry in unix seconds, as a text.
    #[schema(example = "1767269400")]
    expires_at: String,
    /// Lifetime in seconds.
    expires_in: u32,
    #[schema(example = "LINK_OTP")]
    passwordless_type: String,
}

impl From<Started> for EmailSent {
    fn from(started: Started) -> Self {
        let Started { auth_request_id, expires_at, expires_in, passwordless_type } = started;
        let expires_at = (expires_at / SECOND).to_string();
        EmailSent { auth_request_id, expires_at, expires_in, passwordless_type }
    }
}

/// Sends a mail for the user of an app. Needs an access token of the app.
#[utoipa::path(
    post, path = "/api/v1/passwordless/email/send", operation_id = "send_email",
    request_body = SendEmail, params(PersonHeaders),
    responses(
        (status = 200, body = EmailSent, description = "the same for known and unknown addresses"),
        (status = "4XX", body = RefusalAnswer, description = "INVALID_EMAIL, MISSING_FIELD, \
            INVALID_REQUEST, UNAUTHENTICATED, RATE_LIMITED, PAYLOAD_TOO_LARGE"),
        (status = "5XX", body = RefusalAnswer, description = "UNAVAILABLE, INTERNAL"),
    )
)]
async fn send(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let by = service::requester(&state, &caller).await?;
    let asked: SendEmail = parse(&body)?;
    let ask = Ask {
        email: asked.email,
        state: asked.state,
        template: asked.template.and_then(TemplateType::template),
        expires_in: asked.expires_in,
        magiclink_auth_uri: asked.magiclink_auth_uri,
        template_variables: asked.template_variables.unwrap_or_default(),
        ..Ask::default()
    };
    let started = service::send(&state, &by, &ask).await?;
    Ok(Json(EmailSent::from(started)).into_response())
}

/// Request for a fresh mail.
#[derive(Deserialize, ToSchema)]
pub struct ResendEmail {
    #[serde(alias = "authRequestId", default)]
    auth_request_id: String,
}

/// Sends a fresh mail for the same auth request of the app.
#[utoipa::path(
    post, path = "/api/v1/passwordless/email/resend", operation_id = "resend_email",
    request_body = ResendEmail, params(PersonHeaders),
    responses(
        (status = 200, body = EmailSent, description = "a fresh mail is on its way"),
        (status = "4XX", body = RefusalAnswer, description = "MISSING_FIELD, INVALID_REQUEST, \
            UNAUTHENTICATED, REQUEST_UNKNOWN, RATE_LIMITED, PAYLOAD_TOO_LARGE"),
        (status = "5XX", body = RefusalAnswer, description = "UNAVAILABLE, INTERNAL"),
    )
)]
async fn resend(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let by = service::requester(&state, &caller).await?;
    let asked: ResendEmail = parse(&body)?;
    let started = service::resend(&state, &by, &asked.auth_request_id).await?;
    Ok(Json(EmailSent::from(started)).into_response())
}

/// Either a code or a link token.
#[derive(Deserialize, ToSchema)]
pub struct VerifyEmail {
    #[schema(example = "123456")]
    code: Option<String>,
    #[serde(alias = "linkToken")]
    link_token: Option<String>,
    /// Id that send returned. May be left out with a link token if `auth.same_browser` is
    /// `confirm`.
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
}

/// Owner of the mailbox that a code or link was read in.
#[derive(Serialize, ToSchema)]
pub struct EmailVerified {
    #[schema(example = "ada@example.com")]
    email: String,
    /// The `state` that was given to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "SIGNIN")]
    template: Option<String>,
    #[schema(example = "LINK_OTP")]
    passwordless_type: String,
}

/// Uses a code or a link token up, and says whose it was. No session begins: the app has its own.
#[utoipa::path(
    post, path = "/api/v1/passwordless/email/verify", operation_id = "verify_email",
    request_body = VerifyEmail, params(PersonHeaders),
    responses(
        (status = 200, body = EmailVerified, description = "proved"),
        (status = "4XX", body = RefusalAnswer, description = "MISSING_FIELD, INVALID_REQUEST, \
            UNAUTHENTICATED, REQUEST_UNKNOWN, CODE_WRONG, CODE_EXPIRED, CODE_SUPERSEDED, \
            TOO_MANY_ATTEMPTS, CODES_PAUSED, LINK_INVALID, LINK_EXPIRED, LINK_USED, \
            LINK_SUPERSEDED, WRONG_BROWSER, RATE_LIMITED, PAYLOAD_TOO_LARGE"),
        (status = "5XX", body = RefusalAnswer, description = "UNAVAILABLE, INTERNAL"),
    )
)]
async fn verify(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let by = service::requester(&state, &caller).await?;
    let VerifyEmail { code, link_token, auth_request_id } = parse(&body)?;
    let credential = match (code, link_token) {
        (Some(code), None) => Credential::Code(code),
        (None, Some(token)) => Credential::LinkToken(token),
        (Some(_), Some(_)) => {
            return Err(Error::invalid("Send code or link_token, not both.").into());
        }
        (None, None) => return Err(Error::missing("code").into()),
    };
    let proved = service::verify(&state, &by, credential, auth_request_id).await?;
    let request = proved.request;
    let answer = EmailVerified {
        email: proved.address.as_str().to_owned(),
        state: request.as_ref().and_then(|request| request.state.clone()),
        template: request.as_ref().map(|request| request.template.clone()),
        passwordless_type: request.map(|request| request.mode).unwrap_or_default(),
    };
    Ok(Json(answer).into_response())
}

/// Parses a body, whatever type it is said to be of: none but programs with a token come here.
fn parse<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Error> {
    serde_json::from_slice(body)
        // It may repeat what was sent.
        .map_err(|error| format!("The JSON does not fit: {error}").chars().take(300).collect())
        .map_err(|why: String| Error::invalid(format!("{why}.")))
}
