//! `/metrics`, as Prometheus reads it.

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{Method, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use metrics::{gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{fs, net::SocketAddr, sync::OnceLock, time::Duration};
use subtle::ConstantTimeEq;

use super::{
    api::ApiError,
    clock::{Clock, SECOND},
    sign_in::Core,
    state::AppState,
};
use crate::error::Error;

/// Seconds: from a cached page to a slow database.
const BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Time between two calls of [`upkeep`]: a flood of requests leaves some hundred kilobytes of
/// samples meanwhile.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(2);

fn builder() -> PrometheusBuilder {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS).unwrap_or_default()
}

/// The counters of this process. One for all: the `metrics` crate knows no other way.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let installed = builder().install_recorder();
        installed.inspect_err(|error| tracing::error!(%error, "no metrics")).ok()
    };
    RECORDER.get_or_init(install).as_ref()
}

/// Adds the samples of histograms to their buckets. The exporter keeps each of them, about 20
/// bytes a request, until somebody reads `/metrics` or this is called.
pub fn upkeep() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

/// Starts counting.
pub fn init(clock: &Clock) {
    recorder();
    gauge!("latchkey_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
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

/// GET `/metrics`: to who has the token; in development to this very machine, too, not by way of a
/// proxy. In production a tunnel, or a proxy that adds no header, would look the same.
pub async fn show(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let is_open = !state.public_url().is_https() && is_local(&request);
    if !is_open && !has_token(&request, state.metrics_token.as_deref()) {
        return Err(Error::Unauthenticated.into());
    }
    look_at_the_process();
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    Ok(([("content-type", "text/plain; version=0.0.4")], text).into_response())
}

/// Counts what only the database knows. In the background: while that is away, the other numbers
/// are wanted most.
pub async fn count(core: &Core) -> Result<(), Error> {
    let now = core.clock.now();
    let (queued, oldest) = core.store.queued_mails().await?;
    gauge!("latchkey_mails_queued").set(queued as f64);
    gauge!("latchkey_oldest_mail_seconds")
        .set(oldest.map_or(0.0, |at| (now - at) as f64 / 1_000.0));
    gauge!("latchkey_sessions").set(core.store.count_sessions(now).await? as f64);
    Ok(())
}

/// Whether a request comes from this machine, and not by way of a proxy on it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn resident_pages() -> usize {
        let memory = fs::read_to_string("/proc/self/statm").unwrap();
        memory.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// In a process of its own: others of this one take memory, too.
    #[test]
    fn samples_that_nobody_reads_are_not_kept() {
        let this = std::env::current_exe().unwrap();
        let alone = ["--exact", "--ignored", "server::metrics::tests::three_million_samples"];
        let run = std::process::Command::new(this).args(alone).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "run by samples_that_nobody_reads_are_not_kept"]
    fn three_million_samples() {
        let recorder = builder().build_recorder();
        let (handle, before) = (recorder.handle(), resident_pages());
        ::metrics::with_local_recorder(&recorder, || {
            let samples = histogram!("request_seconds");
            for _ in 0..30 {
                (0..100_000).for_each(|_| samples.record(0.002));
                handle.run_upkeep();
            }
        });
        let grown = (resident_pages().saturating_sub(before)) * 4 / 1_024;
        assert!(grown < 30, "three million samples left {grown} MiB; kept, they are 48");
        assert!(handle.render().contains("request_seconds_count 3000000\n"));
    }
}
