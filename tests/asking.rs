//! Options of a caller who asks for a mail.

use serde_json::{Value, json};

use crate::support::{Answer, App};

const SEND: &str = "/api/auth/send-passwordless";

async fn ask(app: &App, mut with: Value) -> Answer {
    with["email"] = json!("ada@example.com");
    app.browser().post_json(SEND, with).await
}

#[tokio::test]
async fn the_mode_decides_whether_a_mail_has_a_link_a_code_or_both() {
    for (mode, link, code) in
        [("LINK", true, false), ("OTP", false, true), ("LINK_OTP", true, true)]
    {
        let app = App::with(&[("LATCHKEY_AUTH__MODE", mode)]).await;
        assert_eq!(ask(&app, json!({})).await.json()["passwordless_type"], mode);
        let mail = app.inbox.first_to("ada@example.com").await;
        for part in [&mail.text, &mail.html] {
            assert_eq!(part.contains("link_token="), link, "{mode}: {part}");
            assert_eq!(part.to_lowercase().contains("this code"), code, "{mode}: {part}");
        }
    }
}

#[tokio::test]
async fn a_caller_may_ask_for_less_than_policy_allows_but_for_nothing_else() {
    let app = App::start().await;
    assert_eq!(
        ask(&app, json!({ "passwordlessType": "OTP" })).await.json()["passwordless_type"],
        "OTP"
    );
    let app = App::with(&[("LATCHKEY_AUTH__MODE", "LINK")]).await;
    assert_eq!(
        ask(&app, json!({ "passwordless_type": "OTP" })).await.error(400),
        "invalid_request"
    );
    assert_eq!(
        ask(&app, json!({ "passwordless_type": "SMS" })).await.error(400),
        "invalid_request"
    );
}

#[tokio::test]
async fn the_pages_offer_only_the_link_when_the_mode_is_link() {
    let app = App::with(&[("LATCHKEY_AUTH__MODE", "LINK")]).await;
    let ada = app.browser();
    let page = ada.ask_for_mail("ada@example.com").await.goes_to().to_owned();
    let page = ada.get(&page).await.body;
    assert!(
        page.contains("Open the link that we emailed you") && !page.contains("name=\"code\""),
        "{page}"
    );
    ada.get(app.inbox.first_to("ada@example.com").await.link()).await;
    assert!(ada.signed_in_as().await.is_some());
}

#[tokio::test]
async fn a_caller_may_set_a_lifetime_from_one_minute_to_what_policy_allows() {
    let app = App::start().await;
    for (expires_in, status) in [(600, 200), (601, 400)] {
        let asked = ask(&app, json!({ "expires_in": expires_in })).await;
        assert_eq!(asked.status, status, "{expires_in}");
    }
    let app = App::with(&[("LATCHKEY_AUTH__EXPIRES_IN", "3600")]).await;
    for (expires_in, status) in [(60, 200), (3_600, 200), (59, 400), (3_601, 400), (0, 400)] {
        assert_eq!(
            ask(&app, json!({ "expires_in": expires_in })).await.status,
            status,
            "{expires_in}"
        );
    }
    for odd in [json!(-1), json!("60"), json!(60.5)] {
        assert_eq!(ask(&app, json!({ "expires_in": odd })).await.error(400), "invalid_request");
    }
    assert!(
        app.inbox.nth_to("ada@example.com", 2).await.text.contains("60 minutes")
            || app.inbox.nth_to("ada@example.com", 1).await.text.contains("60 minutes")
    );
}

#[tokio::test]
async fn state_and_template_come_back_with_the_sign_in() {
    let app = App::start().await;
    let with = json!({ "state": "cart=7&ü", "template": "SIGNUP" });
    let id = ask(&app, with).await.json()["auth_request_id"].clone();
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.text.starts_with("Finish signing up for Latchkey"), "{}", mail.text);
    let body = json!({ "code": mail.code(), "auth_request_id": id });
    let verified = app.browser().post_json("/api/auth/verify", body).await.json();
    assert_eq!(verified["state"], "cart=7&ü");
    assert_eq!(verified["template"], "SIGNUP");
    assert_eq!(
        ask(&app, json!({ "state": "x".repeat(2_049) })).await.error(400),
        "invalid_request"
    );
    assert_eq!(ask(&app, json!({ "template": "WELCOME" })).await.error(400), "invalid_request");
}

#[tokio::test]
async fn a_link_to_another_app_has_exactly_one_token() {
    let app = App::with(&[("LATCHKEY_AUTH__MAGICLINK_ORIGINS", "https://app.example.com")]).await;
    for (n, uri) in
        ["/in?link_token=", "/in?link_token=x&from=a%20mail&link%5Ftoken=y"].into_iter().enumerate()
    {
        ask(&app, json!({ "magiclink_auth_uri": format!("https://app.example.com{uri}") })).await;
        let mail = app.inbox.nth_to("ada@example.com", n + 1).await;
        let link = reqwest::Url::parse(mail.link()).unwrap();
        let tokens: Vec<_> = link.query_pairs().filter(|(name, _)| name == "link_token").collect();
        assert_eq!((tokens.len(), tokens[0].1.len()), (1, 43), "{link}");
        assert!(
            n == 0 || link.query_pairs().any(|(name, value)| name == "from" && value == "a mail")
        );
    }
}

#[tokio::test]
async fn a_link_may_lead_to_another_app_that_the_policy_lists() {
    let app = App::with(&[("LATCHKEY_AUTH__MAGICLINK_ORIGINS", "https://app.example.com")]).await;
    let sent =
        ask(&app, json!({ "magiclink_auth_uri": "https://app.example.com/signed-in?from=mail" }))
            .await
            .json();
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(
        mail.link().starts_with("https://app.example.com/signed-in?from=mail&link_token="),
        "{}",
        mail.link()
    );
    // The other app's back end verifies the token that its page was opened with.
    let body = json!({ "link_token": mail.link_token(), "auth_request_id": sent["auth_request_id"], "session": "bearer" });
    assert_eq!(
        app.browser().post_json("/api/auth/verify", body).await.json()["email"],
        "ada@example.com"
    );
    for foreign in [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "http://app.example.com/",
        "https://app.example.com@evil.example",
        "javascript:alert(1)",
        "/path",
        "",
    ] {
        assert_eq!(
            ask(&app, json!({ "magiclink_auth_uri": foreign })).await.error(400),
            "invalid_request",
            "{foreign}"
        );
    }
}

#[tokio::test]
async fn variables_are_filled_into_the_teams_own_template() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("sign_in.txt"),
        "Hello {{ variables.first_name }}, at {{ brand }}:\n{{ link }}\nCode: {{ code }}",
    )
    .unwrap();
    let app = App::with(&[("LATCHKEY_MAIL__TEMPLATES", folder.path().to_str().unwrap())]).await;
    ask(&app, json!({ "template_variables": { "first_name": "Ada", "code": "none" } })).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.text.starts_with("Hello Ada, at Latchkey:"), "{}", mail.text);
    assert_eq!(mail.code().len(), 6, "no variable takes the code's place");
    assert!(mail.html.contains("Sign in to Latchkey"), "the other templates keep their defaults");
}

#[tokio::test]
async fn variables_are_limited_and_cannot_override_the_mails_own() {
    let app = App::start().await;
    let many: serde_json::Map<String, Value> =
        (0..31).map(|n| (format!("v{n}"), json!("x"))).collect();
    assert_eq!(
        ask(&app, json!({ "template_variables": many })).await.error(400),
        "invalid_request"
    );
    assert_eq!(
        ask(&app, json!({ "template_variables": { "link": "https://evil.example" } }))
            .await
            .error(400),
        "invalid_request"
    );
    assert_eq!(
        ask(&app, json!({ "template_variables": { "name": 7 } })).await.error(400),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_fresh_mail_keeps_the_settings_of_the_first() {
    let app = App::start().await;
    let sent =
        ask(&app, json!({ "passwordless_type": "OTP", "template": "SIGNUP", "expires_in": 120 }))
            .await
            .json();
    app.inbox.first_to("ada@example.com").await;
    app.clock.advance(31_000);
    let body = json!({ "authRequestId": sent["auth_request_id"] });
    let again = app.browser().post_json("/api/auth/resend-passwordless", body).await.json();
    assert_eq!(again["auth_request_id"], sent["auth_request_id"]);
    assert_eq!(again["expires_in"], 120);
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    assert!(mail.text.starts_with("Finish signing up") && !mail.text.contains("link_token"));
}

#[tokio::test]
async fn earlier_mails_work_until_they_expire_when_resend_is_keep() {
    let app = App::with(&[("LATCHKEY_AUTH__RESEND", "keep")]).await;
    let (ada, first) = app.asked("ada@example.com").await;
    app.clock.advance(300_000);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    let second = app.inbox.nth_to("ada@example.com", 2).await;

    assert_eq!(ada.copy().get(first.link()).await.goes_to(), "/dashboard");
    let page = ada.get(second.link()).await.goes_to().to_owned();
    assert!(
        ada.get(&page).await.body.contains("was used already"),
        "both mails together allow one sign-in"
    );

    let app = App::with(&[("LATCHKEY_AUTH__RESEND", "keep")]).await;
    let (ada, first) = app.asked("ada@example.com").await;
    app.clock.advance(300_000);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    app.inbox.nth_to("ada@example.com", 2).await;
    app.clock.advance(300_000);
    let page = ada.get(first.link()).await.goes_to().to_owned();
    assert_eq!(ada.get(&page).await.status, 410);
    assert_eq!(
        ada.post_json("/api/auth/verify", json!({ "code": first.code() })).await.error(410),
        "code_expired"
    );
}

#[tokio::test]
async fn variables_are_short_and_hold_no_links_or_control_characters() {
    let app = App::start().await;
    let (long, fits) = ("x".repeat(257), "ü".repeat(256));
    for refused in [
        &long,
        "https://evil.example/",
        "see evil.example",
        "EVIL.EXAMPLE/path",
        "help@evil.example",
        "evil\u{3002}example",
        "Ada\r\nBcc: eve@localhost",
        "Ada\u{202e}adA",
    ] {
        let with = json!({ "template_variables": { "first_name": refused } });
        assert_eq!(ask(&app, with).await.error(400), "invalid_request", "{refused:?}");
    }
    let with = json!({ "template_variables": { long: "x" } });
    assert_eq!(ask(&app, with).await.error(400), "invalid_request");
    for taken in [&fits, "Dr. Ada K. Lovelace, Ltd.", "v1.2, 3.50 €, e.g. this", "आदा"] {
        let with = json!({ "template_variables": { "first_name": taken } });
        assert_eq!(ask(&app, with).await.status, 200, "{taken:?}");
    }
}
