//! The guard in front of protected routes: no session, no page. It runs before anything is
//! rendered.

use axum::{
    extract::Request,
    http::HeaderValue,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

use super::render;
use crate::server::{
    auth::session,
    ground::error::Error,
    http::{caller, cookies, form_posts, headers, respond::ApiError, state::AppState},
    values::destination::with_query,
};

/// Everything at and below this path needs a session.
const PROTECTED: &str = "/dashboard";

/// Around all routes: whatever is added below [`PROTECTED`], a page or a handler of plain axum, is
/// guarded.
pub async fn protect(state: &AppState, request: Request, next: Next) -> Response {
    let below = request.uri().path().strip_prefix(PROTECTED);
    if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        // Boxed, because every request carries the room that this may take.
        return Box::pin(require_session(state, request, next)).await;
    }
    next.run(request).await
}

/// Lets a request through that presents a live session, and leaves the [`session::Session`] in its
/// extensions. Anyone else is sent to `/login`, with the path and query they wanted in `next`, and
/// a program is told. A session in use is renewed.
async fn require_session(state: &AppState, mut request: Request, next: Next) -> Response {
    let auth = &state.auth;
    // The dashboard itself shows what is read along with its session.
    let found = match caller::presented(state.cookies, request.headers()) {
        None => Ok(None),
        Some(presented) if request.uri().path() == PROTECTED => {
            let found = session::present_with_activity(auth, &presented).await;
            found.map(|found| {
                found.map(|(session, activity)| {
                    request.extensions_mut().insert(Arc::new(activity));
                    session
                })
            })
        }
        Some(presented) => session::present(auth, &presented).await,
    };
    let session = match found {
        Ok(Some(session)) => session,
        Ok(None) if form_posts::wants_json(request.headers()) => {
            return ApiError(Error::Unauthenticated).into_response();
        }
        Ok(None) => return to_login(&request),
        Err(error) => return render::error_page(state.clone(), error, request).await,
    };
    // A bearer asks for its next token where it can be given one.
    let renewed = if session.by_cookie {
        session::renew(auth, &session).await
    } else {
        session::note_use(auth, &session).await;
        Ok(None)
    };
    let renewed = match renewed {
        Ok(renewed) => renewed,
        Err(error) => return render::error_page(state.clone(), error, request).await,
    };
    request.extensions_mut().insert(session);
    let mut response = next.run(request).await;
    if let Some(token) = renewed {
        cookies::append(response.headers_mut(), state.cookies.set_session(&token.jwt, token.ttl));
    }
    headers::no_store(&mut response);
    response
}

fn to_login(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let mut response = Redirect::to(&with_query("/login", "next", wanted)).into_response();
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response
}
