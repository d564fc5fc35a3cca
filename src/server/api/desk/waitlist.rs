//! Endpoints that list who is on the waitlist, open one of them, and act for one.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{super::body::parse, Answer, Caller, Failure, unreadable};
use crate::server::{
    config::desk::Role,
    desk::{
        operator::ActReason,
        waitlist::{self, Act},
    },
    ground::{clock::rfc_3339, error::Error},
    http::{respond::ErrorAnswer, state::AppState},
    store::Waiting,
    values::address::masked,
};

/// Place in the waitlist.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// `next` of the answer before, for the next page.
    after: Option<String>,
}

/// People on the waitlist, those who have waited longest first.
#[derive(Serialize, ToSchema)]
pub struct Waitlist {
    waiting: Vec<WaitingAnswer>,
    /// To be sent as `after` for the next page. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Somebody on the waitlist. Times are RFC 3339.
#[derive(Serialize, ToSchema)]
pub struct WaitingAnswer {
    /// Name by which they are opened, here and as a person. Each answer gives another.
    key: String,
    /// Address, masked until they are opened.
    #[schema(example = "b***@example.com")]
    address: String,
    /// Language that they first asked in.
    #[schema(example = "en")]
    language: String,
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    first_asked_at: String,
    last_asked_at: String,
    /// Number of times that they asked.
    times: i64,
}

impl WaitingAnswer {
    fn masked(key: String, waiting: Waiting) -> Self {
        let Waiting { address, language, first_asked_at, last_asked_at, times } = waiting;
        WaitingAnswer {
            key,
            address: masked(address.as_str()),
            language,
            first_asked_at: rfc_3339(first_asked_at),
            last_asked_at: rfc_3339(last_asked_at),
            times,
        }
    }
}

/// Lists who is on the waitlist, a hundred at a time. Addresses stay masked.
#[utoipa::path(
    get, path = "/api/desk/waitlist", operation_id = "desk_waitlist",
    params(Wanted), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Waitlist, description = "those who have waited longest first"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn list(
    State(state): State<AppState>,
    Extension(operator): Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(Wanted { after }) = wanted.map_err(unreadable)?;
    let page = waitlist::list(&state.auth, &operator, after.as_deref()).await?;
    let waiting = page.entries.into_iter().map(|(key, one)| WaitingAnswer::masked(key, one));
    Ok(Json(Waitlist { waiting: waiting.collect(), next: page.next }).into_response())
}

/// Somebody on the waitlist to open.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Who {
    /// `key` of somebody on the list.
    key: String,
}

/// Opens somebody on the waitlist: shows the whole address.
///
/// That an address was opened is an event, once in fifteen minutes.
#[utoipa::path(
    get, path = "/api/desk/waiting", operation_id = "desk_open_waiting",
    params(Who), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = WaitingAnswer, description = "with the whole address"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, missing_field, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn open(
    State(state): State<AppState>,
    Extension(operator): Caller,
    who: Result<Query<Who>, QueryRejection>,
) -> Answer {
    let Query(Who { key }) = who.map_err(unreadable)?;
    if key.is_empty() {
        return Err(Error::missing("key").into());
    }
    let waiting = waitlist::open(&state.auth, &operator, &key).await?;
    let address = waiting.address.as_str().to_owned();
    let answer = WaitingAnswer { address, ..WaitingAnswer::masked(key, waiting) };
    Ok(Json(answer).into_response())
}

/// Act for somebody on the waitlist.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WaitingAct {
    /// `key` of somebody on the list.
    key: Option<String>,
    /// `let-in`: an invitation, in the language that they asked in. `remove`: they are told
    /// nothing, and may ask again.
    #[schema(example = "let-in")]
    act: Option<String>,
    /// Words of at most 500 characters for the mail of whoever is let in.
    note: Option<String>,
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

/// Invitation of somebody who was let in.
#[derive(Serialize, ToSchema)]
pub struct LetIn {
    /// Name by which the invitation is opened.
    invitation: String,
}

/// Lets somebody in from the waitlist, or removes them.
#[utoipa::path(
    post, path = "/api/desk/waiting", operation_id = "desk_act_for_waiting",
    request_body = WaitingAct,
    security(("desk" = ["desk:help"])),
    responses(
        (status = 200, body = LetIn, description = "invited"),
        (status = 204, description = "removed"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, fresh_sign_in_needed, not_found, missing_field, invalid_request, \
            rate_limited, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn act(
    State(state): State<AppState>,
    Extension(operator): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    operator.may_change(&state.auth, Role::Help).await?;
    let WaitingAct { key, act, note, reason } = parse(&headers, &body)?;
    let act = Act::parse(&act.unwrap_or_default())?;
    let reason = ActReason::parse(reason.as_deref().unwrap_or_default())?;
    let key = key.ok_or_else(|| Error::missing("key"))?;
    let note = note.unwrap_or_default();
    Ok(match waitlist::act(&state.auth, &operator, &reason, &key, act, &note).await? {
        Some(invitation) => Json(LetIn { invitation: invitation.id }).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
