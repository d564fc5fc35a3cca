//! The guard in front of protected routes: without a session there is no page, and without an
//! operator's token no API of the desk. It runs before anything is rendered.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header::WWW_AUTHENTICATE},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

use super::render;
use crate::server::{
    apps::device_requests,
    auth::session,
    desk::operator::Operator,
    ground::error::Error,
    http::{
        caller::{self, Caller},
        cookies, desk_door, form_posts, headers,
        page_context::Unknown,
        respond::{self, ApiError},
        state::AppState,
    },
    values::destination::with_query,
};

/// Path whose page shows its user's activity.
const DASHBOARD: &str = "/dashboard";
/// Paths that need a session, along with everything below them.
const PROTECTED: [&str; 3] = [DASHBOARD, device_requests::PAGE, desk_door::PAGES];

/// Guards every route at or below one of [`PROTECTED`], whether a page or a plain axum handler, and
/// the desk's API. It wraps all routes, so that a new one is guarded, too.
pub async fn protect(state: &AppState, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if PROTECTED.iter().any(|guarded| is_at_or_below(path, guarded)) {
        // Boxed: otherwise the future of every request would be as large as this one.
        return Box::pin(require_session(state, request, next)).await;
    }
    if is_at_or_below(path, desk_door::API) {
        return Box::pin(require_operator(state, request, next)).await;
    }
    next.run(request).await
}

fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Lets a request with a live session through, and leaves the [`session::Session`] in its
/// extensions. Otherwise redirects browsers to `/login`, with the requested path and query in
/// `next`, and answers programs with an error. Renews a session that came in a cookie.
async fn require_session(state: &AppState, mut request: Request, next: Next) -> Response {
    let auth = &state.auth;
    let is_desk = is_at_or_below(request.uri().path(), desk_door::PAGES);
    if is_desk && !desk_door::is_open(state, request.extensions()) {
        return no_such_page(state, request).await;
    }
    // The dashboard itself shows activity, which is read along with its session.
    let found = match caller::presented(state.cookies, request.headers()) {
        None => Ok(None),
        Some(presented) if request.uri().path() == DASHBOARD => {
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
    if is_desk {
        let client = Caller::of_request(state, &request).client();
        match Operator::of(auth, &session, client).await {
            Ok(operator) => drop(request.extensions_mut().insert(Arc::new(operator))),
            Err(Error::NotFound) => return no_such_page(state, request).await,
            Err(error) => return render::error_page(state.clone(), error, request).await,
        }
    }
    // A client with a bearer token gets its next token from the API instead.
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

/// Lets a program through whose token is an operator's, and leaves the [`Operator`] in the
/// extensions of the request. So no endpoint of the desk can forget to ask.
async fn require_operator(state: &AppState, mut request: Request, next: Next) -> Response {
    if !desk_door::is_open(state, request.extensions()) {
        return respond::no_such_path();
    }
    let response = match Caller::of_request(state, &request).operator(state).await {
        Ok(operator) => {
            request.extensions_mut().insert(Arc::new(operator));
            next.run(request).await
        }
        Err(error) => ApiError(error).into_response(),
    };
    challenged(response)
}

/// Adds what a program needs to get a better token (RFC 6750, 3).
fn challenged(mut response: Response) -> Response {
    let challenge = match response.extensions().get::<Error>() {
        Some(Error::Unauthenticated | Error::AppNeeded) => "Bearer",
        Some(Error::Forbidden) => "Bearer error=\"insufficient_scope\"",
        _ => return response,
    };
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// Answers as for a path that has no route.
async fn no_such_page(state: &AppState, mut request: Request) -> Response {
    if form_posts::wants_json(request.headers()) {
        return ApiError(Error::NotFound).into_response();
    }
    request.extensions_mut().insert(Unknown);
    render::page(State(state.clone()), request).await
}

fn to_login(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let mut response = Redirect::to(&with_query("/login", "next", wanted)).into_response();
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response
}
