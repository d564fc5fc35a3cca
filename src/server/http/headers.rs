//! Headers of every response, and the check of the origin of unsafe requests.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, SET_COOKIE,
            STRICT_TRANSPORT_SECURITY,
        },
    },
    response::Response,
};

use super::state::AppState;

/// Content security policy of answers that are not pages: nothing may be loaded, and nobody may
/// frame them.
const CSP_OF_DATA: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `Cache-Control` of pages: stored nowhere, and not rewritten on the way. Proxies that minify
/// scripts or hide mail addresses break both (RFC 9111, 5.2.2.6).
const AS_IT_IS: &str = "no-store, no-transform";

/// Content security policy of a page that an operator tries out: without scripts and forms, and
/// framed by the desk alone.
pub const CSP_OF_PREVIEW: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Returns the content security policy of a page: scripts with this response's nonce and what they
/// load, our own styles and images, nothing inline, no frames around us (ASVS 5.0 3.4.3).
/// `watching` allows the socket over which cargo-leptos reloads the page, `has_previews` frames of
/// our own.
pub fn csp(nonce: &str, watching: bool, has_previews: bool) -> String {
    let frames = if has_previews { " frame-src 'self';" } else { "" };
    let sockets = if watching { " ws:" } else { "" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'{sockets}; manifest-src 'self'; form-action 'self';{frames} base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

/// Marks a response that a proxy passes on as one of another host. What is kept for years is not
/// ours to say there.
#[derive(Clone, Copy, Debug)]
pub struct OfAnotherHost;

/// Adds the headers that every response carries.
pub fn secure(state: &AppState, response: &mut Response) {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value))
    };
    set("x-content-type-options", "nosniff");
    // Only the origin, so that a link token in a path never leaves in a Referer.
    set("referrer-policy", "strict-origin");
    set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    let is_ours = response.extensions().get::<OfAnotherHost>().is_none();
    let headers = response.headers_mut();
    if is_ours && state.public_url().is_https() {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP_OF_DATA));
    if headers.contains_key(SET_COOKIE) || !headers.contains_key(CACHE_CONTROL) {
        no_store(response);
    }
    let headers = response.headers_mut();
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(AS_IT_IS));
    }
}

/// Keeps a private page out of every cache, the browser's included (ASVS 5.0 14.3.2).
pub fn no_store(response: &mut Response) {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// True if a request would change something and was sent by another site's page (CSRF, ASVS 5.0
/// 3.5.1).
pub fn is_cross_site(state: &AppState, request: &Request) -> bool {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    !safe && !is_ours(request.headers(), state.public_url().origin())
}

/// True if no header says that another site sent the request. Modern browsers send
/// `Sec-Fetch-Site`, older ones `Origin`. A client that sends neither is not a browser, holds no
/// victim's cookies, and passes. A header that is sent more than once has to pass each time.
fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter().peekable();
    if sites.peek().is_some() {
        return sites.all(|site| site == "same-origin" || site == "none");
    }
    headers.get_all(ORIGIN).iter().all(|from| from == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_site_and_programs_may_change_something() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)))
                .collect();
            is_ours(&headers, "https://login.example.com")
        };
        assert!(ours(&[]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("origin", "https://login.example.com")]));
        assert!(!ours(&[("sec-fetch-site", "same-site"), ("origin", "https://login.example.com")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[
            ("origin", "https://login.example.com"),
            ("origin", "https://evil.example")
        ]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[("origin", "https://login.example.com.evil.example")]));
    }
}
