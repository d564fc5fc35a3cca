//! The server answers every input on every route, and never with a 5xx.
#![no_main]

use axum::{body::Body, http::Request};
use latchkey_fuzz::Server;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

const ROUTES: [(&str, &str, &str); 14] = [
    ("POST", "/api/auth/send-passwordless", "application/json"),
    ("POST", "/api/auth/resend-passwordless", "application/json"),
    ("POST", "/api/auth/verify", "application/json"),
    ("POST", "/api/auth/logout", "application/json"),
    ("POST", "/actions/sign-in", "application/x-www-form-urlencoded"),
    ("POST", "/actions/verify-code", "application/x-www-form-urlencoded"),
    ("POST", "/actions/resend-passwordless", "application/x-www-form-urlencoded"),
    ("POST", "/actions/resend-from-link", "application/x-www-form-urlencoded"),
    ("POST", "/actions/confirm-link", "application/x-www-form-urlencoded"),
    ("POST", "/actions/sign-out", "application/x-www-form-urlencoded"),
    ("GET", "/login", ""),
    ("GET", "/login/code", ""),
    ("GET", "/login/confirm", ""),
    ("GET", "/api/auth/verify", ""),
];

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (route, cookie, text) = input;
    let (method, path, kind) = ROUTES[usize::from(route) % ROUTES.len()];
    let (uri, body) = match (method, std::str::from_utf8(text)) {
        ("GET", Ok(query)) => (format!("{path}?{query}"), Vec::new()),
        ("GET", Err(_)) => return,
        _ => (path.to_owned(), text.to_vec()),
    };
    let request = Request::builder().method(method).uri(uri).header("cookie", cookie);
    let request = request
        .header("content-type", kind)
        .header("content-length", body.len())
        .header("accept", "text/html");
    let Ok(request) = request.body(Body::from(body)) else { return };
    let status = SERVER.answer(request);
    assert!(!status.is_server_error(), "{status} of {method} {path}");
});
