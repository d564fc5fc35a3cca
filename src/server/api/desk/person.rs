//! Endpoints that open a person, and act for one.

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
        person::{self, Act, Person},
        place::PageAt,
        policy_then::{KeyThen, PolicyThen},
        timeline::Line,
    },
    ground::{clock::rfc_3339, error::Error},
    http::{respond::ErrorAnswer, state::AppState},
    store::SessionLine,
};

/// Person to open.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Who {
    /// `key` of a person that was found, or a user id.
    key: String,
    /// `older` of an answer, for earlier events.
    before: Option<String>,
    /// `newer` of an answer, for later events. Not together with `before`.
    after: Option<String>,
}

/// A person, with the whole address. Times are RFC 3339.
#[derive(Serialize, ToSchema)]
pub struct PersonAnswer {
    key: String,
    #[schema(example = "ada@example.com")]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Role at the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    is_test_person: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_since: Option<String>,
    /// Words of the mail server, if mails to the address are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_back: Option<String>,
    /// Mails that wait to be sent.
    waiting_mails: usize,
    sessions: Vec<PersonSession>,
    /// Names of the apps that have access.
    apps: Vec<String>,
    /// The reason that the last try to sign in did not succeed, or that it did, in one sentence.
    diagnosis: String,
    /// The events, the latest first.
    timeline: Vec<LineAnswer>,
    /// To be sent as `after` for later events. Left out at the newest page.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
    /// To be sent as `before` for earlier events. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PersonSession {
    begun_at: String,
    last_seen_at: String,
    user_agent: String,
    #[schema(example = "203.0.113.0/24")]
    ip_prefix: String,
}

#[derive(Serialize, ToSchema)]
struct LineAnswer {
    at: String,
    /// The event, in words.
    what: String,
    /// Browser and network it came from.
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    /// Words of a mail server or of an operator.
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    request_id: String,
    /// True for what kept somebody out.
    is_trouble: bool,
    /// When a mail was asked for: keys of the policy that had another value then than now. Left out
    /// if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policy_then: Vec<KeyThenAnswer>,
    /// True if the policy that was in force then is not known any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    policy_then_is_unknown: bool,
}

/// Key of the policy, and its values as TOML has them. A value that is left out was, or is, not
/// set.
#[derive(Serialize, ToSchema)]
struct KeyThenAnswer {
    #[schema(example = "auth.expires_in")]
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "300")]
    then: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "600")]
    now: Option<String>,
}

impl From<KeyThen> for KeyThenAnswer {
    fn from(KeyThen { key, then, now }: KeyThen) -> Self {
        KeyThenAnswer { key, then, now }
    }
}

impl From<SessionLine> for PersonSession {
    fn from(session: SessionLine) -> Self {
        PersonSession {
            begun_at: rfc_3339(session.begun_at),
            last_seen_at: rfc_3339(session.last_seen_at),
            user_agent: session.user_agent,
            ip_prefix: session.ip_prefix,
        }
    }
}

impl From<Line> for LineAnswer {
    fn from(line: Line) -> Self {
        let Line { at, what, from, said, operator, request_id, is_trouble, policy_then } = line;
        let (keys, is_unknown) = match policy_then {
            None => (Vec::new(), false),
            Some(PolicyThen::Differs(keys)) => (keys, false),
            Some(PolicyThen::Unknown) => (Vec::new(), true),
        };
        LineAnswer {
            at: rfc_3339(at),
            what,
            from,
            said,
            operator,
            request_id,
            is_trouble,
            policy_then: keys.into_iter().map(KeyThenAnswer::from).collect(),
            policy_then_is_unknown: is_unknown,
        }
    }
}

impl From<Person> for PersonAnswer {
    fn from(person: Person) -> Self {
        PersonAnswer {
            key: person.key,
            address: person.address.as_str().to_owned(),
            user_id: person.user_id,
            since: person.since.map(rfc_3339),
            role: person.role.map(|role| role.name().to_owned()),
            is_test_person: person.is_test_person,
            last_sign_in: person.last_sign_in.map(rfc_3339),
            disabled_since: person.banned_since.map(rfc_3339),
            held_back: person.suppression.map(|suppression| suppression.said),
            waiting_mails: person.waiting.len(),
            sessions: person.sessions.into_iter().map(PersonSession::from).collect(),
            apps: person.apps.into_iter().map(|(name, _)| name).collect(),
            diagnosis: person.diagnosis,
            newer: person.timeline.pages.newer.map(|place| place.to_string()),
            older: person.timeline.pages.older.map(|place| place.to_string()),
            timeline: person.timeline.lines.into_iter().map(LineAnswer::from).collect(),
        }
    }
}

/// Opens a person: shows the whole address, what holds for them now, and what happened.
///
/// That somebody was opened is an event, once in fifteen minutes.
#[utoipa::path(
    get, path = "/api/desk/person", operation_id = "desk_open_person",
    params(Who), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = PersonAnswer, description = "the person"),
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
    let Query(Who { key, before, after }) = who.map_err(unreadable)?;
    if key.is_empty() {
        return Err(Error::missing("key").into());
    }
    let page = PageAt::parse(before.as_deref(), after.as_deref())?;
    let person = person::open(&state.auth, &operator, &key, page).await?;
    Ok(Json(PersonAnswer::from(person)).into_response())
}

/// Act for a person.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActOrder {
    /// `key` of a person that was found, or a user id.
    key: Option<String>,
    /// `send-mail`, `end-sessions`, `pause-codes`, `lift-suppression`, `disable`, `enable`, or, for
    /// the role `steer`, `delete`.
    #[schema(example = "end-sessions")]
    act: Option<String>,
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

/// Does something for a person.
#[utoipa::path(
    post, path = "/api/desk/person", operation_id = "desk_act_for_person",
    request_body = ActOrder,
    security(("desk" = ["desk:help"])),
    responses(
        (status = 204, description = "done"),
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
    let ActOrder { key, act, reason } = parse(&headers, &body)?;
    let act = Act::parse(&act.unwrap_or_default())?;
    operator.may_change(&state.auth, act.role()).await?;
    let reason = ActReason::parse(reason.as_deref().unwrap_or_default())?;
    let key = key.ok_or_else(|| Error::missing("key"))?;
    person::act(&state.auth, &state.transports, &operator, &reason, &key, act).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
