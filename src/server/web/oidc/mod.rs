//! The door for other apps: the endpoints of OpenID Connect and OAuth. Thin: `server::apps` has the
//! rules.

mod authorize;
mod discovery;
mod leave;
mod token;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY,
            WWW_AUTHENTICATE,
        },
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use serde_json::json;

use crate::server::{
    apps::{denial::Denial, params::Params},
    http::{headers::no_store, respond::retry_after, state::AppState},
};

/// A path, and the routes of its methods.
type Endpoint = (&'static str, fn() -> MethodRouter<AppState>);

/// Endpoints that programs call, on servers and in browsers.
const CALLED: [Endpoint; 9] = [
    ("/.well-known/openid-configuration", || get(discovery::describe)),
    ("/.well-known/oauth-authorization-server", || get(discovery::describe)),
    ("/.well-known/jwks.json", || get(discovery::keys)),
    ("/keys", || get(discovery::keys)),
    ("/oauth/token", || post(token::exchange)),
    ("/oauth/revoke", || post(token::revoke)),
    ("/oauth/introspect", || post(token::introspect)),
    ("/oauth/device_authorization", || post(token::authorize_device)),
    ("/oauth/userinfo", || get(token::user_info).post(token::user_info)),
];
/// Endpoints that apps send users to, with a form as well.
const VISITED: [Endpoint; 2] = [
    ("/oauth/authorize", || get(authorize::begin).post(authorize::begin)),
    ("/oidc/logout", || get(leave::leave).post(leave::leave)),
];
/// Seconds after which a program tries again.
const WAIT: u64 = 5;

pub fn router(state: &AppState) -> Router<AppState> {
    let all = |endpoints: &[Endpoint]| {
        endpoints.iter().fold(Router::new(), |all, (path, routes)| all.route(path, routes()))
    };
    let called = all(&CALLED).route_layer(from_fn_with_state(state.clone(), shared));
    // The user's own way back from signing in: no other site leads here.
    all(&VISITED).route("/oauth/continue", get(authorize::go_on)).merge(called)
}

/// True if programs call this path. They read any refusal as OAuth has it.
pub fn is_called(path: &str) -> bool {
    CALLED.iter().any(|(called, _)| *called == path)
}

/// True if other sites may post to this path: it takes no cookie for a proof.
pub fn is_open(path: &str) -> bool {
    is_called(path) || VISITED.iter().any(|(visited, _)| *visited == path)
}

/// Middleware that lets scripts of the apps' own origins read an answer (CORS).
async fn shared(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let is_listed = |origin: &HeaderValue| {
        let policy = state.auth.policy();
        let mut origins = policy.apps.iter().flat_map(|app| &app.cors_origins);
        origins.any(|listed| listed.as_str().as_bytes() == origin.as_bytes())
    };
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_name(ORIGIN));
    if let Some(origin) = origin.filter(is_listed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value))
        };
        set(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
        set(ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type");
        set(ACCESS_CONTROL_MAX_AGE, "600");
    }
    response
}

/// A refusal as the specification has it (RFC 6749, 5.2; RFC 6750, 3).
impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        let (status, scheme) = match self.code {
            "invalid_client" => (StatusCode::UNAUTHORIZED, Some("Basic realm=\"apps\"")),
            "invalid_token" => (StatusCode::UNAUTHORIZED, Some("Bearer error=\"invalid_token\"")),
            "no_token" => (StatusCode::UNAUTHORIZED, Some("Bearer")),
            "server_error" => (StatusCode::INTERNAL_SERVER_ERROR, None),
            "temporarily_unavailable" => (StatusCode::SERVICE_UNAVAILABLE, None),
            _ => (StatusCode::BAD_REQUEST, None),
        };
        let body = json!({ "error": self.code, "error_description": self.description });
        let mut response = (status, Json(body)).into_response();
        let wait = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(WAIT);
        retry_after(response.headers_mut(), wait);
        if let Some(scheme) = scheme {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        no_store(&mut response);
        response
    }
}

fn is_form(request: &axum::http::request::Parts) -> bool {
    let kind = request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
}

/// Returns the parameters of a form.
fn form(request: &axum::http::request::Parts, body: &[u8]) -> Result<Params, Denial> {
    if !is_form(request) {
        return Err(Denial::request("Send a form: application/x-www-form-urlencoded."));
    }
    Params::parse(body)
}
