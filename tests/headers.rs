//! Headers of answers.

use crate::support::App;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = App::start().await;
    for path in [
        "/login",
        "/dashboard",
        "/api/auth/session",
        "/nothing",
        "/healthz",
        "/pkg/nothing.js",
        "/favicon.svg",
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(
            answer.header("content-security-policy").contains("frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn scripts_of_a_page_carry_its_own_nonce() {
    let app = App::start().await;
    let (first, second) = (app.browser().get("/login").await, app.browser().get("/login").await);
    let nonce = |policy: &str| {
        policy.split_once("'nonce-").unwrap().1.split('\'').next().unwrap().to_owned()
    };
    let of_first = nonce(first.header("content-security-policy"));
    assert_ne!(of_first, nonce(second.header("content-security-policy")));
    for directive in [
        "default-src 'none'",
        "'strict-dynamic'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(first.header("content-security-policy").contains(directive), "{directive}");
    }
    assert!(!first.header("content-security-policy").contains("'unsafe-inline'"));
    let scripts = first.body.matches("<script").count();
    assert!(scripts > 0);
    assert_eq!(first.body.matches(&format!("nonce=\"{of_first}\"")).count(), scripts);
}

#[tokio::test]
async fn cookies_and_transport_are_pinned_to_this_host_on_https() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let asked = app.browser().ask_for_mail("ada@example.com").await;
    assert_eq!(asked.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    assert!(
        asked.cookies_set()[0].starts_with("__Host-auth-request=")
            && asked.cookies_set()[0].ends_with("; Secure")
    );
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.link().starts_with("https://login.example.com/api/auth/verify?link_token="));
}

#[tokio::test]
async fn pages_forbid_rewriting_by_proxies() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    for path in ["/login", "/dashboard", "/nothing", "/login/confirm?link_token=x"] {
        let said = ada.get(path).await.header("cache-control").to_owned();
        assert_eq!(said, "no-store, no-transform", "{path}");
    }
}
