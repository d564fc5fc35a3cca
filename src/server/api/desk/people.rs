//! Endpoint that finds people.

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Answer, Caller, Failure, unreadable};
use crate::server::{
    desk::find::{self, Found},
    ground::clock::rfc_3339,
    http::{respond::ErrorAnswer, state::AppState},
};

/// Question for people.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// An address or its beginning, `@` and the beginning of a domain, a user id, or the
    /// `x-request-id` of a request.
    #[param(example = "ada@")]
    q: String,
    /// `next` of the answer before, for the next page.
    after: Option<String>,
}

/// People that were found.
#[derive(Serialize, ToSchema)]
pub struct People {
    people: Vec<FoundAnswer>,
    /// To be sent as `after` for the next page. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct FoundAnswer {
    /// Name by which the person is opened. Left out if the address is kept no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Address, masked.
    #[schema(example = "a***@example.com")]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Time at which the user was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    is_disabled: bool,
}

impl From<Found> for FoundAnswer {
    fn from(found: Found) -> Self {
        let Found { key, masked: address, user_id, since, is_banned: is_disabled } = found;
        FoundAnswer { key, address, user_id, since: since.map(rfc_3339), is_disabled }
    }
}

/// Finds people, twenty at a time. Addresses stay masked.
#[utoipa::path(
    get, path = "/api/desk/people", operation_id = "desk_find_people",
    params(Question), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = People, description = "whom the question finds"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn find(
    State(state): State<AppState>,
    Extension(operator): Caller,
    question: Result<Query<Question>, QueryRejection>,
) -> Answer {
    let Query(Question { q, after }) = question.map_err(unreadable)?;
    let page = find::find(&state.auth, &operator, &q, after.as_deref()).await?;
    let people = page.people.into_iter().map(FoundAnswer::from).collect();
    Ok(Json(People { people, next: page.next }).into_response())
}
