//! Every destination stays on this site, and parses to itself.
#![no_main]

use latchkey::server::values::destination;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|next: &str| {
    let base = Url::parse("https://login.example.com").unwrap();
    let path = destination::parse(&base, Some(next));
    let url = base.join(&path).unwrap();
    assert_eq!(url.origin(), base.origin());
    assert!(
        path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.is_ascii()
    );
    assert!(axum::http::HeaderValue::from_str(&path).is_ok());
    assert_eq!(destination::parse(&base, Some(&path)), path);
});
