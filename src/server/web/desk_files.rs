//! Files of the desk, which links of its pages lead to.

use axum::{
    Extension, Router,
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use std::sync::Arc;

use crate::server::{
    auth::export::Format,
    desk::{
        audit::{self, Asked, Filter},
        operator::Operator,
    },
    http::{audit_file, caller::Caller, respond::ApiError, state::AppState},
};

/// Returns the routes. The guard lets in operators alone.
pub fn router() -> Router<AppState> {
    Router::new().route("/desk/audit.csv", get(csv)).route("/desk/audit.jsonl", get(jsonl))
}

/// GET `/desk/audit.csv`: events for a spreadsheet, with the filters of the page.
async fn csv(
    State(state): State<AppState>,
    Extension(operator): Extension<Arc<Operator>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    file(&state, &operator, &caller, query, Format::Csv).await
}

/// GET `/desk/audit.jsonl`: the same for programs, a JSON object a line.
async fn jsonl(
    State(state): State<AppState>,
    Extension(operator): Extension<Arc<Operator>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    file(&state, &operator, &caller, query, Format::Jsonl).await
}

async fn file(
    state: &AppState,
    operator: &Operator,
    caller: &Caller,
    query: Option<String>,
    format: Format,
) -> Response {
    // A look ahead exports nothing, and leaves no event.
    if caller.only_looks {
        return ().into_response();
    }
    let query = query.unwrap_or_default();
    let asked = Asked::of_query(&query);
    let filter = match Filter::parse(&asked, state.auth.clock.now()) {
        Ok(filter) => filter,
        // The page shows what is wrong with it.
        Err(_) => return Redirect::to(&format!("/desk/audit?{query}")).into_response(),
    };
    match audit::export(&state.auth, operator, &filter, format).await {
        Ok(export) => audit_file::answer(state.auth.clone(), export, format),
        Err(error) => ApiError(error).into_response(),
    }
}
