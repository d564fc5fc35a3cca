//! The outbox: every mail is sent once, in order, by the instance that holds its lease.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use std::time::Duration;

use crate::support::{App, Manners, Program, SECRET, database};

const QUEUED: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'";
const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";

const REFUSED: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND last_error IS NOT NULL";

/// An app that sends at most `at_once` mails at the same time.
async fn with_width(at_once: &str) -> App {
    App::with(&[("LATCHKEY_MAIL__AT_ONCE", at_once)]).await
}

/// Asks for mails, one a millisecond, and returns their addresses.
async fn ask(apps: &[&App], numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut asked = Vec::new();
    for n in numbers {
        let (app, address) = (apps[n % apps.len()], format!("ada{n}@example.com"));
        assert!(app.browser().ask_for_mail(&address).await.goes_to().starts_with("/login/code"));
        app.clock.advance(1);
        asked.push(address);
    }
    asked
}

#[tokio::test]
async fn every_mail_goes_once_and_in_order_behind_a_slow_mail_server() {
    let app = with_width("4").await;
    app.inbox.behave(Manners::Holds);
    let mut asked = ask(&[&app], 0..100).await;
    app.inbox.behave(Manners::Takes);
    // New mails keep coming and have to queue.
    asked.extend(ask(&[&app], 100..120).await);
    app.until(SENT, 120).await;
    let arrived = app.inbox.recipients();
    assert_eq!(arrived.len(), 120, "each mail came once");
    for (n, address) in asked.iter().enumerate() {
        let place = arrived.iter().position(|to| to == address);
        // Mails that are sent at the same time may overtake each other.
        assert!(
            place.is_some_and(|place| place < n + 8),
            "{address} came {place:?}th: {arrived:?}"
        );
    }
}

#[tokio::test]
async fn two_instances_behind_a_slow_mail_server_send_every_mail_once() {
    let app = with_width("3").await;
    let Some(other) = app.beside().await else { return };
    app.inbox.behave(Manners::Holds);
    let asked = ask(&[&app, &other], 0..60).await;
    app.inbox.behave(Manners::Takes);
    app.until(SENT, 60).await;
    let mut arrived = app.inbox.recipients();
    arrived.sort();
    let mut asked = asked;
    asked.sort();
    assert_eq!(arrived, asked);
}

#[tokio::test]
async fn a_temporarily_refused_mail_is_tried_again_while_new_ones_keep_coming() {
    let app = with_width("2").await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("first@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE last_error IS NOT NULL", 1).await;
    app.inbox.behave(Manners::Takes);
    app.clock.advance(MINUTE);
    for n in 0..100 {
        ask(&[&app], n..n + 1).await;
        if app.inbox.count_to("first@example.com") > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a hundred other mails went first");
}

#[tokio::test]
async fn sign_in_mails_go_before_notices() {
    let app =
        App::with(&[("LATCHKEY_MAIL__AT_ONCE", "1"), ("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true")])
            .await;
    app.signed_in("ada@example.com").await;
    let elsewhere = app.browser();
    elsewhere.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    app.inbox.behave(Manners::Holds);
    app.browser().ask_for_mail("in-hand@example.com").await;
    app.inbox.offered(3).await;
    assert_eq!(elsewhere.get(mail.link()).await.goes_to(), "/dashboard"); // queues a notice
    app.clock.advance(SECOND);
    app.browser().ask_for_mail("bea@example.com").await;
    app.inbox.behave(Manners::Takes);
    app.inbox.nth_to("ada@example.com", 3).await;
    assert_eq!(
        app.inbox.recipients()[2..],
        ["in-hand@example.com", "bea@example.com", "ada@example.com"]
    );
}

#[tokio::test]
async fn an_instance_that_lost_the_lease_of_a_mail_writes_nothing() {
    let app = with_width("1").await;
    app.inbox.behave(Manners::Holds);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    // Another instance took the mail when the lease expired, and is sending it.
    app.run_sql("UPDATE latchkey_outbox SET attempts = attempts + 1, due_at = due_at + 60000")
        .await;
    app.inbox.behave(Manners::Takes);
    app.inbox.first_to("ada@example.com").await;
    // The slot is free once the first mail is finished.
    app.browser().ask_for_mail("bea@example.com").await;
    app.until(SENT, 1).await;
    assert_eq!(app.count(QUEUED).await, 1, "only the other instance may change it");
    let told =
        app.texts("SELECT address FROM latchkey_audit_events WHERE event LIKE 'mail.%'").await;
    assert_eq!(told, ["b***@example.com"]);
}

#[tokio::test]
async fn a_mail_sent_by_another_instance_is_never_marked_as_failed() {
    let app = with_width("1").await;
    app.inbox.behave(Manners::Holds);
    app.browser().ask_for_mail("ada@example.com").await;
    app.inbox.offered(1).await;
    app.run_sql("UPDATE latchkey_outbox SET attempts = attempts + 1, state = 'sent'").await;
    app.inbox.behave(Manners::RefusesForGood);
    app.inbox.first_to("ada@example.com").await;
    app.inbox.behave(Manners::Takes);
    app.browser().ask_for_mail("bea@example.com").await;
    app.until(SENT, 2).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'").await, 0);
}

#[tokio::test]
async fn a_mail_in_progress_at_a_kill_is_sent_at_the_next_start_with_sqlite() {
    let mut program = Program::start().await;
    if database::postgres().is_some() {
        return; // another instance may hold the lease
    }
    program.inbox.behave(Manners::Holds);
    let ada = program.browser();
    ada.ask_for_mail("ada@example.com").await;
    program.inbox.offered(1).await;
    program.kill();
    program.start_again().await;
    program.inbox.offered(2).await; // well within the minute of a lease
    program.inbox.behave(Manners::Takes);
    let mail = program.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_mail_one_instance_cannot_open_waits_for_another_until_it_expires() {
    const OTHER: &str = "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC";
    let unopened = "SELECT COUNT(*) FROM latchkey_outbox \
        WHERE state = 'queued' AND payload IS NOT NULL AND last_error LIKE '%cannot open it%'";
    let mut app = App::start().await;
    for n in 0..2 {
        app.inbox.behave(Manners::RefusesForNow);
        app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
        app.inbox.offered(n + 1).await;
        app.until(REFUSED, 1).await;
        app.stop().await;
        app.clock.advance(2 * MINUTE);
        app.restart_with_secrets(&[OTHER]).await;
        app.until(unopened, 1).await;
        app.inbox.behave(Manners::Takes);
        if n == 0 {
            app.clock.advance(2 * MINUTE);
            app.restart_with_secrets(&[SECRET]).await;
            app.inbox.first_to("ada0@example.com").await;
            app.until(SENT, 1).await;
        } else {
            app.clock.advance(10 * MINUTE);
            app.until(
                "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'unsent' AND payload IS NULL",
                1,
            )
            .await;
        }
    }
    assert_eq!(app.inbox.count(), 1);
}
