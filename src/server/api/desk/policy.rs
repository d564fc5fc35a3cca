//! Endpoints that show the policy and lay overrides over it.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

use super::{super::body::parse, Answer, Caller, Failure, unreadable};
use crate::server::{
    config::{desk::Role, overrides::Override},
    desk::{
        operator::ActReason,
        policy::{self, InForce},
        steer::{Edit, steer},
    },
    ground::{clock::rfc_3339, error::Error},
    http::{respond::ErrorAnswer, state::AppState},
    store::PolicyChange,
};

/// The keys that operators may override.
#[derive(Serialize, ToSchema)]
pub struct PolicyAnswer {
    keys: Vec<KeyAnswer>,
    /// Overrides that are not in force, with the reason of each.
    left_out: Vec<LeftOutAnswer>,
}

#[derive(Serialize, ToSchema)]
struct KeyAnswer {
    #[schema(example = "auth.mode")]
    key: String,
    /// The value in force, as TOML has it. Left out if there is none.
    #[schema(example = "\"LINK_OTP\"")]
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The place that it comes from: `default`, `file`, `variable` or `override`.
    #[schema(example = "override")]
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "override")]
    over: Option<OverrideAnswer>,
}

#[derive(Serialize, ToSchema)]
struct OverrideAnswer {
    #[schema(example = "ada@example.com")]
    set_by: String,
    reason: String,
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    at: String,
    /// Sent as `seen`, it keeps an override from being written over that came meanwhile.
    version: i64,
}

#[derive(Serialize, ToSchema)]
struct LeftOutAnswer {
    key: String,
    /// Rest of a sentence that begins with the key.
    #[schema(example = "is locked: desk.locked has \"auth\"")]
    why: String,
}

impl From<Override> for OverrideAnswer {
    fn from(over: Override) -> Self {
        let Override { set_by, reason, at, version, .. } = over;
        OverrideAnswer { set_by, reason, at: rfc_3339(at), version }
    }
}

impl From<InForce> for PolicyAnswer {
    fn from(found: InForce) -> Self {
        let keys = found.keys.into_iter().map(|key| KeyAnswer {
            key: key.name,
            value: key.value,
            from: key.from.to_owned(),
            over: key.over.map(OverrideAnswer::from),
        });
        let left_out = found.left_out.into_iter();
        let left_out = left_out.map(|out| LeftOutAnswer { key: out.key, why: out.why });
        PolicyAnswer { keys: keys.collect(), left_out: left_out.collect() }
    }
}

/// Returns the keys that operators may override, with their values in force.
#[utoipa::path(
    get, path = "/api/desk/policy", operation_id = "desk_policy",
    security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = PolicyAnswer, description = "no secret is among them"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn show(State(state): State<AppState>, Extension(operator): Caller) -> Answer {
    let found = policy::in_force(&state.auth, &operator).await?;
    Ok(Json(PolicyAnswer::from(found)).into_response())
}

/// Overrides to set and to take back, all of them or none.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Steering {
    /// Values by their keys, written as on the page: texts without quotes.
    #[schema(example = json!({ "auth.mode": "OTP" }))]
    set: BTreeMap<String, String>,
    /// Keys whose overrides are taken back.
    #[serde(alias = "takeBack")]
    take_back: Vec<String>,
    /// Versions of the overrides that were seen, by their keys, 0 for none: one that came meanwhile
    /// is not written over. A key without one is written over whatever is there.
    seen: BTreeMap<String, i64>,
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

impl Steering {
    fn edits(&self) -> Vec<Edit> {
        let edit = |key: &String, value: Option<String>| Edit {
            key: key.clone(),
            value,
            seen: self.seen.get(key).copied(),
        };
        let set = self.set.iter().map(|(key, value)| edit(key, Some(value.clone())));
        set.chain(self.take_back.iter().map(|key| edit(key, None))).collect()
    }
}

/// Sets and takes back overrides, and returns the policy then.
#[utoipa::path(
    post, path = "/api/desk/policy", operation_id = "desk_steer_policy",
    request_body = Steering,
    security(("desk" = ["desk:steer"])),
    responses(
        (status = 200, body = PolicyAnswer, description = "in force here, and on every instance \
            within two seconds"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, fresh_sign_in_needed, not_found, missing_field, invalid_request, \
            forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn change(
    State(state): State<AppState>,
    Extension(operator): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    operator.may_change(&state.auth, Role::Steer).await?;
    let steering: Steering = parse(&headers, &body)?;
    let reason = ActReason::parse(steering.reason.as_deref().unwrap_or_default())?;
    let steered = steer(&state.auth, &operator, &steering.edits(), &reason).await;
    steered.map_err(Error::from)?;
    show(State(state), Extension(operator)).await
}

/// Place in the list of changes.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// `older` of the answer before, for the next page.
    before: Option<i64>,
}

/// Changes of the policy, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Changes {
    changes: Vec<ChangeAnswer>,
    /// To be sent as `before` for the next page. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct ChangeAnswer {
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    at: String,
    /// `set` or `taken_back`, by an operator, or `file`.
    #[schema(example = "set")]
    kind: String,
    #[schema(example = "auth.mode")]
    key: String,
    /// The value before, as people read it. Left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    /// The value after. Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
    /// Operator who made the change; empty for a change of the file.
    changed_by: String,
    reason: String,
}

impl From<PolicyChange> for ChangeAnswer {
    fn from(change: PolicyChange) -> Self {
        let PolicyChange { at, kind, key, old, new, changed_by, reason, .. } = change;
        ChangeAnswer { at: rfc_3339(at), kind, key, old, new, changed_by, reason }
    }
}

/// Returns how the policy changed, by operators and in the file, fifty changes at a time.
#[utoipa::path(
    get, path = "/api/desk/policy/changes", operation_id = "desk_policy_changes",
    params(Wanted), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Changes, description = "the latest first"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn changes(
    State(state): State<AppState>,
    Extension(operator): Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(Wanted { before }) = wanted.map_err(unreadable)?;
    let found = policy::changes(&state.auth, &operator, before).await?;
    let changes = found.changes.into_iter().map(ChangeAnswer::from).collect();
    Ok(Json(Changes { changes, older: found.older }).into_response())
}
