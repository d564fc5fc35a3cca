//! The content of mails, and how they are sent.

use latchkey::server::ground::clock::{MINUTE, SECOND};

use crate::support::{App, Manners};

#[tokio::test]
async fn one_mail_has_link_and_code_in_text_and_html() {
    let app = App::start().await;
    app.browser().ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let (first, last) = mail.code().split_at(3);
    assert_eq!(mail.subject, format!("{first} {last} is your code for Latchkey"));
    assert_eq!(mail.from, "no-reply@example.com");
    // Some programs that rewrite links take an href literally, so nothing in it is escaped.
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(mail.link()), "{part}");
        assert!(part.contains("10 minutes"));
        assert!(part.contains("Asked for ada@example.com"), "people with aliases can tell");
    }
    assert!(mail.text.contains(&format!("Or type this code there: {first} {last}\n")));
    // Read out digit by digit; a double press selects all six.
    let spelled = mail.code().split("").collect::<Vec<_>>().join(" ");
    assert!(mail.html.contains(&format!("aria-label=\"{}\"", spelled.trim())), "{}", mail.html);
    assert!(mail.html.contains(&format!("{first}<span style=\"margin-left:12px;\">{last}</span>")));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(!mail.html.contains("<img"), "no image that could track");
}

#[tokio::test]
async fn header_injection_is_impossible() {
    let app = App::start().await;
    for bad in
        ["ada@example.com\r\nBcc: eve@example.com", "ada@example.com%0abcc:eve@example.com,x"]
    {
        let page = app.browser().ask_for_mail(bad).await.goes_to().to_owned();
        assert_eq!(page, "/login");
    }
    assert_eq!(app.browser().ask_for_mail("ada\0@example.com").await.status, 400);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
}

#[tokio::test]
async fn a_brand_is_escaped_in_html() {
    let app = App::with(&[("LATCHKEY_BRAND__NAME", "A <b>&</b> B")]).await;
    app.browser().ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.html.contains("A &lt;b&gt;&amp;&lt;/b&gt; B"), "{}", mail.html);
    assert!(mail.text.contains("A <b>&</b> B"));
}

#[tokio::test]
async fn the_answer_does_not_wait_for_the_mail_server() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    assert!(
        app.browser().ask_for_mail("ada@example.com").await.goes_to().starts_with("/login/code")
    );
}

#[tokio::test]
async fn a_temporarily_refused_mail_is_tried_again_unchanged() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    app.inbox.behave(Manners::Takes);
    app.until_mail_is_tried_again().await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_mail_whose_connection_breaks_in_data_is_tried_again() {
    let app = App::start().await;
    app.inbox.behave(Manners::DropsInData);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    app.inbox.behave(Manners::Takes);
    app.until_mail_is_tried_again().await;
    app.inbox.first_to("ada@example.com").await;
}

#[tokio::test]
async fn a_permanently_refused_mail_is_not_tried_again() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForGood);
    app.browser().ask_for_mail("nobody@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'", 1).await;
    app.inbox.behave(Manners::Takes);
    app.clock.advance(300 * SECOND);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
}

#[tokio::test]
async fn a_mail_is_never_sent_after_its_link_has_expired() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("late@example.com").await;
    app.inbox.offered(1).await;
    app.inbox.behave(Manners::Takes);
    app.clock.advance(601 * SECOND);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
}

#[tokio::test]
async fn an_accepted_mail_survives_a_restart() {
    let mut app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    app.stop().await;
    app.inbox.behave(Manners::Takes);
    app.clock.advance(60 * SECOND);
    app.restart().await;
    app.inbox.first_to("ada@example.com").await;
}

#[tokio::test]
async fn the_callers_variables_are_escaped_in_an_operators_template() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("sign_in.html"),
        "<p>Hello {{ variables.name }}, {{ link }}</p>",
    )
    .unwrap();
    let templates = folder.path().display().to_string();
    let app = App::with(&[("LATCHKEY_MAIL__TEMPLATES", &templates)]).await;
    let ask = serde_json::json!({ "email": "ada@example.com", "template_variables": { "name": "<img src=x onerror=alert(1)>" } });
    app.browser().post_json("/api/auth/send-passwordless", ask).await;
    let html = app.inbox.first_to("ada@example.com").await.html;
    assert!(html.contains("Hello &lt;img src=x onerror=alert(1)&gt;"), "{html}");
}

#[tokio::test]
async fn the_content_of_a_mail_is_wiped_once_it_is_sent() {
    let app = App::start().await;
    app.browser().ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent' AND payload IS NULL", 1)
        .await;
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE payload IS NOT NULL").await,
        0
    );
}

#[tokio::test]
async fn a_delivery_that_hangs_delays_only_its_own_mail() {
    let app = App::with(&[("LATCHKEY_MAIL__TIMEOUT", "1")]).await;
    app.inbox.behave(Manners::Hangs);
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    app.inbox.behave(Manners::Takes);
    app.browser().ask_for_mail("bea@example.com").await;
    app.inbox.first_to("bea@example.com").await;
    app.until_mail_is_tried_again().await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn setting_the_clock_back_delays_no_mail() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE last_error IS NOT NULL", 1).await;
    app.inbox.behave(Manners::Takes);
    app.clock.step(-latchkey::server::ground::clock::HOUR);
    app.inbox.first_to("ada@example.com").await;
}

#[tokio::test]
async fn a_mail_to_an_invalid_domain_is_given_up_once_its_link_expires() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("ada@example.invalid").await;
    let mut minutes = 0;
    while app
        .count("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'unsent' AND payload IS NULL")
        .await
        == 0
    {
        app.clock.advance(MINUTE);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        minutes += 1;
        assert!(minutes < 30, "it is tried forever");
    }
    assert!(minutes >= 10, "it was given up after {minutes} minutes");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'").await, 0);
}

#[tokio::test]
async fn the_waiting_page_reports_a_delayed_or_undeliverable_mail() {
    let app = App::start().await;
    for (manners, says) in [
        (Manners::RefusesForNow, "The email is delayed"),
        (Manners::RefusesForGood, "could not be delivered"),
    ] {
        app.inbox.behave(manners);
        let ada = app.browser();
        ada.ask_for_mail(&format!("{manners:?}@example.com")).await;
        app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE last_error IS NULL", 0).await;
        assert!(ada.get("/login/code").await.body.contains(says), "{says}");
        assert!(
            ada.get("/actions/progress").await.json()["trouble"].as_str().unwrap().contains(says)
        );
    }
    app.inbox.behave(Manners::Takes);
    let ada = app.browser();
    ada.ask_for_mail("taken@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    assert_eq!(ada.get("/actions/progress").await.json()["trouble"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_waiting_page_reports_no_mail_failure_while_sign_up_is_closed() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'ada@example.com', 1)",
    )
    .await;
    app.inbox.behave(Manners::RefusesForGood);
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'", 1).await;
    let page = ada.get("/login/code").await.body;
    assert!(!page.contains("delivered") && !page.contains("delayed"), "{page}");
}
