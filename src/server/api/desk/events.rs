//! Endpoints that list and export the audit table.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Caller, Failure, unreadable};
use crate::server::{
    auth::export::Format,
    desk::{
        audit::{self, Asked, Filter},
        place::PageAt,
    },
    ground::clock::rfc_3339,
    http::{audit_file, caller::Caller as Sender, respond::ErrorAnswer, state::AppState},
    store::AuditRow,
};

/// Filters of the events.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Only events of this name.
    #[param(example = "auth.failed")]
    event: Option<String>,
    /// Only those of this person.
    #[param(example = "ada@example.com")]
    address: Option<String>,
    /// Only what this operator did: an address, `app:` and the id of an app, or `*` for whatever
    /// was done at the desk.
    #[param(example = "*")]
    operator: Option<String>,
    /// Only from this time on: `2026-01-31`, `2026-01-31T12:00:00Z`, or ago, as `30m`, `12h`, `7d`.
    #[param(example = "7d")]
    since: Option<String>,
    /// Only before this time.
    until: Option<String>,
    /// `older` of an answer, for the page of events that are older than its own.
    before: Option<String>,
    /// `newer` of an answer, for the page of events that are newer than its own. Not together with
    /// `before`.
    after: Option<String>,
}

impl From<Wanted> for Asked {
    fn from(wanted: Wanted) -> Self {
        Asked {
            event: wanted.event.unwrap_or_default(),
            address: wanted.address.unwrap_or_default(),
            operator: wanted.operator.unwrap_or_default(),
            since: wanted.since.unwrap_or_default(),
            until: wanted.until.unwrap_or_default(),
        }
    }
}

/// Events, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Events {
    events: Vec<EventAnswer>,
    /// To be sent as `after` for newer events. Left out at the newest page.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
    /// To be sent as `before` for older events. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct EventAnswer {
    id: i64,
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    at: String,
    #[schema(example = "auth.failed")]
    event: String,
    /// Code of the reason, or a mail server's words. Empty if there is none.
    #[schema(example = "code_wrong")]
    reason: String,
    /// `x-request-id` of the request in which it happened.
    request_id: String,
    /// Keyed hash of the address: the same for all events of one person.
    subject: String,
    /// Address, masked.
    #[schema(example = "a***@example.com")]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    user_agent: String,
    #[schema(example = "203.0.113.0/24")]
    ip_prefix: String,
    /// App that called, with a token of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// Operator who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    /// The operator's reason.
    note: String,
}

impl From<AuditRow> for EventAnswer {
    fn from(row: AuditRow) -> Self {
        EventAnswer {
            id: row.id,
            at: rfc_3339(row.at),
            event: row.event,
            reason: row.reason,
            request_id: row.request_id,
            subject: row.subject,
            address: row.address,
            user_id: row.user_id,
            user_agent: row.user_agent,
            ip_prefix: row.ip_prefix,
            app_id: row.app_id,
            operator: row.operator,
            note: row.note,
        }
    }
}

/// Returns events of the audit table, fifty at a time.
#[utoipa::path(
    get, path = "/api/desk/events", operation_id = "desk_events",
    params(Wanted), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Events, description = "the latest first"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_email, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn events(
    State(state): State<AppState>,
    Extension(operator): Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(wanted) = wanted.map_err(unreadable)?;
    let page = PageAt::parse(wanted.before.as_deref(), wanted.after.as_deref())?;
    let filter = Filter::parse(&wanted.into(), state.auth.clock.now())?;
    let page = audit::page(&state.auth, &operator, &filter, page).await?;
    let answer = Events {
        newer: page.pages.newer.map(|place| place.to_string()),
        older: page.pages.older.map(|place| place.to_string()),
        events: page.events.into_iter().map(EventAnswer::from).collect(),
    };
    Ok(Json(answer).into_response())
}

/// Filters and format of an export.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ExportWanted {
    /// `csv`, or `jsonl` (the default): a JSON object for each event.
    #[param(inline)]
    format: FileFormat,
    /// Only events of this name.
    #[param(example = "auth.failed")]
    event: Option<String>,
    /// Only those of this person.
    #[param(example = "ada@example.com")]
    address: Option<String>,
    /// Only what this operator did, or `*` for whatever was done at the desk.
    #[param(example = "*")]
    operator: Option<String>,
    /// Only from this time on.
    #[param(example = "7d")]
    since: Option<String>,
    /// Only before this time.
    until: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FileFormat {
    Csv,
    #[default]
    Jsonl,
}

/// Returns all events that the filters let pass, oldest first.
///
/// In CSV, a text that a spreadsheet would take for a formula begins with an apostrophe. The answer
/// is sent while it is read: one that breaks off is not whole.
#[utoipa::path(
    get, path = "/api/desk/events/export", operation_id = "desk_export_events",
    params(ExportWanted),
    security(("desk" = ["desk:look"])),
    responses(
        (status = 200, description = "the events", content(
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_email, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn export(
    State(state): State<AppState>,
    Extension(operator): Caller,
    sender: Sender,
    wanted: Result<Query<ExportWanted>, QueryRejection>,
) -> Answer {
    let Query(ExportWanted { format, event, address, operator: by, since, until }) =
        wanted.map_err(unreadable)?;
    let wanted = Wanted { event, address, operator: by, since, until, before: None, after: None };
    let format = match format {
        FileFormat::Csv => Format::Csv,
        FileFormat::Jsonl => Format::Jsonl,
    };
    let filter = Filter::parse(&wanted.into(), state.auth.clock.now())?;
    // A look ahead exports nothing, and leaves no event.
    if sender.only_looks {
        return Ok(().into_response());
    }
    let export = audit::export(&state.auth, &operator, &filter, format).await?;
    Ok(audit_file::answer(state.auth.clone(), export, format))
}
