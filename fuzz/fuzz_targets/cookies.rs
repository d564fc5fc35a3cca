//! A cookie counts only if it is there once, under its exact name. A written cookie can be read.
#![no_main]

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use latchkey::server::http::cookies::Cookies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(COOKIE, value)]);
    let cookies = Cookies::new(true);
    if let Some(session) = cookies.session(&headers) {
        let pair = format!("__Host-session={session}");
        let times = bytes
            .split(|byte| *byte == b';')
            .filter(|one| one.trim_ascii().starts_with(b"__Host-session="))
            .count();
        assert_eq!(times, 1, "{pair}");
        assert!(bytes.windows(pair.len()).any(|window| window == pair.as_bytes()));
        assert!(session.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let held = cookies.held(&headers);
    assert!(held.len() <= 4);
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let written = cookies.hold(&held, id);
    let pair = written.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let read =
        cookies.held(&HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(pair).unwrap())]));
    assert_eq!(read.first().map(String::as_str), Some(id));
    let _ = (cookies.devices(&headers), cookies.flash(&headers));
});
