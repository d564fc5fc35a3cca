//! People behind an app: it tells whose request it sends, and limits, mails and audit go by that.

use serde_json::{Value, json};

use crate::support::{
    App,
    backend::{Grpc, Rest, asking, refused},
    relying_party::{policy, with_policy_and},
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// Ways in which an app asks for a mail.
#[derive(Clone, Copy, Debug)]
enum Door {
    Json,
    Rest,
    Grpc,
}

const DOORS: [Door; 3] = [Door::Json, Door::Rest, Door::Grpc];

/// A server whose apps may use links of this machine.
async fn with_limits(limits: &[(&str, &str)]) -> App {
    let auth = "[auth]\nmagiclink_origins = [\"http://localhost:8080\"]\n";
    with_policy_and(&policy(auth), limits).await
}

/// Asks for a mail as an app, with these headers: the name of the error, if there is one.
async fn ask(
    app: &App,
    door: Door,
    id: &str,
    email: &str,
    headers: &[(&str, &str)],
) -> Result<(), String> {
    let rest = async || {
        let rest = Rest::of(app, id).await;
        headers.iter().fold(rest, |rest, (name, value)| rest.and(name, value))
    };
    let body = json!({ "email": email });
    let answer = match door {
        Door::Json => rest().await.call_json("send-passwordless", body).await,
        Door::Rest => rest().await.call("send", body).await,
        Door::Grpc => {
            let grpc = Grpc::of(app, id).await;
            let grpc = headers.iter().fold(grpc, |grpc, (name, value)| grpc.and(name, value));
            return grpc.send(&asking(email)).await.map(drop).map_err(|refused| refused.error_code);
        }
    };
    match (door, answer.status.as_u16()) {
        (_, 200) => Ok(()),
        (Door::Rest, 400) => Err(refused(&answer, 400, 3, "x-user-ip")),
        (Door::Rest, status) => Err(refused(&answer, status, 8, "rate")),
        (_, status) => Err(answer.error(status).to_ascii_uppercase()),
    }
}

fn limited() -> Result<(), String> {
    Err("RATE_LIMITED".to_owned())
}

#[tokio::test]
async fn a_stranger_at_the_form_of_an_app_uses_up_no_share_but_their_own() {
    for door in DOORS {
        let app = with_limits(&[("LATCHKEY_LIMITS__MAILS_PER_HOUR", "4")]).await;
        let from =
            async |ip| ask(&app, door, "wiki", "ada@example.com", &[("x-user-ip", ip)]).await;
        for ip in ["198.51.100.9", "198.51.100.77"] {
            assert_eq!(from(ip).await, Ok(()), "{door:?}");
        }
        assert_eq!(from("198.51.100.9").await, limited(), "{door:?}: half of it is theirs");
        assert_eq!(from("203.0.113.7").await, Ok(()), "{door:?}: the other half is not");
        assert_eq!(from("2001:db8:7::1").await, Ok(()), "{door:?}");
        assert_eq!(from("2001:db8:8::1").await, limited(), "{door:?}: the whole is used up");
    }
}

#[tokio::test]
async fn an_app_that_does_not_tell_is_a_network_of_its_own() {
    let app = with_limits(&[("LATCHKEY_LIMITS__MAILS_PER_HOUR", "4")]).await;
    for door in [Door::Json, Door::Grpc] {
        assert_eq!(ask(&app, door, "wiki", "ada@example.com", &[]).await, Ok(()));
    }
    assert_eq!(ask(&app, Door::Rest, "wiki", "ada@example.com", &[]).await, limited());
    let shop = ask(&app, Door::Rest, "shop", "ada@example.com", &[]).await;
    assert_eq!(shop, Ok(()), "another app behind the same address shares nothing with it");
    assert_eq!(app.browser().ask_by_api("ada@example.com").await.status, 200, "nor do people");
}

#[tokio::test]
async fn the_limits_of_a_client_are_those_of_the_person_and_of_the_app() {
    let app = with_limits(&[("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "1")]).await;
    let wiki = async |n: usize, ip: &str| {
        ask(&app, Door::Rest, "wiki", &format!("ada{n}@example.com"), &[("x-user-ip", ip)]).await
    };
    for n in 0..99 {
        assert_eq!(wiki(n, &format!("203.0.113.{n}")).await, Ok(()), "{n}");
    }
    for door in DOORS {
        let again = ask(&app, door, "wiki", "a@example.com", &[("x-user-ip", "203.0.113.9")]).await;
        assert_eq!(again, limited(), "{door:?}: one person has the room of one");
    }
    assert_eq!(
        wiki(99, "::ffff:198.51.100.1").await,
        Ok(()),
        "whose refusals cost the app nothing"
    );
    assert_eq!(wiki(100, "198.51.100.2").await, limited(), "the app has the room of a hundred");
    let shop = [("x-user-ip", "198.51.100.3")];
    assert_eq!(ask(&app, Door::Rest, "shop", "bea@example.com", &shop).await, Ok(()));
}

#[tokio::test]
async fn mail_and_audit_show_the_person_or_else_the_app() {
    let app = with_limits(&[]).await;
    let person = [("x-user-ip", "203.0.113.7"), ("x-user-agent", FIREFOX)];
    for (n, door) in DOORS.into_iter().enumerate() {
        let email = format!("ada{n}@example.com");
        ask(&app, door, "wiki", &email, &person).await.unwrap();
        let mail = app.inbox.first_to(&email).await;
        assert!(
            mail.text.contains("in Firefox on Linux, from IP address\u{a0}203.0.113.*"),
            "{door:?}"
        );
        let email = format!("bea{n}@example.com");
        ask(&app, door, "wiki", &email, &[]).await.unwrap();
        let mail = app.inbox.first_to(&email).await;
        assert!(mail.text.contains(&format!("Asked for by Team wiki, for {email}")), "{door:?}");
        assert!(!mail.text.contains("IP address"), "{}", mail.text);
    }
    let seen = "SELECT DISTINCT ip_prefix FROM latchkey_audit_events \
        WHERE event = 'auth.requested' ORDER BY ip_prefix";
    assert_eq!(app.texts(seen).await, ["203.0.113.*", "app:wiki"]);
    let agents = "SELECT DISTINCT user_agent FROM latchkey_audit_events \
        WHERE ip_prefix = '203.0.113.*'";
    assert_eq!(app.texts(agents).await, [FIREFOX]);
}

#[tokio::test]
async fn a_session_that_an_app_began_is_shown_as_the_apps() {
    let app = with_limits(&[("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true")]).await;
    for n in 1..3 {
        // A back end keeps no cookies, so each time is the first on that device.
        let wiki = Rest::of(&app, "wiki").await;
        let sent = wiki.call_json("send-passwordless", json!({ "email": "ada@example.com" })).await;
        let mail = app.inbox.nth_to("ada@example.com", n).await;
        let id = &sent.json()["auth_request_id"];
        let code = json!({ "code": mail.code(), "auth_request_id": id });
        assert_eq!(wiki.call_json("verify", code).await.status, 200);
    }
    let notice = app.inbox.nth_to("ada@example.com", 3).await;
    assert!(notice.text.contains("ada@example.com, through Team wiki, on"), "{}", notice.text);
    let ada = app.signed_in("ada@example.com").await;
    assert!(ada.get("/dashboard").await.body.contains("App\u{a0}wiki"));
}

#[tokio::test]
async fn what_is_no_ip_address_is_refused_from_an_app_and_nobody_else_is_believed() {
    let app = with_limits(&[]).await;
    for door in DOORS {
        for odd in ["", "ada", "203.0.113.7:80", "203.0.113.0/24", "1.2.3.4, 5.6.7.8", "::1%lo"] {
            let asked = ask(&app, door, "wiki", "ada@example.com", &[("x-user-ip", odd)]).await;
            assert_eq!(asked, Err("INVALID_REQUEST".to_owned()), "{door:?} {odd}");
        }
        let two = [("x-user-ip", "203.0.113.7"), ("x-user-ip", "203.0.113.8")];
        let asked = ask(&app, door, "wiki", "ada@example.com", &two).await;
        assert_eq!(asked, Err("INVALID_REQUEST".to_owned()), "{door:?}: either may be forged");
    }
    let browser = app.browser();
    for told in ["203.0.113.7", "ada"] {
        let request = browser.request(reqwest::Method::POST, "/api/auth/send-passwordless");
        let request = request.header("x-user-ip", told).header("x-user-agent", FIREFOX);
        let answer = browser.send(request.json(&json!({ "email": "ada@example.com" }))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let seen = "SELECT DISTINCT ip_prefix || user_agent FROM latchkey_auth_requests";
    assert_eq!(app.texts(seen).await, ["127.0.0.*"]);
}

#[tokio::test]
async fn people_whose_app_takes_no_links_are_promised_none() {
    let app = with_limits(&[]).await;
    let wiki = Rest::of(&app, "wiki").await;
    let german = Rest::of(&app, "wiki").await.and("accept-language", "de");
    let send = async |n| {
        let sent = wiki.call("send", json!({ "email": "ada@example.com" })).await.json();
        (app.inbox.nth_to("ada@example.com", n).await, sent["auth_request_id"].clone())
    };
    let (mail, id) = send(1).await;
    let code = |code: &str, id: &Value| json!({ "code": code, "auth_request_id": id });
    for _ in 0..4 {
        let wrong = wiki.call("verify", code(mail.wrong_code(), &id)).await;
        assert_eq!(refused(&wrong, 400, 3, "invalid"), "CODE_WRONG");
    }
    let off = wiki.call("verify", code(mail.wrong_code(), &id)).await;
    assert_eq!(refused(&off, 429, 8, "switched off: ask for a new email."), "TOO_MANY_ATTEMPTS");
    let by_json = wiki.call_json("verify", code(mail.code(), &id)).await;
    assert_eq!(by_json.error(429), "too_many_attempts");
    let off_in_german = german.call("verify", code(mail.code(), &id)).await;
    let (mail, id) = send(2).await;
    assert!(!mail.text.contains("link_token"), "{}", mail.text);
    let paused = wiki.call("verify", code(mail.code(), &id)).await;
    assert_eq!(refused(&paused, 429, 8, "Try a code again in"), "CODES_PAUSED");
    let paused_in_german = german.call("verify", code(mail.code(), &id)).await;
    for answer in [off, by_json, off_in_german, paused, paused_in_german] {
        assert!(!answer.body.to_lowercase().contains("link"), "{}", answer.body);
    }
}
