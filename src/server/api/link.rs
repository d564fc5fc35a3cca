//! Endpoint that the link in the mail opens.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::{
    auth::link::{self, Followed, LinkToken},
    ground::error::Error,
    http::{
        caller::Caller, cookies, form_posts::Flash, headers::no_store, respond::ErrorAnswer,
        state::AppState,
    },
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Link {
    #[serde(default)]
    link_token: String,
}

/// Opens the link in the mail.
///
/// Signs in the browser that asked for the mail, recognised by its cookie. HEAD requests and
/// prefetches (by mail scanners, previews, or browsers that predict a click) change nothing but
/// that the mail counts as opened.
#[utoipa::path(
    get, path = "/api/auth/verify", params(Link),
    responses(
        (status = 303, description = "to the destination, or to the page that says what to do"),
        (status = 204, description = "to a prefetch: nothing happened"),
        (status = "4XX", body = ErrorAnswer, description = "invalid_request, payload_too_large"),
    )
)]
pub async fn open(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<Link>, QueryRejection>,
) -> Response {
    let text = query.map(|Query(link)| link.link_token).unwrap_or_default();
    if caller.only_looks {
        if let Ok(token) = LinkToken::parse(&text) {
            link::look(&state.auth, &token, &caller.client()).await;
        }
        return StatusCode::NO_CONTENT.into_response();
    }
    let mut response = match follow(&state, &caller, &text).await {
        Ok((destination, cookies)) => {
            let mut response = Redirect::to(&destination).into_response();
            cookies.into_iter().for_each(|cookie| cookies::append(response.headers_mut(), cookie));
            response
        }
        // The page checks the token again without using it, and explains the problem. An error that
        // waiting can fix is not about the token, so the page gets it in a cookie.
        Err(error) => {
            let token = LinkToken::parse(&text).map(|token| token.encode()).unwrap_or_default();
            let mut response =
                Redirect::to(&format!("/login/confirm?link_token={token}")).into_response();
            if error.retry_after().is_some() {
                cookies::append(
                    response.headers_mut(),
                    Flash::cookie(&state, error.into(), String::new()),
                );
            }
            response
        }
    };
    no_store(&mut response);
    response
}

/// Returns the destination of a link and the cookies to set, none if the link signed this browser
/// in before.
async fn follow(
    state: &AppState,
    caller: &Caller,
    text: &str,
) -> Result<(String, Vec<HeaderValue>), Error> {
    let token = LinkToken::parse(text)?;
    let requester = caller.requester_with_session(state).await?;
    Ok(match link::follow(&state.auth, &token, &requester).await? {
        Followed::SignedIn(signed_in) => {
            let cookies = state.cookies.signed_in(&signed_in);
            (signed_in.destination, cookies.into())
        }
        Followed::Onward { destination } => (destination, Vec::new()),
    })
}
