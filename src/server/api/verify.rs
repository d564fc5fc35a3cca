//! Endpoint that signs in with a code or a link token.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Failure, body::parse, caller::of_app};
use crate::server::{
    auth::{
        SignedIn,
        code::{self, Code},
        link::{self, LinkToken},
    },
    ground::{clock::SECOND, error::Error},
    http::{
        caller::{Caller, PersonHeaders},
        cookies,
        respond::ErrorAnswer,
        state::AppState,
    },
};

/// Sign-in with either a code or a link token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Six digits, or a text that contains them.
    #[schema(example = "123456")]
    code: Option<String>,
    #[serde(alias = "linkToken")]
    link_token: Option<String>,
    /// Id returned by send. Defaults to the newest in the cookie.
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
    session: Option<Carrier>,
    /// Value of `session.device` that verify returned to this program. With it, the program has
    /// limits of its own for the address.
    device: Option<String>,
}

/// Way the session is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// In a cookie.
    #[default]
    Cookie,
    /// In the answer, for the header `Authorization: Bearer`.
    Bearer,
}

/// Result of a sign-in.
#[derive(Serialize, ToSchema)]
pub struct Verified {
    email: String,
    user_id: String,
    /// The `state` that was given to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[schema(example = "SIGNIN")]
    template: String,
    #[schema(example = "LINK_OTP")]
    passwordless_type: String,
    session: VerifiedSession,
}

#[derive(Serialize, ToSchema)]
pub struct VerifiedSession {
    /// Expiry of the token in unix seconds.
    expires_at: i64,
    /// Only for `"session": "bearer"`: the session token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Only for `"session": "bearer"`: the entry that a browser keeps in a cookie for an address it
    /// has signed in to. Sent as `device`, it gives this program's next requests limits of their
    /// own, which strangers cannot use up. Keep it secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

/// Signs in with the code or the link in the mail.
#[utoipa::path(
    post, path = "/api/auth/verify", request_body = Verify,
    params(PersonHeaders),
    responses(
        (status = 200, body = Verified, description = "signed in"),
        (status = "4XX", body = ErrorAnswer,
            description = "missing_field, invalid_request, code_wrong, code_expired, \
                code_superseded, too_many_attempts, codes_paused, link_invalid, \
                link_expired, link_used, link_superseded, wrong_browser, app_needed, \
                request_unknown, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn verify(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let requester = caller.requester_with_session(&state).await?;
    let mut requester = of_app(&state, &caller, requester).await?;
    let Verify { code, link_token, auth_request_id, session, device } =
        parse(&caller.headers, &body)?;
    requester.devices.extend(device);
    let id = requester.holding(auth_request_id)?;
    let signed_in = match (code, link_token) {
        (Some(code), None) => {
            code::verify(&state.auth, &id, &Code::parse(&code)?, &requester).await?
        }
        (None, Some(token)) => {
            link::verify(&state.auth, &LinkToken::parse(&token)?, &requester).await?
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid("Send code or link_token, not both.").into());
        }
        (None, None) => return Err(Error::missing("code").into()),
    };
    let carrier = session.unwrap_or_default();
    let cookies = state.cookies.signed_in(&signed_in);
    let mut response = verified(signed_in, carrier);
    if carrier == Carrier::Cookie {
        cookies.into_iter().for_each(|cookie| cookies::append(response.headers_mut(), cookie));
    }
    Ok(response)
}

fn verified(signed_in: SignedIn, carrier: Carrier) -> Response {
    let expires_at = signed_in.token.expires_at / SECOND;
    let (token, device) = match carrier {
        Carrier::Bearer => (Some(signed_in.token.jwt), signed_in.devices.into_iter().next()),
        Carrier::Cookie => (None, None),
    };
    let request = signed_in.request;
    let answer = Verified {
        email: signed_in.address.as_str().to_owned(),
        user_id: signed_in.user_id,
        state: request.as_ref().and_then(|request| request.state.clone()),
        template: request.as_ref().map(|request| request.template.clone()).unwrap_or_default(),
        passwordless_type: request.map(|request| request.mode).unwrap_or_default(),
        session: VerifiedSession { expires_at, token, device },
    };
    Json(answer).into_response()
}
