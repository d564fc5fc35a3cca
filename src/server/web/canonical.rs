//! Redirects pages to the public URL's name. Cookies belong to one name, and links in mails lead to
//! that name, so a sign-in begun under another one could not be finished by its link.

use axum::{
    extract::Request,
    http::{HeaderName, Method, header::HOST},
    response::{IntoResponse, Redirect, Response},
};
use std::net::IpAddr;

use crate::server::http::{cookies, state::AppState};

static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Returns a redirect to the public URL, for a page requested under another name of this server. In
/// development those are the names of loopback. In production it is any name with a dot that is not
/// an IP address: addresses and short names are what a proxy or a health check uses for this
/// machine.
pub fn redirect(state: &AppState, request: &Request) -> Option<Response> {
    let (public, headers) = (state.public_url(), request.headers());
    let forwarded = headers.get(&FORWARDED_HOST).filter(|_| public.is_https());
    let asked = forwarded.or_else(|| headers.get(HOST))?.to_str().ok()?;
    // Each proxy appends the name it was asked for.
    let asked = asked.split(',').next().unwrap_or_default().trim();
    if asked == public.authority() {
        return None;
    }
    let path = request.uri().path();
    let is_page = request.method() == Method::GET
        && !path.starts_with("/api/")
        && !matches!(path, "/readyz" | "/healthz" | "/metrics");
    let is_other = match public.is_https() {
        // Redirects once only: behind a proxy that changes the Host header, every request has
        // another name, and the redirects would never end.
        true => is_alias(asked, public.host()) && !state.cookies.was_moved(headers),
        false => is_loopback(asked),
    };
    if !is_page || !is_other {
        return None;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut response = Redirect::temporary(&format!("{}{path}", public.origin())).into_response();
    if public.is_https() {
        cookies::append(response.headers_mut(), state.cookies.set_moved());
    }
    Some(response)
}

fn is_alias(asked: &str, public: &str) -> bool {
    let name = asked.rsplit_once(':').map_or(asked, |(name, _)| name);
    name.contains('.') && name.parse::<IpAddr>().is_err() && !name.eq_ignore_ascii_case(public)
}

fn is_loopback(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}
