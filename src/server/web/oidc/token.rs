//! Endpoints that apps call themselves.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::borrow::Cow;

use super::{form, is_form};
use crate::server::{
    apps::{denial::Denial, params::Params},
    config::apps::App,
    http::{caller::Caller, state::AppState},
};

/// POST `/oauth/token`
pub async fn exchange(
    State(state): State<AppState>,
    request: Parts,
    body: Bytes,
) -> Result<Response, Denial> {
    let (app, params) = of_app(&state, &request, &body).await?;
    state.apps.exchange(&app, &params).await.map(private)
}

/// POST `/oauth/revoke`
pub async fn revoke(
    State(state): State<AppState>,
    request: Parts,
    body: Bytes,
) -> Result<StatusCode, Denial> {
    let (app, params) = of_app(&state, &request, &body).await?;
    state.apps.revoke(&app, &params).await.map(|()| StatusCode::OK)
}

/// POST `/oauth/introspect`
pub async fn introspect(
    State(state): State<AppState>,
    request: Parts,
    body: Bytes,
) -> Result<Response, Denial> {
    let (app, params) = of_app(&state, &request, &body).await?;
    state.apps.introspect(&app, &params).await.map(private)
}

/// POST `/oauth/device_authorization`
pub async fn authorize_device(
    State(state): State<AppState>,
    request: Parts,
    body: Bytes,
) -> Result<Response, Denial> {
    let (app, params) = of_app(&state, &request, &body).await?;
    let client = Caller::of(&state, &request).client();
    state.apps.begin_on_device(&app, &params, &client).await.map(private)
}

/// GET and POST `/oauth/userinfo`
pub async fn user_info(
    State(state): State<AppState>,
    request: Parts,
    body: Bytes,
) -> Result<Response, Denial> {
    // RFC 6750, 2.1 and 2.2: in the header or in the form, and not in both.
    let in_form = match is_form(&request) {
        true => form(&request, &body)?.one("access_token")?.map(str::to_owned),
        false => None,
    };
    let token = match (bearer(&request.headers), in_form) {
        (Some(_), Some(_)) => return Err(Denial::request("There are two tokens.")),
        (token, in_form) => token.or(in_form),
    };
    let token = token.ok_or_else(|| Denial::new("no_token", "Send an access token."))?;
    state.apps.user_info(&token).await.map(private)
}

/// Returns the app that sent a form, and the form.
async fn of_app(state: &AppState, request: &Parts, body: &Bytes) -> Result<(App, Params), Denial> {
    let params = form(request, body)?;
    let app = state.apps.authenticate(basic(&request.headers)?, &params).await?;
    Ok((app, params))
}

/// Returns name and secret of the header, if it has them (RFC 6749, 2.3.1: each is written as in a
/// form). Another scheme proves nothing here and is ignored: a client of the vendor for Node sends
/// its old access token along when it asks for the next.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Denial> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let wrong = || Denial::new("invalid_client", "The Authorization header is no Basic one.");
    let text = header.to_str().map_err(|_| wrong())?;
    let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(rest.trim()).map_err(|_| wrong())?;
    let decoded = String::from_utf8(decoded).map_err(|_| wrong())?;
    let (id, secret) = decoded.split_once(':').ok_or_else(wrong)?;
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().map(Cow::into_owned).map_err(|_| wrong())
    };
    Ok(Some((plain(id)?, plain(secret)?)))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn private(answer: Value) -> Response {
    ([(CACHE_CONTROL, "no-store"), (axum::http::header::PRAGMA, "no-cache")], Json(answer))
        .into_response()
}
