//! Endpoint for the numbers of the desk's first page.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Caller, Failure, unreadable};
use crate::server::{
    desk::now::{self, Now, OfDomain, Part, Range, Took},
    ground::{clock::rfc_3339, error::Error},
    http::{respond::ErrorAnswer, state::AppState},
};

/// Time that the numbers are about.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// `day` (by the hour, the default), `week` or `month` (by the day), which end now.
    #[param(example = "day")]
    range: Option<String>,
}

/// Numbers of sign-ins and mails.
#[derive(Serialize, ToSchema)]
pub struct Numbers {
    /// Mails that were asked for.
    asked: i64,
    /// Mails that a server accepted.
    sent: i64,
    /// Mails whose link was followed, or whose code was tried.
    opened: i64,
    /// Sign-ins by a mail.
    signed_in: i64,
    /// Mails that came back.
    returned: i64,
    /// Mails that were called spam.
    complaints: i64,
    /// From the ask to the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_session: Option<TookAnswer>,
    /// From the ask until a server accepted the mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_mail_server: Option<TookAnswer>,
    /// The hours or days, the earliest first.
    parts: Vec<PartAnswer>,
    domains: Vec<DomainAnswer>,
    /// Sign-ins by method, the most first.
    methods: Vec<NamedCount>,
    /// Mails that were asked for and sign-ins, by app. The one without an id is the sign-in page.
    apps: Vec<AppAnswer>,
    /// Refusals by reason, the most first.
    refusals: Vec<NamedCount>,
    /// Mails that wait to be sent.
    queued_mails: i64,
    /// Time at which the oldest of them was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_queued: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TookAnswer {
    /// Milliseconds that half of them took at most.
    median: i64,
    /// Milliseconds that 95 of 100 took at most.
    p95: i64,
}

#[derive(Serialize, ToSchema)]
struct PartAnswer {
    /// Time at which the hour or day begins.
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    at: String,
    asked: i64,
    signed_in: i64,
}

#[derive(Serialize, ToSchema)]
struct DomainAnswer {
    /// Left out for all that have no place of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    asked: i64,
    sent: i64,
    opened: i64,
    signed_in: i64,
    returned: i64,
    complaints: i64,
}

#[derive(Serialize, ToSchema)]
struct AppAnswer {
    /// Left out for the sign-in page.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "wiki")]
    id: String,
    asked: i64,
    signed_in: i64,
}

#[derive(Serialize, ToSchema)]
struct NamedCount {
    #[schema(example = "link")]
    name: String,
    count: i64,
}

impl From<Took> for TookAnswer {
    fn from(took: Took) -> Self {
        TookAnswer { median: took.median, p95: took.p95 }
    }
}

impl From<Part> for PartAnswer {
    fn from(part: Part) -> Self {
        PartAnswer { at: rfc_3339(part.at), asked: part.asked, signed_in: part.signed_in }
    }
}

impl From<OfDomain> for DomainAnswer {
    fn from(of: OfDomain) -> Self {
        let OfDomain { domain, asked, sent, opened, signed_in, returned, complaints } = of;
        DomainAnswer { domain, asked, sent, opened, signed_in, returned, complaints }
    }
}

impl From<(String, i64, i64)> for AppAnswer {
    fn from((id, asked, signed_in): (String, i64, i64)) -> Self {
        AppAnswer { id, asked, signed_in }
    }
}

impl From<Now> for Numbers {
    fn from(now: Now) -> Self {
        let counts = |counts: Vec<(String, i64)>| {
            counts.into_iter().map(|(name, count)| NamedCount { name, count }).collect()
        };
        Numbers {
            asked: now.asked,
            sent: now.sent,
            opened: now.opened,
            signed_in: now.signed_in,
            returned: now.returned,
            complaints: now.complaints,
            to_session: now.to_session.map(TookAnswer::from),
            to_mail_server: now.to_mail_server.map(TookAnswer::from),
            parts: now.parts.into_iter().map(PartAnswer::from).collect(),
            domains: now.domains.into_iter().map(DomainAnswer::from).collect(),
            methods: counts(now.methods),
            apps: now.apps.into_iter().map(AppAnswer::from).collect(),
            refusals: counts(now.refusals),
            queued_mails: now.queue.mails,
            oldest_queued: now.queue.oldest.map(rfc_3339),
        }
    }
}

/// Returns how sign-ins and mails go.
#[utoipa::path(
    get, path = "/api/desk/numbers", operation_id = "desk_numbers",
    params(Wanted), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Numbers, description = "counted by the hour or the day"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn numbers(
    State(state): State<AppState>,
    Extension(_): Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(Wanted { range }) = wanted.map_err(unreadable)?;
    let range = match range.as_deref() {
        None | Some("") => Range::default(),
        Some(name) => Range::ALL
            .into_iter()
            .find(|range| range.name() == name)
            .ok_or_else(|| Error::invalid("range may be day, week or month."))?,
    };
    Ok(Json(Numbers::from(now::read(&state.auth, range).await?)).into_response())
}
