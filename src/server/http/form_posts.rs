//! Server functions over HTTP: fitting statuses, and equivalent answers for forms posted without
//! JavaScript.
//!
//! server_fn answers such a form by redirecting to its `Referer` with the error in the URL. Both
//! are wrong here: the referrer may be another site's, and our pages send none. So the headers that
//! cause this are removed. The answer, always JSON, is turned into a redirect here: to the location
//! in it, or back to the form with the error in a cookie that lives for one page.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, LOCATION, REFERER},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use leptos::{prelude::use_context, server_fn::error::SERVER_FN_ERROR_HEADER};
use leptos_axum::ResponseOptions;
use minijinja::{AutoEscape, Environment, context};
use serde::{Deserialize, Serialize};

use super::{cookies, respond, state::AppState};
use crate::{
    server::ground::error::Error,
    wire::{Next as Onward, Refusal},
};

/// Page that goes on by itself.
const ONWARD: &str = r#"<!doctype html>
<html><head><meta charset="utf-8"><title>…</title>
<meta http-equiv="refresh" content="0;url={{ location }}"></head>
<body><a href="{{ location }}">{{ location }}</a></body></html>
"#;
/// Most bytes in the answer of a server function.
const ANSWER: usize = 65_536;

/// Internal header with the text typed into the form, kept for its return. It passes from the
/// server function to [`answer`] and is removed there.
static TYPED: HeaderName = HeaderName::from_static("x-latchkey-typed");

/// State that a form posted without JavaScript leaves for the page it returns to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Flash {
    pub error: Option<Refusal>,
    pub typed: String,
}

impl Flash {
    pub fn read(state: &AppState, headers: &HeaderMap) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(state.cookies.flash(headers)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns the cookie that carries an error to the next page.
    pub fn cookie(state: &AppState, error: Refusal, typed: String) -> HeaderValue {
        state.cookies.set_flash(&Flash { error: Some(error), typed }.encode())
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Names the page to return to if a server function fails, and the text typed into its form. Called
/// by server functions.
pub fn come_back_to(page: &str, typed: &str) {
    if let Some(response) = use_context::<ResponseOptions>() {
        let typed: String = typed.chars().take(300).collect();
        for (name, value) in [(LOCATION, page), (TYPED.clone(), &URL_SAFE_NO_PAD.encode(typed))] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.insert_header(name, value);
            }
        }
    }
}

/// Middleware around every server function.
pub async fn answer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let is_form = wants_html(request.headers());
    request.headers_mut().remove(ACCEPT);
    request.headers_mut().remove(REFERER);

    let (mut parts, body) = next.run(request).await.into_parts();
    let page = parts.headers.remove(LOCATION).unwrap_or(HeaderValue::from_static("/login"));
    let typed = parts.headers.remove(&TYPED);
    let failed = parts.headers.remove(SERVER_FN_ERROR_HEADER).is_some();
    let Ok(body) = to_bytes(body, ANSWER).await else {
        return respond::ApiError(Error::Internal).into_response();
    };

    if !failed {
        if is_form && let Ok(onward) = serde_json::from_slice::<Onward>(&body) {
            if leads_off(&onward.location) {
                return go(parts.headers, &onward.location);
            }
            return redirect(
                parts.headers,
                HeaderValue::from_str(&onward.location).unwrap_or(page),
            );
        }
        return (parts, Body::from(body)).into_response();
    }
    let error = serde_json::from_slice(&body).unwrap_or_else(|_| Refusal::from(Error::Internal));
    if is_form {
        let typed =
            typed.and_then(|typed| String::from_utf8(URL_SAFE_NO_PAD.decode(typed).ok()?).ok());
        cookies::append(
            &mut parts.headers,
            Flash::cookie(&state, error, typed.unwrap_or_default()),
        );
        return redirect(parts.headers, page);
    }
    failed_call(parts.headers, &error)
}

/// Answers a form, or a call of a server function, that got no answer of its own.
pub fn unanswered(state: &AppState, is_form: bool, error: Error) -> Response {
    let error = Refusal::from(error);
    let mut headers = HeaderMap::new();
    if is_form {
        cookies::append(&mut headers, Flash::cookie(state, error, String::new()));
        return redirect(headers, HeaderValue::from_static("/login"));
    }
    failed_call(headers, &error)
}

/// True if the page itself posted this, not the script in it.
pub fn wants_html(headers: &HeaderMap) -> bool {
    says(headers, &ACCEPT, "text/html")
}

/// True if the sender is a program that speaks JSON.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let json = "application/json";
    !wants_html(headers) && (says(headers, &ACCEPT, json) || says(headers, &CONTENT_TYPE, json))
}

fn says(headers: &HeaderMap, name: &HeaderName, kind: &str) -> bool {
    headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|text| text.contains(kind))
}

/// Answers a call of a server function from the browser with an error. The header marks the body as
/// one.
fn failed_call(mut headers: HeaderMap, error: &Refusal) -> Response {
    headers.insert(SERVER_FN_ERROR_HEADER, HeaderValue::from_static("error"));
    headers.remove("content-length");
    respond::retry_after(&mut headers, error.retry_after);
    (respond::status(error.status), headers, Json(error)).into_response()
}

/// True for a location that leads to another site, at once or by the next redirect.
fn leads_off(location: &str) -> bool {
    !location.starts_with('/') || location.starts_with("/oauth/continue")
}

/// Answers a form with a page that goes on by itself. Not with a redirect: browsers hold all
/// redirects of a form against `form-action`, those of the app that it leads to included.
fn go(mut headers: HeaderMap, location: &str) -> Response {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = environment.render_str(ONWARD, context! { location });
    headers.remove("content-type");
    headers.remove("content-length");
    (headers, Html(page.unwrap_or_default())).into_response()
}

fn redirect(mut headers: HeaderMap, to: HeaderValue) -> Response {
    headers.remove("content-type");
    headers.remove("content-length");
    headers.insert(LOCATION, to);
    (StatusCode::SEE_OTHER, headers).into_response()
}
