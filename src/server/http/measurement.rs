//! Times of answers, for `/metrics`.

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    response::Response,
};
use metrics::histogram;
use std::time::Duration;

use super::grpc;
use crate::server::ground::clock::Clock;

/// A running measurement of the time that the answer to a request takes.
pub struct Measurement {
    clock: Clock,
    /// Monotonic time at the start.
    began: Duration,
    method: &'static str,
    route: Option<MatchedPath>,
}

impl Measurement {
    /// Starts a measurement, labelled by the pattern of the route and a known method: a made-up
    /// path or method must not become a series of its own.
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
        let status = grpc::stands_for(response).as_u16().to_string();
        histogram!("latchkey_request_seconds", "method" => self.method, "route" => route, "status" => status)
            .record(self.clock.monotonic().saturating_sub(self.began));
    }
}
