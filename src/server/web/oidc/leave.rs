//! Signing out from an app: `/oidc/logout`.

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::Method,
    response::{IntoResponse, Redirect, Response},
};

use super::authorize::fault;
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
    let query = match parts.method {
        Method::POST => match to_bytes(body, 65_536).await {
            Ok(body) => body,
            Err(_) => return fault(&state, parts, Denial::request("The form is too long.")).await,
        },
        _ => parts.uri.query().unwrap_or_default().to_owned().into(),
    };
    let left = async {
        let leave = state.apps.read_leave(&Params::parse(&query)?).await?;
        let caller = Caller::of(&state, &parts);
        let Some(session) = caller.session(&state).await.map_err(Denial::from)? else {
            let onward = leave.onward.unwrap_or_else(|| "/login?signed_out=true".to_owned());
            return Ok(Redirect::to(&onward).into_response());
        };
        if leave.session_id.as_ref() != Some(&session.row.id) {
            let query = String::from_utf8_lossy(&query);
            return Ok(Redirect::to(&with_query("/oauth/leave", "of", &query)).into_response());
        }
        let client = caller.client();
        session::end(&state.auth, &session, &SessionsToEnd::This, &client)
            .await
            .map_err(Denial::from)?;
        let onward = leave.onward.unwrap_or_else(|| "/login?signed_out=true".to_owned());
        let mut response = Redirect::to(&onward).into_response();
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
