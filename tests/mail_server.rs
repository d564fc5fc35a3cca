//! Mail servers that refuse the server itself, a recipient or a mail, and the name it gives at
//! EHLO.

use crate::support::{App, Inbox, Manners, Program, client};
use latchkey::server::ground::clock::MINUTE;

/// 1 once a mail has been refused for now, else 0.
const TOLD: &str = "SELECT COUNT(*) FROM \
    (SELECT id FROM latchkey_outbox WHERE last_error IS NOT NULL LIMIT 1) AS x";

/// An app whose mail server requires a password.
async fn with_password(more: &[(&str, &str)]) -> App {
    App::with(&[&[("SMTP_URL", "smtp://latchkey:hunter2@INBOX")], more].concat()).await
}

/// Asks for a mail to `address` and returns the trouble that the waiting page reports, once there
/// is one.
async fn trouble(app: &App, address: &str) -> String {
    let browser = app.browser();
    browser.ask_for_mail(address).await;
    loop {
        let progress = browser.get("/actions/progress").await.json();
        if let Some(trouble) = progress["trouble"].as_str() {
            return trouble.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn mails_wait_while_the_mail_server_refuses_us_and_blame_no_recipient() {
    let refused = async |manners: Manners| {
        let app = with_password(&[("LATCHKEY_MAIL__AT_ONCE", "3")]).await;
        app.inbox.behave(manners);
        let said = trouble(&app, "ada0@example.com").await;
        assert!(said.contains("delayed"), "{manners:?}: {said}");
        for n in 1..10 {
            app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
        }
        app.inbox.behave(Manners::Takes);
        while app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'").await < 10 {
            app.clock.advance(1_000);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let mut arrived = app.inbox.recipients();
        arrived.sort();
        assert_eq!(arrived, (0..10).map(|n| format!("ada{n}@example.com")).collect::<Vec<_>>());
    };
    tokio::join!(
        refused(Manners::RefusesGreeting),
        refused(Manners::RefusesEhlo),
        refused(Manners::RefusesAuth),
        refused(Manners::RefusesSender),
    );
}

#[tokio::test]
async fn a_mail_that_expired_while_we_were_refused_does_not_blame_its_address() {
    let app = with_password(&[]).await;
    app.inbox.behave(Manners::RefusesAuth);
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    app.until(TOLD, 1).await;
    app.clock.advance(601_000);
    let unsent = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'unsent' AND payload IS NULL";
    while app.count(unsent).await < 1 {
        // The worker may have begun its wait only just now.
        app.clock.advance(1_000);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let page = ada.get("/login/code").await.body;
    assert!(!page.contains("Check the address"), "{page}");
}

#[tokio::test]
async fn waiting_mails_do_not_each_cause_a_failed_login_while_we_are_refused() {
    let app = with_password(&[]).await;
    app.inbox.behave(Manners::RefusesAuth);
    for n in 0..40 {
        app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
    }
    app.until(TOLD, 1).await;
    let tries =
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.delayed'").await;
    assert!(tries < 20, "{tries} tries, instead of those in progress and then one at a time");
}

#[tokio::test]
async fn a_refused_recipient_gets_no_mail_and_delays_nobody_else() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesRecipient);
    let said = trouble(&app, "nobody@example.com").await;
    assert!(said.contains("Check the address"), "{said}");
    app.inbox.behave(Manners::Takes);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
}

#[tokio::test]
async fn an_address_the_mail_server_can_never_accept_fails_at_once() {
    let app = App::start().await;
    app.inbox.behave(Manners::KnowsAsciiOnly);
    let said = trouble(&app, "jürgen@example.com").await;
    assert!(said.contains("Check the address"), "{said}");
    app.inbox.behave(Manners::Takes);
    app.browser().ask_for_mail("jörg@example.com").await;
    app.inbox.first_to("jörg@example.com").await;
}

#[tokio::test]
async fn commands_are_pipelined_to_a_mail_server_that_announces_it_alone() {
    let app = App::start().await;
    app.asked("ada@example.com").await;
    // The connection that is open now is closed before the server announces that.
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    app.clock.advance(MINUTE);
    app.inbox.behave(Manners::Pipelines);
    for address in ["bea@example.com", "cid@example.com"] {
        app.asked(address).await;
    }
    assert_eq!(app.inbox.count(), 3);
}

#[tokio::test]
async fn a_mail_server_that_refuses_a_second_ehlo_gets_mails() {
    let app = App::start().await;
    app.inbox.behave(Manners::KnowsOneEhlo);
    for address in ["bea@example.com", "cid@example.com"] {
        app.asked(address).await;
    }
    assert_eq!(app.inbox.count(), 2);
}

#[tokio::test]
async fn the_ehlo_name_is_the_public_name_or_the_operators_choice() {
    for (variables, hello) in [
        (vec![("LATCHKEY_PUBLIC_URL", "https://login.example.com")], "EHLO login.example.com"),
        (vec![("LATCHKEY_MAIL__EHLO_NAME", "out.example.com")], "EHLO out.example.com"),
        (vec![], "EHLO [127.0.0.1]"),
    ] {
        let app = App::with(&variables).await;
        let (code, said) = app.command(&["send-test-mail", "ada@example.com"]).await;
        assert_eq!(code, 0, "{said}");
        let is_public = variables.iter().any(|(name, _)| *name == "LATCHKEY_PUBLIC_URL");
        assert!(is_public || app.inbox.has_heard(hello), "{hello}");
        app.browser().ask_for_mail("bea@example.com").await;
        app.inbox.first_to("bea@example.com").await;
        assert!(app.inbox.has_heard(hello), "{hello}");
    }
}

#[tokio::test]
async fn a_mail_server_may_be_named_by_an_ipv6_address() {
    let inbox = Inbox::start_on("[::1]:0").await;
    let app = App::with(&[("SMTP_URL", &inbox.smtp_url())]).await;
    app.browser().ask_for_mail("ada@example.com").await;
    inbox.first_to("ada@example.com").await;
}

#[tokio::test]
async fn a_sender_domain_in_another_script_is_sent_as_ascii() {
    let app = App::with(&[("LATCHKEY_MAIL__FROM", "Bücher <post@bücher.example>")]).await;
    app.inbox.behave(Manners::KnowsAsciiOnly);
    let (code, said) = app.command(&["send-test-mail", "ada@example.com"]).await;
    assert_eq!(code, 0, "{said}");
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(mail.from, "post@xn--bcher-kva.example");
    assert!(mail.raw.is_ascii(), "{}", mail.raw);
}

#[tokio::test]
async fn metrics_tell_whether_the_mail_server_refuses_us() {
    let program = Program::start().await;
    let until = async |line: &str| {
        for _ in 0..400 {
            let metrics = client().get(format!("{}/metrics", program.url())).send().await.unwrap();
            if metrics.text().await.unwrap().lines().any(|told| told == line) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{line}");
    };
    until("latchkey_mail_server_refuses_us{transport=\"smtp\"} 0").await;
    program.inbox.behave(Manners::RefusesGreeting);
    program.browser().ask_for_mail("ada@example.com").await;
    until("latchkey_mail_server_refuses_us{transport=\"smtp\"} 1").await;
    until("latchkey_mail_refusals_total{transport=\"smtp\",of=\"session\"} 1").await;
    program.inbox.behave(Manners::Takes);
    program.inbox.first_to("ada@example.com").await;
    until("latchkey_mail_server_refuses_us{transport=\"smtp\"} 0").await;
}
