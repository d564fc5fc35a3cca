//! Endpoints for operators: liveness, readiness, and metrics.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::header::AUTHORIZATION,
    response::{IntoResponse, Response},
};
use std::{net::SocketAddr, sync::atomic::Ordering};
use subtle::ConstantTimeEq;

use crate::server::{
    ground::{error::Error, metrics},
    http::{respond::ApiError, state::AppState},
};

/// GET `/healthz`: the process is alive.
pub async fn alive() -> &'static str {
    "ok"
}

/// GET `/readyz`: the server is able to serve.
pub async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    let leaving = state.leaving.load(Ordering::Relaxed);
    if leaving || !state.readiness.is_ready(&state.auth).await {
        return Err(Error::Unavailable.into());
    }
    Ok("ready")
}

/// GET `/metrics`: for callers with the token. In development also for this very machine, unless
/// the request came through a proxy. Not in production, where a tunnel, or a proxy that adds no
/// header, would look like this machine.
pub async fn show_metrics(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let is_open = !state.public_url().is_https() && is_local(&request);
    if !is_open && !has_token(&request, state.metrics_token.as_deref()) {
        return Err(Error::Unauthenticated.into());
    }
    let text = metrics::text() + &state.auth.numbers.text();
    Ok(([("content-type", "text/plain; version=0.0.4")], text).into_response())
}

/// True if a request comes from this machine, and not through a proxy on it.
pub fn is_local(request: &Request) -> bool {
    let socket = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let headers = request.headers();
    socket.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback())
        && !["forwarded", "x-forwarded-for", "x-real-ip", "via"]
            .iter()
            .any(|name| headers.contains_key(*name))
}

fn has_token(request: &Request, token: Option<&str>) -> bool {
    let presented = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    matches!((presented, token), (Some(presented), Some(token)) if bool::from(presented.as_bytes().ct_eq(token.as_bytes())))
}
