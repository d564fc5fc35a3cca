//! The log of an app's own auth requests.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use super::{refusal::RefusalAnswer, rest::Answer, service};
use crate::server::{
    auth::request_log::{self, State as RequestState, Wanted},
    ground::{
        clock::{Millis, SECOND},
        error::Error,
    },
    http::{caller::Caller, state::AppState},
    store::AuthRequest,
    values::address::Address,
};

const MOST: usize = 100;
const USUAL: usize = 30;

/// Parameters of the log. Used only in the description: `status` may come several times.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
struct Query {
    email: Option<String>,
    /// `INITIATED`, `PENDING`, `SUCCESS` or `FAILED`, in any case.
    status: Option<Vec<String>>,
    /// Earliest time, as `2026-01-31T12:00:00Z`.
    start_time: Option<String>,
    /// Time before which they began.
    end_time: Option<String>,
    /// 1 to 100; 30 if it is left out.
    page_size: Option<usize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// Page of the log, the latest request first. It may hold fewer than `page_size` although more
/// follow.
#[derive(Serialize, ToSchema)]
pub struct AuthLog {
    /// Empty on the last page.
    next_page_token: String,
    #[serde(rename = "authRequests")]
    auth_requests: Vec<AuthLogLine>,
}

#[derive(Serialize, ToSchema)]
pub struct AuthLogLine {
    auth_request_id: String,
    email: String,
    #[schema(example = "SUCCESS")]
    status: String,
    /// Time at which it began.
    #[schema(example = "2026-01-31T12:00:00Z")]
    timestamp: String,
    client_id: String,
    client_name: String,
}

/// Lists the auth requests that an app has begun, as long as they are kept: a day after they
/// expired.
#[utoipa::path(
    get, path = "/api/v1/logs/authentication/requests", operation_id = "list_auth_requests",
    params(Query),
    responses(
        (status = 200, body = AuthLog, description = "the requests"),
        (status = "4XX", body = RefusalAnswer,
            description = "INVALID_EMAIL, INVALID_REQUEST, UNAUTHENTICATED"),
        (status = "5XX", body = RefusalAnswer, description = "UNAVAILABLE, INTERNAL"),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Answer {
    let by = service::requester(&state, &caller).await?;
    // A page is read from many rows.
    state.auth.one_more_verify(&by.client).await?;
    let id = by.client.app.unwrap_or_default();
    let wanted = wanted(query.as_deref().unwrap_or_default())?;
    let page = request_log::page(&state.auth, &id, &wanted).await?;
    let name = state.auth.policy().app_name(&id).to_owned();
    let line = |(request, state): (AuthRequest, RequestState)| AuthLogLine {
        auth_request_id: request.id,
        email: request.address.as_str().to_owned(),
        status: state.name().to_owned(),
        timestamp: written(request.created_at),
        client_id: id.clone(),
        client_name: name.clone(),
    };
    let next = page.next.map(|(at, id)| URL_SAFE_NO_PAD.encode(format!("{at} {id}")));
    let answer = AuthLog {
        next_page_token: next.unwrap_or_default(),
        auth_requests: page.requests.into_iter().map(line).collect(),
    };
    Ok(Json(answer).into_response())
}

fn wanted(query: &str) -> Result<Wanted, Error> {
    let mut wanted = Wanted { most: USUAL, ..Wanted::default() };
    let mut until = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        match name.as_ref() {
            "email" => wanted.address = Some(Address::parse(&value)?),
            "status" => wanted.states.push(of_name(&value)?),
            "start_time" | "startTime" => wanted.since = read(&value)?,
            "end_time" | "endTime" => until = Some((read(&value)?, String::new())),
            "page_size" | "pageSize" => {
                let size = value.parse().ok().filter(|size| (1..=MOST).contains(size));
                let why = || Error::invalid(format!("page_size may be 1 to {MOST}."));
                wanted.most = size.ok_or_else(why)?;
            }
            "page_token" | "pageToken" => {
                let why = || Error::invalid("page_token is none that this server has given.");
                wanted.before = Some(position(&value).ok_or_else(why)?);
            }
            _ => {}
        }
    }
    wanted.before = wanted.before.or(until);
    Ok(wanted)
}

fn of_name(name: &str) -> Result<RequestState, Error> {
    let mut all = RequestState::ALL.into_iter();
    all.find(|state| state.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| Error::invalid("status may be INITIATED, PENDING, SUCCESS or FAILED."))
}

fn position(token: &str) -> Option<(Millis, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (at, id) = text.split_once(' ')?;
    Some((at.parse().ok()?, id.to_owned()))
}

fn read(text: &str) -> Result<Millis, Error> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    let why = |_| Error::invalid("A time is written as 2026-01-31T12:00:00Z.");
    let nanoseconds = time.map_err(why)?.unix_timestamp_nanos();
    Millis::try_from(nanoseconds.div_euclid(1_000_000)).map_err(|_| Error::Internal)
}

fn written(at: Millis) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.div_euclid(SECOND));
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}
