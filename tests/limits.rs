//! Limits of an address and of all together, kept in the database.

use latchkey::server::ground::clock::{DAY, HOUR, MINUTE, SECOND};
use serde_json::json;

use crate::support::{Answer, App, Browser};

pub const SEND: &str = "/api/auth/send-passwordless";
pub const DEFAULT: [(&str, &str); 4] = [
    ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2"),
    ("LATCHKEY_LIMITS__MAILS_PER_HOUR", "10"),
    ("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "20"),
    ("LATCHKEY_LIMITS__VERIFIES_PER_MINUTE", "60"),
];

pub async fn ask_via(app: &App, email: &str, forwarded_for: &str) -> Answer {
    let browser = app.browser();
    let request = browser.request(reqwest::Method::POST, SEND).json(&json!({ "email": email }));
    browser.send(request.header("x-forwarded-for", forwarded_for)).await
}

#[tokio::test]
async fn an_address_gets_two_mails_a_minute_whoever_asks() {
    let app = App::with(&[
        ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2"),
        ("LATCHKEY_LIMITS__MAILS_PER_HOUR", "6"),
    ])
    .await;
    let ask = || async { app.browser().ask_by_api("ada@example.com").await };
    assert_eq!(ask().await.status, 200);
    assert_eq!(ask().await.status, 200);
    let refused = ask().await;
    assert_eq!(refused.error(429), "rate_limited");
    assert_eq!(refused.header("retry-after"), "60");
    app.clock.advance(60 * SECOND);
    assert_eq!(ask().await.status, 200);
    app.clock.advance(60 * SECOND);
    assert_eq!(
        ask().await.header("retry-after"),
        "3480",
        "one network's half of the hourly limit applies, too"
    );
}

#[tokio::test]
async fn limits_of_an_address_survive_a_restart() {
    let mut app = App::with(&DEFAULT).await;
    app.browser().ask_by_api("ada@example.com").await;
    app.browser().ask_by_api("ada@example.com").await;
    app.restart().await;
    assert_eq!(app.browser().ask_by_api("ada@example.com").await.error(429), "rate_limited");
}

#[tokio::test]
async fn an_address_gets_no_more_mails_when_a_hundred_clients_ask() {
    let app =
        App::with(&[&DEFAULT[..], &[("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]].concat())
            .await;
    let mut accepted = 0;
    for n in 0..100 {
        accepted += usize::from(
            ask_via(&app, "ada@example.com", &format!("203.0.113.{n}")).await.status == 200,
        );
    }
    assert_eq!(accepted, 2);
}

#[tokio::test]
async fn known_and_unknown_addresses_meet_the_limit_alike() {
    let app = App::with(&DEFAULT).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'ada@example.com', 1)",
    )
    .await;
    let mut told = Vec::new();
    for address in ["ada@example.com", "bob@example.com"] {
        app.browser().ask_by_api(address).await;
        app.browser().ask_by_api(address).await;
        let answer = app.browser().ask_by_api(address).await;
        told.push((answer.status, answer.header("retry-after").to_owned(), answer.body));
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_stranger_who_uses_up_the_limits_does_not_lock_the_owner_out() {
    let app = App::with(&DEFAULT).await;
    let owner = app.signed_in("ada@example.com").await;
    owner.post_form("/actions/sign-out", &[]).await;
    app.clock.advance(2 * HOUR);

    // Ten wrong codes on two requests, and all mails of the minute.
    let stranger = app.browser();
    for n in 2..=3 {
        stranger.ask_by_api("ada@example.com").await;
        let mail = app.inbox.nth_to("ada@example.com", n).await;
        for _ in 0..5 {
            let body = json!({ "code": mail.wrong_code() });
            stranger.copy().post_json("/api/auth/verify", body).await;
        }
    }
    assert_eq!(stranger.ask_by_api("ada@example.com").await.error(429), "rate_limited");
    app.clock.advance(MINUTE);
    stranger.ask_by_api("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 4).await;
    assert_eq!(
        stranger.post_json("/api/auth/verify", json!({ "code": "123456" })).await.error(429),
        "codes_paused"
    );
    stranger.ask_by_api("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 5).await;

    assert_eq!(
        owner.ask_by_api("ada@example.com").await.status,
        200,
        "a browser that has signed in before has its own allowance"
    );
    let code = app.inbox.nth_to("ada@example.com", 6).await.code().to_owned();
    assert_eq!(owner.post_json("/api/auth/verify", json!({ "code": code })).await.status, 200);
}

#[tokio::test]
async fn a_foreign_or_forged_device_cookie_gives_no_extra_allowance() {
    let app = App::with(&DEFAULT).await;
    let eve = app.signed_in("eve@example.com").await;
    for _ in 0..2 {
        app.browser().ask_by_api("ada@example.com").await;
    }
    assert_eq!(eve.ask_by_api("ada@example.com").await.error(429), "rate_limited");
    let made_up = app.browser();
    made_up.set_cookie("device", &eve.cookie("device").unwrap().replace('.', "A."));
    assert_eq!(made_up.ask_by_api("ada@example.com").await.error(429), "rate_limited");
    assert!(!eve.cookie("device").unwrap().contains("eve"));
}

#[tokio::test]
async fn thirty_wrong_codes_in_a_day_pause_codes_until_the_first_is_a_day_old() {
    let app = App::with(&[("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let verify = async |browser: &Browser, from: &str, code: u32| {
        let request = browser.request(reqwest::Method::POST, "/api/auth/verify");
        let request = request.json(&json!({ "code": format!("{code:06}") }));
        browser.send(request.header("x-forwarded-for", from)).await
    };
    let mut tried = 0;
    for hour in 0..3 {
        for network in ["203.0.113.7", "198.51.100.7"] {
            let ada = app.browser();
            ada.ask_by_api("ada@example.com").await;
            for code in 0..5 {
                let answer = verify(&ada, network, code).await;
                assert!(
                    answer.body.contains("code_wrong") || answer.body.contains("too_many_attempts"),
                    "{hour}: {answer:?}"
                );
                tried += 1;
            }
        }
        app.clock.advance(HOUR + SECOND);
    }
    assert_eq!(tried, 30);
    let ada = app.browser();
    ada.ask_by_api("ada@example.com").await;
    let answer = verify(&ada, "192.0.2.7", 0).await;
    assert_eq!(answer.error(429), "codes_paused");
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert_eq!(wait, (DAY - 3 * (HOUR + SECOND)) / SECOND);
}

#[tokio::test]
async fn no_network_can_block_mails_or_codes_of_an_owner_elsewhere() {
    let proxy = ("LATCHKEY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8");
    let hour = ("LATCHKEY_LIMITS__MAILS_PER_HOUR", "10");
    let app = App::with(&[proxy, hour]).await;
    for (address, there, here) in [
        ("ada@example.com", ["203.0.113.1", "203.0.113.2"], "198.51.100.7"),
        ("bob@example.com", ["2001:db8:1:1::1", "2001:db8:1:ffff::1"], "2001:db8:2::1"),
    ] {
        let mut accepted = 0;
        for n in 0..10 {
            accepted += usize::from(ask_via(&app, address, there[n % 2]).await.status == 200);
        }
        assert_eq!(accepted, 5, "half of the hourly limit");
        let via = |browser: &Browser, from: &str, path: &str, body: serde_json::Value| {
            let request = browser.request(reqwest::Method::POST, path).json(&body);
            let request = request.header("x-forwarded-for", from);
            let browser = browser.clone();
            async move { browser.send(request).await }
        };
        let owner = app.browser();
        assert_eq!(via(&owner, here, SEND, json!({ "email": address })).await.status, 200);
        let mail = app.inbox.nth_to(address, 6).await;

        // Ten wrong codes from that network, on requests made before the owner's.
        let stranger = app.browser();
        app.clock.advance(HOUR);
        for n in 0..10 {
            if n % 5 == 0 {
                via(&stranger, there[0], SEND, json!({ "email": address })).await;
            }
            let body = json!({ "code": mail.wrong_code() });
            via(&stranger.copy(), there[n % 2], "/api/auth/verify", body).await;
        }
        via(&owner, here, SEND, json!({ "email": address })).await;
        let mail = app.inbox.nth_to(address, 9).await;
        let body = json!({ "code": mail.code() });
        assert_eq!(via(&owner, here, "/api/auth/verify", body).await.status, 200);
    }
}

#[tokio::test]
async fn the_total_mail_limit_delays_strangers_but_not_known_devices() {
    let app = App::with(&[("LATCHKEY_LIMITS__TOTAL_MAILS_PER_MINUTE", "3")]).await;
    let ada = app.signed_in("ada@example.com").await;
    for address in ["bob@example.com", "eve@example.com"] {
        assert_eq!(app.browser().ask_by_api(address).await.status, 200);
    }
    let refused = app.browser().ask_by_api("one-more@example.com").await;
    assert_eq!(refused.error(429), "rate_limited");
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(ada.ask_by_api("ada@example.com").await.status, 200);
    let metrics = ada.get("/metrics").await.body;
    let counted = "latchkey_limits_passed_total{limit=\"total_mails_per_minute\"}";
    assert!(metrics.contains(counted), "{metrics}");
    app.clock.advance(20 * SECOND);
    assert_eq!(app.browser().ask_by_api("one-more@example.com").await.status, 200);
}

#[tokio::test]
async fn wrong_codes_over_all_addresses_pause_codes_but_no_links() {
    let app = App::with(&[("LATCHKEY_LIMITS__TOTAL_CODE_FAILURES_PER_MINUTE", "3")]).await;
    let known = app.signed_in("known@example.com").await;
    for n in 0..3 {
        let (stranger, address) = (app.browser(), format!("ada{n}@example.com"));
        stranger.ask_by_api(&address).await;
        let mail = app.inbox.first_to(&address).await;
        let wrong = mail.wrong_code();
        let answer = stranger.post_json("/api/auth/verify", json!({ "code": wrong })).await;
        assert_eq!(answer.error(400), "code_wrong");
    }
    let bob = app.browser();
    bob.ask_by_api("bob@example.com").await;
    let mail = app.inbox.first_to("bob@example.com").await;
    let code = json!({ "code": mail.code() });
    let paused = bob.post_json("/api/auth/verify", code).await;
    assert_eq!(paused.error(429), "codes_paused");
    assert_eq!(paused.header("retry-after"), "20");
    assert_eq!(bob.get(mail.link()).await.goes_to(), "/dashboard");
    known.ask_by_api("known@example.com").await;
    let code = json!({ "code": app.inbox.nth_to("known@example.com", 2).await.code() });
    assert_eq!(known.post_json("/api/auth/verify", code).await.status, 200);
}

#[tokio::test]
async fn a_program_that_has_signed_in_before_has_limits_of_its_own() {
    let app = App::with(&DEFAULT).await;
    let verify = async |id: &str, code: &str, device: Option<&str>| {
        let body =
            json!({ "code": code, "auth_request_id": id, "session": "bearer", "device": device });
        app.browser().post_json("/api/auth/verify", body).await
    };
    let sent = app.browser().ask_by_api("ada@example.com").await.json();
    let mail = app.inbox.first_to("ada@example.com").await;
    let id = sent["auth_request_id"].as_str().unwrap();
    let signed_in = verify(id, mail.code(), None).await.json();
    let device = signed_in["session"]["device"].as_str().unwrap();
    app.clock.advance(HOUR);
    for _ in 0..2 {
        assert_eq!(app.browser().ask_by_api("ada@example.com").await.status, 200);
    }
    assert_eq!(app.browser().ask_by_api("ada@example.com").await.error(429), "rate_limited");
    let body = json!({ "email": "ada@example.com", "device": device });
    let sent = app.browser().post_json(SEND, body).await;
    assert_eq!(sent.status, 200);
    let mail = app.inbox.nth_to("ada@example.com", 4).await;
    let id = sent.json()["auth_request_id"].as_str().unwrap().to_owned();
    assert_eq!(verify(&id, mail.code(), Some(device)).await.status, 200);
    let body = json!({ "email": "bob@example.com", "device": device });
    assert_eq!(
        app.browser().post_json(SEND, body).await.status,
        200,
        "it gives nothing for another address"
    );
}
