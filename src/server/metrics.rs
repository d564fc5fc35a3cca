//! `/metrics`, as Prometheus reads it.

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{Method, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use metrics::{gauge, histogram};
use std::{fs, net::SocketAddr, sync::OnceLock, time::Duration};
use subtle::ConstantTimeEq;

use super::{
    api::ApiError,
    clock::{Clock, SECOND},
    recorder::Recorder,
    state::AppState,
};
use crate::error::Error;

/// The counters of this process. One for all: the `metrics` crate knows no other way.
fn recorder() -> &'static Recorder {
    static RECORDER: OnceLock<&'static Recorder> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder: &'static Recorder = Box::leak(Box::default());
        if let Err(error) = metrics::set_global_recorder(recorder) {
            tracing::error!(%error, "no metrics");
        }
        recorder
    })
}

/// Starts counting.
pub fn init(clock: &Clock) {
    recorder();
    gauge!("latchkey_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    gauge!("process_start_time_seconds").set(clock.now() as f64 / SECOND as f64);
}

/// Memory and open files, as Linux counts them; elsewhere they are not told.
fn look_at_the_process() {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    if let Some(kib) = field("/proc/self/status", "VmRSS:") {
        gauge!("process_resident_memory_bytes").set(kib * 1_024.0);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(files.count() as f64);
    }
    if let Some(most) = field("/proc/self/limits", "Max open files") {
        gauge!("process_max_fds").set(most);
    }
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
    look_at_the_process();
    Ok(([("content-type", "text/plain; version=0.0.4")], recorder().render()).into_response())
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
