//! Endpoints that ask for a mail, and for another.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::{Answer, Failure, body::parse, caller::of_app};
use crate::server::{
    auth::{
        Requester,
        request::{self, Started},
        terms::Ask,
    },
    ground::{clock::SECOND, mode::Mode},
    http::{
        caller::{Caller, PersonHeaders},
        cookies::{self, Cookies},
        respond::ErrorAnswer,
        state::AppState,
    },
    mail::letter::Template,
};

/// Request for a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Address to send to. Required.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Path of this site to go to after the sign-in.
    #[schema(example = "/dashboard")]
    next: Option<String>,
    /// Returned by verify. At most 2048 bytes.
    state: Option<String>,
    template: Option<Template>,
    /// Lifetime of link and code in seconds: 60 to the value of `auth.expires_in`.
    #[serde(alias = "expiresIn")]
    expires_in: Option<u32>,
    /// Contents of the mail: link, code, or both, within what the policy allows.
    #[serde(alias = "passwordlessType")]
    passwordless_type: Option<Mode>,
    /// URL of another app that takes `?link_token=`. Its origin must be in
    /// `auth.magiclink_origins`.
    #[serde(alias = "magiclinkAuthUri")]
    magiclink_auth_uri: Option<String>,
    /// Variables for the mail's templates, as `variables.<name>`. At most 30. Names and values have
    /// at most 256 characters. Values contain no control characters and nothing that a mail program
    /// turns into a link.
    #[serde(alias = "templateVariables", default)]
    template_variables: Option<BTreeMap<String, String>>,
    /// Value of `session.device` that verify returned to this program. With it, the program has
    /// limits of its own for the address.
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
            // A program has no window to show a number in.
            has_window: false,
            template_variables: send.template_variables.unwrap_or_default(),
        }
    }
}

/// Confirmation that a mail is on its way.
#[derive(Serialize, ToSchema)]
pub struct Sent {
    /// Proof that the code or link is used by the program or browser that asked for it. Keep it
    /// secret.
    auth_request_id: String,
    /// Expiry in unix seconds.
    expires_at: i64,
    /// Lifetime in seconds.
    expires_in: u32,
    #[schema(example = "LINK_OTP")]
    passwordless_type: String,
}

/// Sends a mail with a link, a code, or both.
#[utoipa::path(
    post, path = "/api/auth/send-passwordless", request_body = Send,
    params(PersonHeaders),
    responses(
        (status = 200, body = Sent, description = "the same for known and unknown addresses"),
        (status = "4XX", body = ErrorAnswer,
            description = "invalid_email, missing_field, invalid_request, app_needed, \
                rate_limited, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn send(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let mut requester = of_app(&state, &caller, caller.requester(&state)).await?;
    let mut send: Send = parse(&caller.headers, &body)?;
    requester.devices.extend(send.device.take());
    let started = request::start(&state.auth, &send.into(), &requester).await?;
    Ok(accepted(state.cookies, &requester, started))
}

/// Request for a fresh mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Id returned by send. Defaults to the newest in the cookie.
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
    /// Value of `session.device` that verify returned to this program. With it, the program has
    /// limits of its own for the address.
    device: Option<String>,
}

/// Sends a fresh mail for the same auth request.
///
/// If that has ended or expired, begins a new one on the same terms.
#[utoipa::path(
    post, path = "/api/auth/resend-passwordless", request_body = Resend,
    params(PersonHeaders),
    responses(
        (status = 200, body = Sent, description = "a fresh mail is on its way"),
        (status = "4XX", body = ErrorAnswer,
            description = "missing_field, invalid_request, app_needed, request_unknown, \
                rate_limited, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn resend(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let mut requester = of_app(&state, &caller, caller.requester(&state)).await?;
    let Resend { auth_request_id, device } = parse(&caller.headers, &body)?;
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
