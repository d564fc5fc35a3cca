//! Facts about gRPC calls that more than one floor needs. A call answers HTTP 200 whatever becomes
//! of it, and says in `grpc-status` what did.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use std::time::Duration;

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// True for the path of a method, whether its service is here or not: `/package.Service/Method`.
/// Nothing else that is served has a dot there.
pub fn is_path(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(service, method)| {
        !service.starts_with('.') && service.contains('.') && !method.contains('/')
    })
}

/// True if a request or an answer says that it is one of gRPC.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
    // `application/grpc`, `application/grpc+proto`; not `application/grpc-web`.
    kind.strip_prefix(b"application/grpc")
        .is_some_and(|rest| rest.is_empty() || rest[0] == b'+' || rest[0] == b';')
}

/// True if whoever sent a request reads its answer as gRPC has it. Elsewhere the header alone makes
/// no call of a request: a page that is asked for with it is a page.
pub fn is_call(request: &Request) -> bool {
    request.method() == Method::POST && is_path(request.uri().path())
}

/// Returns the time that a caller waits for its answer, if it says so in a way that the protocol
/// knows: up to eight digits and a unit.
pub fn time_given(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Returns the HTTP status that an answer stands for, for logs and metrics: of a call, the one that
/// says the same as its `grpc-status`.
pub fn stands_for(response: &Response) -> StatusCode {
    let status = response.headers().get(&GRPC_STATUS).and_then(|code| code.to_str().ok());
    match status.and_then(|code| code.parse().ok()) {
        None => response.status(),
        // The caller's own deadline, and a method that there is not: no faults of this server.
        Some(4) => StatusCode::REQUEST_TIMEOUT,
        Some(12) => StatusCode::NOT_FOUND,
        Some(code) => http_status(code),
    }
}

/// Returns the HTTP status of a gRPC code, as the vendor's clients translate it.
pub fn http_status(code: i32) -> StatusCode {
    match code {
        0 => StatusCode::OK,
        3 | 9 | 11 => StatusCode::BAD_REQUEST,
        4 => StatusCode::GATEWAY_TIMEOUT,
        5 => StatusCode::NOT_FOUND,
        6 | 10 => StatusCode::CONFLICT,
        7 => StatusCode::FORBIDDEN,
        8 => StatusCode::TOO_MANY_REQUESTS,
        12 => StatusCode::NOT_IMPLEMENTED,
        14 => StatusCode::SERVICE_UNAVAILABLE,
        16 => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_method_is_known_by_its_path() {
        assert!(is_path("/grpc.health.v1.Health/Check") && is_path("/any.Service/"));
        for page in ["/", "/login/code", "/api/auth/verify", "/pkg/latchkey.js", "/robots.txt"] {
            assert!(!is_path(page), "{page}");
        }
        assert!(!is_path("/.well-known/jwks.json") && !is_path("/a.b/c/d"));
    }

    #[test]
    fn a_call_is_known_by_its_content_type() {
        let is = |kind: &'static str| {
            is_grpc(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]))
        };
        assert!(is("application/grpc") && is("application/grpc+proto"));
        assert!(is("application/grpc;charset=utf-8"));
        assert!(!is("application/grpc-web") && !is("application/json") && !is("text/grpc"));
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn a_deadline_has_eight_digits_and_a_unit() {
        let given = |text: &'static str| {
            let header = ("grpc-timeout".parse().unwrap(), HeaderValue::from_static(text));
            time_given(&HeaderMap::from_iter([header]))
        };
        assert_eq!(given("20S"), Some(Duration::from_secs(20)));
        assert_eq!(given("1500m"), Some(Duration::from_millis(1_500)));
        assert_eq!(given("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        for odd in ["", "S", "20", "20s", "123456789S", "-1S", "+1S", "1.5S"] {
            assert_eq!(given(odd), None, "{odd}");
        }
    }
}
