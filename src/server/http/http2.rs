//! Requests of HTTP/2, read as those of HTTP/1: what comes after knows one shape of a request.

use axum::{
    extract::Request,
    http::{
        HeaderValue, StatusCode, Version,
        header::{COOKIE, HOST},
        uri::PathAndQuery,
    },
};

use super::head;

/// Most headers of a request, as hyper has it for HTTP/1.
const MOST_HEADERS: usize = 100;

/// Gives a request of HTTP/2 the `Host`, the target and the single `Cookie` that it would have in
/// HTTP/1, or returns the answer that refuses it. A request of HTTP/1 stays as it is.
pub fn read_as_http1(request: &mut Request) -> Result<(), (StatusCode, &'static str)> {
    if request.version() != Version::HTTP_2 {
        return Ok(());
    }
    join_cookies(request);
    if request.headers().len() > MOST_HEADERS {
        return Err(head::too_large());
    }
    // A second name must not be read by one of us and the first by another, and a name has no user
    // in front (RFC 9113, 8.3.1).
    let mut hosts = request.headers().get_all(HOST).iter();
    let named = request.uri().authority().map(|name| HeaderValue::from_str(name.as_str()));
    match named {
        Some(Ok(name)) => {
            let is_it = |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(name.as_bytes());
            if name.as_bytes().contains(&b'@') || !hosts.all(is_it) {
                let why = "Host and :authority must be the same, and a name alone.";
                return Err((StatusCode::BAD_REQUEST, why));
            }
            request.headers_mut().insert(HOST, name);
        }
        _ if hosts.nth(1).is_some() => {
            return Err((StatusCode::BAD_REQUEST, "A request has one Host."));
        }
        _ => {}
    }
    // CONNECT has no path.
    let path = request.uri().path_and_query().filter(|path| !path.as_str().is_empty()).cloned();
    *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
    Ok(())
}

/// Joins the pieces of the `Cookie` header, which HTTP/2 compresses one by one (RFC 9113, 8.2.3).
fn join_cookies(request: &mut Request) {
    let mut pieces = request.headers().get_all(COOKIE).iter();
    let (Some(first), Some(_)) = (pieces.next(), pieces.next()) else { return };
    let all: Vec<&[u8]> = request.headers().get_all(COOKIE).iter().map(|p| p.as_bytes()).collect();
    // Pieces of a valid header make a valid header.
    let joined = HeaderValue::from_bytes(&all.join(&b"; "[..])).unwrap_or(first.clone());
    request.headers_mut().insert(COOKIE, joined);
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn http2(uri: &str, headers: &[(&str, &str)]) -> Request {
        let request = Request::builder().version(Version::HTTP_2).uri(uri);
        let add = |request: axum::http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).body(Body::empty()).unwrap()
    }

    #[test]
    fn a_request_of_http2_has_the_host_target_and_cookie_of_http1() {
        let mut request = http2(
            "https://login.example.com/login?next=%2F",
            &[("cookie", "a=1"), ("cookie", "b=2; c=3"), ("host", "login.example.com")],
        );
        read_as_http1(&mut request).unwrap();
        assert_eq!(request.uri(), "/login?next=%2F");
        assert_eq!(request.headers()[HOST], "login.example.com");
        assert_eq!(request.headers()[COOKIE], "a=1; b=2; c=3");
        assert_eq!(request.headers().get_all(COOKIE).iter().count(), 1);
    }

    #[test]
    fn a_second_host_name_is_refused() {
        let mut request = http2("https://login.example.com/", &[("host", "evil.example")]);
        assert_eq!(read_as_http1(&mut request).unwrap_err().0, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_request_of_http1_stays_as_it_is() {
        let mut request = http2("/login", &[("cookie", "a=1"), ("cookie", "b=2")]);
        *request.version_mut() = Version::HTTP_11;
        read_as_http1(&mut request).unwrap();
        assert_eq!(request.headers().get_all(COOKIE).iter().count(), 2);
    }
}
