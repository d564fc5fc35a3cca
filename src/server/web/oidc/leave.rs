//! Signing out from an app: `/oidc/logout`.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

use super::authorize::{by_get, fault};
use crate::server::{
    apps::{denial::Denial, params::Params},
    auth::session::{self, SessionsToEnd},
    http::{caller::Caller, cookies, state::AppState},
    values::destination::with_query,
};

/// GET and POST `/oidc/logout`: ends the session that the app's ID token is of. Otherwise the user
/// is asked first.
pub async fn leave(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST {
        return by_get(&state, parts, body, "/oidc/logout").await;
    }
    let caller = Caller::of(&state, &parts);
    if caller.only_looks {
        return StatusCode::NO_CONTENT.into_response();
    }
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let left = async {
        let leave = state.apps.read_leave(&Params::parse(query.as_bytes())?).await?;
        let onward = leave.onward.as_deref().unwrap_or("/login?signed_out=true");
        let Some(session) = caller.session(&state).await.map_err(Denial::from)? else {
            return Ok(Redirect::to(onward).into_response());
        };
        if leave.session_id.as_ref() != Some(&session.row.id) {
            return Ok(Redirect::to(&with_query("/oauth/leave", "of", &query)).into_response());
        }
        let client = caller.client();
        session::end(&state.auth, &session, &SessionsToEnd::This, &client)
            .await
            .map_err(Denial::from)?;
        let mut response = Redirect::to(onward).into_response();
        for cookie in state.cookies.signed_out() {
            cookies::append(response.headers_mut(), cookie);
        }
        Ok::<Response, Denial>(response)
    };
    match left.await {
        Ok(response) => response,
        Err(denial) => fault(&state, parts, denial).await,
    }
}
