//! Limits of a client, kept in the process.

use latchkey::server::ground::clock::{HOUR, MINUTE, SECOND};
use serde_json::json;

use crate::{
    limits::{DEFAULT, SEND, ask_via},
    support::App,
};

#[tokio::test]
async fn a_client_may_ask_for_twenty_mails_a_minute() {
    let app = App::with(&DEFAULT).await;
    for n in 0..20 {
        assert_eq!(app.browser().ask_by_api(&format!("ada{n}@example.com")).await.status, 200);
    }
    let refused = app.browser().ask_by_api("one-more@example.com").await;
    assert_eq!(refused.error(429), "rate_limited");
    assert_eq!(refused.header("retry-after"), "3");
    app.clock.advance(3 * SECOND);
    assert_eq!(app.browser().ask_by_api("one-more@example.com").await.status, 200);
}

#[tokio::test]
async fn setting_the_clock_neither_blocks_a_client_nor_gives_it_more() {
    let app = App::with(&DEFAULT).await;
    let wait_after = async |step| {
        app.clock.step(step);
        app.browser().ask_by_api("one-more@example.com").await.header("retry-after").to_owned()
    };
    for n in 0..20 {
        assert_eq!(app.browser().ask_by_api(&format!("ada{n}@example.com")).await.status, 200);
    }
    assert_eq!(wait_after(-HOUR).await, "3");
    assert_eq!(wait_after(2 * HOUR).await, "3");
    app.clock.pass(3 * SECOND);
    assert_eq!(app.browser().ask_by_api("one-more@example.com").await.status, 200);
}

#[tokio::test]
async fn a_client_may_try_sixty_links_and_codes_a_minute_on_all_endpoints() {
    let app = App::with(&DEFAULT).await;
    let browser = app.browser();
    for n in 0..20 {
        let id = format!("nobodynobodynobodyno{n:02}");
        browser
            .post_json("/api/auth/verify", json!({ "code": "123456", "auth_request_id": id }))
            .await;
        browser
            .post_json(
                "/api/auth/verify",
                json!({ "link_token": "A".repeat(43), "auth_request_id": id }),
            )
            .await;
        browser.get(&format!("/api/auth/verify?link_token={}", "A".repeat(43))).await;
    }
    let id = "nobodynobodynobodyno12";
    let answer = browser
        .post_json("/api/auth/verify", json!({ "code": "123456", "auth_request_id": id }))
        .await;
    assert_eq!(answer.error(429), "rate_limited");
}

#[tokio::test]
async fn a_rotating_forwarded_header_does_not_help_without_a_trusted_proxy() {
    let app = App::with(&DEFAULT).await;
    for n in 0..20 {
        ask_via(&app, &format!("ada{n}@example.com"), &format!("203.0.113.{n}")).await;
    }
    assert_eq!(
        ask_via(&app, "one-more@example.com", "198.51.100.1").await.error(429),
        "rate_limited"
    );
}

#[tokio::test]
async fn limits_behind_a_trusted_proxy_are_per_client_and_per_ipv6_64_network() {
    let app = App::with(
        &[&DEFAULT[..], &[("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.1/32, ::1/128")]].concat(),
    )
    .await;
    for n in 0..20 {
        ask_via(&app, &format!("ada{n}@example.com"), &format!("6.6.6.{n}, 2001:db8::{n:x}")).await;
    }
    assert_eq!(
        ask_via(&app, "one-more@example.com", "2001:db8::ffff").await.error(429),
        "rate_limited"
    );
    assert_eq!(ask_via(&app, "one-more@example.com", "2001:db8:0:1::1").await.status, 200);
}

#[tokio::test]
async fn an_odd_byte_of_the_client_does_not_hide_the_proxys_entry() {
    let app = App::with(&[("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let browser = app.browser();
    let forwarded = reqwest::header::HeaderValue::from_bytes(b"\xff, 203.0.113.7").unwrap();
    let request = browser.request(reqwest::Method::POST, SEND);
    let request = request.json(&json!({ "email": "ada@example.com" }));
    assert_eq!(browser.send(request.header("x-forwarded-for", forwarded)).await.status, 200);
    let seen = app.texts("SELECT ip_prefix FROM latchkey_auth_requests").await;
    assert_eq!(seen, ["203.0.113.*"]);
}

#[tokio::test]
async fn an_ipv6_client_also_counts_against_its_wider_networks() {
    let app = App::with(&[
        ("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "1"),
        ("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8"),
    ])
    .await;
    let mut asked = 0;
    let mut from = async |network: &str| {
        asked += 1;
        ask_via(&app, &format!("ada{asked}@example.com"), network).await.status.as_u16()
    };
    for n in 0..4 {
        for m in 0..4 {
            assert_eq!(from(&format!("2001:db8:1:{n}{m:02}::1")).await, 200, "/64 {n} {m}");
        }
        assert_eq!(
            from(&format!("2001:db8:1:{n}ff::1")).await,
            429,
            "the /56 has used up its four"
        );
    }
    assert_eq!(from("2001:db8:1:9900::1").await, 429, "the /48 has used up its sixteen");
    assert_eq!(from("2001:db8:2::1").await, 200);
    app.clock.advance(4 * SECOND);
    assert_eq!(
        from("2001:db8:1:8800::1").await,
        200,
        "a refused client uses up nothing of the /48"
    );
}

#[tokio::test]
async fn a_client_gets_no_more_from_two_instances_than_from_one() {
    let first = App::with(&DEFAULT).await;
    let Some(second) = first.beside().await else { return };
    let mut asked = 0;
    let mut at = async |app: &App| {
        asked += 1;
        app.browser().ask_by_api(&format!("ada{asked}@example.com")).await
    };
    for n in 0..20 {
        let app = if n % 3 == 0 { &first } else { &second };
        assert_eq!(at(app).await.status, 200, "{n}");
    }
    for app in [&first, &second] {
        let refused = at(app).await;
        assert_eq!(refused.error(429), "rate_limited");
        assert_eq!(refused.header("retry-after"), "3");
    }
    first.clock.advance(3 * SECOND);
    assert_eq!(at(&second).await.status, 200);
    assert_eq!(at(&first).await.error(429), "rate_limited");

    // All mails at one instance, then one more at the other. A client does not wait longer because
    // an instance's clock was set back.
    first.clock.advance(MINUTE);
    for n in 0..20 {
        assert_eq!(at(&first).await.status, 200, "{n}");
    }
    assert_eq!(at(&second).await.error(429), "rate_limited");
    first.clock.step(-HOUR);
    assert_eq!(at(&second).await.status, 200);
}
