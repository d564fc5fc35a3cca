//! Asking for a mail, and for another.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::{Answer, Failure, body::parse};
use crate::server::{
    auth::{
        Requester,
        request::{self, Started},
        terms::Ask,
    },
    ground::{clock::SECOND, mode::Mode},
    http::{
        caller::Caller,
        cookies::{self, Cookies},
        respond::ErrorAnswer,
        state::AppState,
    },
    mail::letter::Template,
};

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
    device: Option<String>,
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

/// A mail is on its way.
#[derive(Serialize, ToSchema)]
pub struct Sent {
    /// Proves, with code or link, that they are used where they were asked for. Keep it to
    /// yourself.
    auth_request_id: String,
    /// Unix seconds.
    expires_at: i64,
    /// Seconds.
    expires_in: u32,
    #[schema(example = "LINK_OTP")]
    passwordless_type: String,
}

/// Sends a mail with a link and a code.
#[utoipa::path(
    post, path = "/api/auth/send-passwordless", request_body = Send,
    responses(
        (status = 200, body = Sent, description = "the same for known and unknown addresses"),
        (status = "4XX", body = ErrorAnswer,
            description = "invalid_email, missing_field, invalid_request, rate_limited, \
                forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn send(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let mut send: Send = parse(&caller.headers, &body)?;
    let mut requester = caller.requester(&state);
    requester.devices.extend(send.device.take());
    let started = request::start(&state.auth, &send.into(), &requester).await?;
    Ok(accepted(state.cookies, &requester, started))
}

/// Asks for a fresh mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Of the answer to send; without it, the newest of the cookie.
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
    /// What verify gave a program as `session.device`: it has limits of its own for the address.
    device: Option<String>,
}

/// Sends a fresh mail for the same auth request.
#[utoipa::path(
    post, path = "/api/auth/resend-passwordless", request_body = Resend,
    responses(
        (status = 200, body = Sent, description = "a fresh mail is on its way"),
        (status = "4XX", body = ErrorAnswer,
            description = "missing_field, invalid_request, rate_limited, forbidden_origin, \
                payload_too_large"),
        Failure,
    )
)]
pub async fn resend(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let Resend { auth_request_id, device } = parse(&caller.headers, &body)?;
    let mut requester = caller.requester(&state);
    requester.devices.extend(device);
    let id = requester.holding(auth_request_id)?;
    let started = request::resend(&state.auth, &id, &requester).await?;
    Ok(accepted(state.cookies, &requester, started))
}

fn accepted(cookies: Cookies, requester: &Requester, started: Started) -> Response {
    let cookie = cookies.hold(&requester.held, &started.auth_request_id);
    let Started { auth_request_id, expires_at, expires_in, passwordless_type } = started;
    let sent =
        Sent { auth_request_id, expires_at: expires_at / SECOND, expires_in, passwordless_type };
    let mut response = Json(sent).into_response();
    cookies::append(response.headers_mut(), cookie);
    response
}
