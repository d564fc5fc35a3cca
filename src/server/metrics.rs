//! `/metrics`, as Prometheus reads it.

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{Method, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use metrics::{gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{net::SocketAddr, sync::OnceLock, time::Duration};
use subtle::ConstantTimeEq;

use super::{api::ApiError, clock::Clock, state::AppState};
use crate::error::Error;

/// Seconds: from a cached page to a slow database.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The counters of this process. One for all: the `metrics` crate knows no other way.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS);
        builder
            .and_then(PrometheusBuilder::install_recorder)
            .inspect_err(|error| tracing::error!(%error, "no metrics"))
            .ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// Starts counting.
pub fn init() {
    recorder();
}

/// How long the answer to a request takes.
pub struct Measurement {
    clock: Clock,
    /// By its monotonic side.
    began: Duration,
    method: &'static str,
    route: Option<MatchedPath>,
}

impl Measurement {
    /// By the pattern of its route: a path or a method somebody made up must not become a series of
    /// its own.
    pub fn begin(clock: &Clock, request: &Request) -> Self {
        let method = match *request.method() {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            _ => "other",
        };
        let route = request.extensions().get().cloned();
        Measurement { clock: clock.clone(), began: clock.monotonic(), method, route }
    }

    pub fn end(self, response: &Response) {
        let route = self.route.as_ref().map_or("other", MatchedPath::as_str).to_owned();
        let status = response.status().as_u16().to_string();
        histogram!("latchkey_request_seconds", "method" => self.method, "route" => route, "status" => status)
            .record(self.clock.monotonic().saturating_sub(self.began));
    }
}

/// GET `/metrics`: to this very machine, not by way of a proxy, or to who has the token.
pub async fn show(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    if !is_local(&request) && !has_token(&request, state.metrics_token.as_deref()) {
        return Err(Error::Unauthenticated.into());
    }
    let now = state.core.clock.now();
    let (queued, oldest) = state.core.store.queued_mails().await?;
    gauge!("latchkey_mails_queued").set(queued as f64);
    gauge!("latchkey_oldest_mail_seconds")
        .set(oldest.map_or(0.0, |at| (now - at) as f64 / 1_000.0));
    gauge!("latchkey_sessions").set(state.core.store.count_sessions(now).await? as f64);
    match recorder() {
        Some(recorder) => {
            Ok(([("content-type", "text/plain; version=0.0.4")], recorder.render()).into_response())
        }
        None => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
    }
}

fn is_local(request: &Request) -> bool {
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
