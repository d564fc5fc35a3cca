//! The table of errors in docs/errors.md: each code is provoked over HTTP and answers as the table
//! says.

use latchkey::server::ground::{clock::SECOND, error::Error, mode::Instead};
use serde_json::json;
use std::collections::BTreeMap;

use crate::support::{
    Answer, App, Browser,
    backend::token_of,
    relying_party::{policy, with_policy},
};

/// Status and sentence (up to its first placeholder) of every code of the table.
fn table() -> BTreeMap<String, (u16, String)> {
    let rows = include_str!("../docs/errors.md").lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let sentence = cells[3].split('…').next().unwrap().trim();
        (cells[1].trim_matches('`').to_owned(), (cells[2].parse().unwrap(), sentence.to_owned()))
    })
    .collect()
}

async fn verify(browser: &Browser, body: serde_json::Value) -> Answer {
    browser.copy().post_json("/api/auth/verify", body).await
}

#[tokio::test]
async fn every_error_code_of_the_table_occurs_with_its_status() {
    let table = table();
    let mut met = BTreeMap::new();
    let mut note = |answer: Answer| {
        let error = answer.json()["error"].clone();
        let (code, message) = (error["code"].as_str().unwrap(), error["message"].as_str().unwrap());
        let (_, sentence) = &table[code];
        assert!(
            message.starts_with(sentence) && message.ends_with('.'),
            "{message} is not {sentence}"
        );
        met.insert(code.to_owned(), answer.status.as_u16());
    };
    let app = App::start().await;
    let ada = app.browser();

    note(ada.ask_by_api("ada").await);
    note(ada.ask_by_api("").await);
    note(ada.post_json("/api/auth/send-passwordless", json!({ "email": 7 })).await);
    note(ada.get("/api/auth/session").await);
    let foreign = ada
        .request(reqwest::Method::POST, "/api/auth/logout")
        .header("origin", "https://evil.example");
    note(ada.send(foreign).await);
    note(
        ada.send(ada.request(reqwest::Method::POST, "/api/auth/logout").body("x".repeat(70_000)))
            .await,
    );

    ada.ask_by_api("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let wrong = mail.wrong_code();
    note(verify(&ada, json!({ "code": wrong })).await);
    note(verify(&ada, json!({ "link_token": "A".repeat(43) })).await);
    note(
        verify(
            &app.browser(),
            json!({ "link_token": mail.link_token(), "auth_request_id": "another" }),
        )
        .await,
    );
    note(ada.post_json("/api/auth/resend-passwordless", json!({})).await);
    app.clock.advance(31 * SECOND);
    ada.post_json("/api/auth/resend-passwordless", json!({})).await;
    let fresh = app.inbox.nth_to("ada@example.com", 2).await;
    note(verify(&ada, json!({ "link_token": mail.link_token() })).await);
    note(verify(&ada, json!({ "code": mail.code() })).await);
    for _ in 0..4 {
        verify(&ada, json!({ "code": mail.wrong_code() })).await;
    }
    note(verify(&ada, json!({ "code": fresh.code() })).await);
    assert_eq!(verify(&ada, json!({ "link_token": fresh.link_token() })).await.status, 200);
    note(verify(&ada, json!({ "link_token": fresh.link_token() })).await);
    note(verify(&ada, json!({ "code": fresh.code() })).await);

    // Five wrong codes are half of what strangers have in an hour. That is the whole share of one
    // network, so its codes are paused.
    let other = app.browser();
    other.ask_by_api("ada@example.com").await;
    let last = app.inbox.nth_to("ada@example.com", 3).await;
    note(verify(&other, json!({ "code": wrong })).await);
    app.clock.advance(601 * SECOND);
    note(verify(&other, json!({ "link_token": last.link_token() })).await);

    app.store.close().await;
    note(app.browser().ask_by_api("bea@example.com").await);

    let headless = with_policy(&policy("[server]\nheadless = \"apps\"")).await;
    note(headless.browser().ask_by_api("ada@example.com").await);
    let program = headless.browser();
    let request = program.request(reqwest::Method::POST, "/api/auth/verify");
    let request = request.bearer_auth(token_of(&headless, "wiki").await);
    let unknown = json!({ "code": "123456", "auth_request_id": "nobody" });
    note(program.send(request.json(&unknown)).await);

    let with_passwords = App::with(&[("LATCHKEY_AUTH__PASSWORDS", "optional")]).await;
    let browser = with_passwords.browser();
    let form = browser
        .request(reqwest::Method::POST, "/actions/sign-in")
        .form(&[("email", "ada@example.com"), ("password", "wrong one")]);
    let answer = browser.send(form).await;
    met.insert(answer.json()["code"].as_str().unwrap().to_owned(), answer.status.as_u16());

    let with_numbers = App::with(&[("LATCHKEY_AUTH__SAME_BROWSER", "match")]).await;
    let (_, mail) = with_numbers.asked("ada@example.com").await;
    let browser = with_numbers.browser();
    // Two guesses, because one of them may be right.
    for number in ["42", "43"] {
        let form = browser
            .request(reqwest::Method::POST, "/actions/match-number")
            .form(&[("link_token", mail.link_token()), ("number", number)]);
        let answer = browser.send(form).await;
        if answer.status == 400 {
            met.insert(answer.json()["code"].as_str().unwrap().to_owned(), 400);
            break;
        }
    }

    let uninvited = App::start().await;
    let browser = uninvited.browser();
    let typed = [("email", "ada@example.com"), ("code", "123456")];
    let form = browser.request(reqwest::Method::POST, "/actions/accept-invitation-code");
    let answer = browser.send(form.form(&typed)).await;
    met.insert(answer.json()["code"].as_str().unwrap().to_owned(), answer.status.as_u16());

    // An internal error cannot be provoked over HTTP; its row is checked against the enum. Those of
    // the desk and of invitations that are over have stories of their own.
    let elsewhere = [Error::Forbidden, Error::FreshSignInNeeded, Error::NotFound];
    for error in elsewhere.into_iter().chain([Error::Internal, Error::InvitationOver]) {
        met.insert(error.code().to_owned(), error.status());
    }
    assert_eq!(met, table.into_iter().map(|(code, (status, _))| (code, status)).collect());
}

/// Posts a form without JavaScript and returns the page it leads back to.
async fn page_after(browser: &Browser, action: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post_form(&format!("/actions/{action}"), fields).await;
    browser.get(answer.goes_to()).await.body
}

#[tokio::test]
async fn pages_say_what_the_api_says() {
    let app = App::with(&[
        ("LATCHKEY_AUTH__PASSWORDS", "optional"),
        ("LATCHKEY_LIMITS__CODE_FAILURES_PER_HOUR", "20"),
    ])
    .await;
    let ada = app.browser();
    let mut shown: Vec<(Error, String)> = Vec::new();

    shown.push((Error::InvalidEmail, page_after(&ada, "sign-in", &[("email", "ada")]).await));
    shown.push((Error::missing("email"), page_after(&ada, "sign-in", &[]).await));
    let wrong_password = [("email", "ada@example.com"), ("password", "wrong one")];
    shown.push((Error::PasswordWrong, page_after(&ada, "sign-in", &wrong_password).await));

    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let wrong = mail.wrong_code();
    shown.push((
        Error::invalid("Codes have six digits."),
        page_after(&ada, "verify-code", &[("code", "12")]).await,
    ));
    shown.push((
        Error::CodeWrong { attempts_left: 4 },
        page_after(&ada, "verify-code", &[("code", wrong)]).await,
    ));
    shown.push((
        Error::RateLimited { retry_after: 30 },
        page_after(&ada, "resend-passwordless", &[]).await,
    ));
    app.clock.advance(31 * SECOND);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    let fresh = app.inbox.nth_to("ada@example.com", 2).await;
    shown.push((
        Error::CodeSuperseded,
        page_after(&ada, "verify-code", &[("code", mail.code())]).await,
    ));
    for _ in 0..4 {
        ada.post_form("/actions/verify-code", &[("code", mail.wrong_code())]).await;
    }
    shown.push((
        Error::TooManyAttempts { instead: Instead::Link },
        page_after(&ada, "verify-code", &[("code", fresh.code())]).await,
    ));

    // Five wrong codes and a wrong password so far. Four more wrong codes on another request use up
    // the share of this network, which is half of what strangers have: its codes are paused.
    let other = app.browser();
    other.ask_for_mail("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 3).await;
    for _ in 0..4 {
        other.post_form("/actions/verify-code", &[("code", mail.wrong_code())]).await;
    }
    let paused = Error::CodesPaused { instead: Instead::Link, retry_after: 3_569 };
    shown.push((paused, page_after(&other, "verify-code", &[("code", wrong)]).await));

    let confirm = |token: &str| format!("/login/confirm?link_token={token}");
    shown.push((Error::LinkInvalid, ada.get(&confirm("AAAA")).await.body));
    let elsewhere = app.browser().get(&confirm(fresh.link_token())).await.body;
    assert!(elsewhere.contains("Go back to that window: it is waiting."), "{elsewhere}");
    let replaced = ada.get(&confirm(mail.link_token())).await.body;
    assert!(replaced.contains("There is a newer email"), "{replaced}");
    let late = ada.copy();
    ada.get(fresh.link()).await;
    shown.push((Error::LinkUsed, late.get(&confirm(fresh.link_token())).await.body));
    shown.push((
        Error::CodeExpired,
        page_after(&late, "verify-code", &[("code", fresh.code())]).await,
    ));
    let (eve, old) = app.asked("eve@example.com").await;
    app.clock.advance(601 * SECOND);
    shown.push((Error::LinkExpired, eve.get(&confirm(old.link_token())).await.body));

    let stranger = app.browser();
    shown.push((Error::Unauthenticated, {
        let to = stranger.post_form("/actions/sign-out", &[]).await.goes_to().to_owned();
        let to = stranger.get(&to).await.goes_to().to_owned();
        stranger.get(&to).await.body
    }));
    app.store.close().await;
    shown.push((Error::Unavailable, late.get("/login/code").await.body));

    for (error, page) in shown {
        let said = error.to_string();
        // The pages of links have the first sentence as their heading.
        let rest = match error {
            Error::LinkInvalid | Error::LinkUsed | Error::LinkExpired => said.split_once(". "),
            _ => None,
        };
        let said = rest.map_or(said.as_str(), |(_, rest)| rest);
        assert!(page.contains(said), "{error:?} is not shown in {page}");
    }
}

#[tokio::test]
async fn no_error_mentions_a_link_or_code_that_the_mail_lacks() {
    let app = App::with(&[("LATCHKEY_AUTH__MODE", "LINK")]).await;
    let ada = app.browser();
    ada.ask_by_api("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let elsewhere = json!({ "link_token": mail.link_token(), "auth_request_id": "another" });
    let answer = verify(&app.browser(), elsewhere).await;
    assert_eq!(answer.error(403), "wrong_browser");
    assert!(!answer.body.contains("code from"), "{}", answer.body);

    let app = App::with(&[("LATCHKEY_AUTH__MODE", "OTP")]).await;
    let (waiting, ada) = (app.browser(), app.browser());
    waiting.ask_by_api("ada@example.com").await;
    app.inbox.first_to("ada@example.com").await;
    ada.ask_by_api("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    for _ in 0..4 {
        let body = json!({ "code": mail.wrong_code() });
        assert_eq!(verify(&ada, body).await.error(400), "code_wrong");
    }
    for (browser, code) in [(&ada, "too_many_attempts"), (&waiting, "codes_paused")] {
        let answer = verify(browser, json!({ "code": mail.wrong_code() })).await;
        assert_eq!(answer.error(429), code);
        assert!(answer.body.contains("sk for a new email, it brings a link"), "{}", answer.body);
    }
}
