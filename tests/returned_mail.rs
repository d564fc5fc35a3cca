//! Mails that come back: whoever waits is told, the address gets no more for a while, and one mail a
//! day may be sent all the same.

use latchkey::server::ground::clock::{DAY, SECOND};
use std::process::{Command, Stdio};

use crate::support::{Returning, SECRET, report};

const SUPPRESSED: &str = "SELECT COUNT(*) FROM latchkey_suppressions";

const GONE: &str = "550 5.1.1 <ada@example.com>: no such mailbox";

#[tokio::test]
async fn the_page_that_waits_says_at_once_that_its_mail_came_back_and_why() {
    let all = Returning::start().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    assert_eq!(all.standing(&ada).await["is_sent"], true);
    assert!(mail.from.starts_with("bounces+") && mail.from.ends_with("@example.com"));
    assert_eq!(all.comes_back(&mail, "5.1.1", GONE).await, "1 report\n");
    let standing = all.standing(&ada).await;
    let trouble = standing["trouble"].as_str().unwrap();
    assert!(trouble.contains("came back") && trouble.contains("no such mailbox"), "{trouble}");
    assert!(!trouble.contains("ada@"), "the address is masked: {trouble}");
    assert_eq!(standing["is_sent"], false);
    let page = ada.get("/login/code").await.body;
    assert!(page.contains("no such mailbox"), "{page}");
    let events = all.app.texts("SELECT event FROM latchkey_audit_events").await;
    assert!(events.contains(&"mail.returned".to_owned()), "{events:?}");
}

#[tokio::test]
async fn an_address_whose_mail_came_back_gets_no_more_and_one_a_day_all_the_same() {
    let all = Returning::start().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    all.comes_back(&mail, "5.1.1", GONE).await;
    all.asks_again(&ada).await;
    let held_back = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'suppressed'";
    all.app.until(held_back, 1).await;
    let standing = all.standing(&ada).await;
    assert_eq!(standing["may_try"], true);
    assert!(standing["trouble"].as_str().unwrap().contains("Our last emails"), "{standing}");
    assert_eq!(all.inbox.count(), 1);

    all.app.clock.advance(31 * SECOND);
    let again = ada.post_form("/actions/try-again", &[]).await;
    assert!(again.goes_to().starts_with("/login/code"));
    all.inbox.nth_to("ada@example.com", 2).await;
    all.app.until(Returning::SENT, 1).await;
    // Once a day, from whatever browser.
    all.app.clock.advance(31 * SECOND);
    ada.post_form("/actions/try-again", &[]).await;
    let page = ada.get("/login/code").await.body;
    assert!(page.contains("hour"), "the page says when it may be tried again: {page}");
    let eve = all.app.browser();
    eve.ask_for_mail("ada@example.com").await;
    all.app.until(held_back, 2).await;
    assert_eq!(all.inbox.count(), 2);
    all.app.clock.advance(DAY);
    let eve = all.app.browser();
    eve.ask_for_mail("ada@example.com").await;
    all.app.until(held_back, 3).await;
    all.app.clock.advance(31 * SECOND);
    eve.post_form("/actions/try-again", &[]).await;
    let mail = all.inbox.nth_to("ada@example.com", 3).await;
    // It was read, so the address is alive.
    assert_eq!(eve.get(mail.link()).await.goes_to(), "/dashboard");
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
    all.waiting("ada@example.com").await;
}

#[tokio::test]
async fn an_operator_lists_suppressions_and_lifts_them() {
    let all = Returning::start().await;
    for name in ["ada", "eve"] {
        let (_, mail) = all.waiting(&format!("{name}@example.com")).await;
        all.comes_back(&mail, "5.1.1", "550 5.1.1 no such mailbox").await;
    }
    let listed = all.app.said_by(&["suppressions", "list"], "").await;
    let line = "ada@example.com  hard, for 7 more days, by own: 550 5.1.1 no such mailbox";
    assert!(listed.lines().any(|listed| listed == line), "{listed}");
    let lift = ["suppressions", "lift", "ada@example.com"];
    let lifted = all.app.said_by(&lift, "").await;
    assert_eq!(lifted, "mails to ada@example.com are sent again\n");
    let nothing = all.app.said_by(&lift, "").await;
    assert_eq!(nothing, "nothing held back mails to ada@example.com\n");
    let sent = all.app.count(Returning::SENT).await;
    all.app.browser().ask_for_mail("ada@example.com").await;
    all.app.until(Returning::SENT, sent + 1).await;
}

#[tokio::test]
async fn a_report_that_names_no_mail_of_ours_or_is_none_changes_nothing() {
    let all = Returning::start().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    let forged = mail.from.replace('.', "x.");
    let strangers = report(&forged, "ada@example.com", "5.1.1", GONE);
    let said = all.app.said_by(&["bounce", "--to", &forged], &strangers).await;
    assert!(said.contains("names no mail of ours"), "{said}");
    let reply = format!("To: {}\r\nSubject: I am away\r\n\r\nBack on Monday.\r\n", mail.from);
    let said = all.app.said_by(&["bounce", "--to", &mail.from], &reply).await;
    assert!(said.contains("is no report"), "{said}");
    assert_eq!(all.standing(&ada).await["is_sent"], true);
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_left_to_the_mail_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[auth]\nexpires_in = 1\n").unwrap();
    for variable in [("DATABASE_URL", "sqlite://gone/gone.db"), ("LATCHKEY_CONFIG", "bad.toml")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        program.arg("bounce").current_dir(folder.path()).env_clear().stdin(Stdio::null());
        program.env("SESSION_JWT_SECRET", SECRET).env(variable.0, variable.1);
        let output = program.output().unwrap();
        // EX_TEMPFAIL: it is piped again later.
        assert_eq!(output.status.code(), Some(75), "{variable:?}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("latchkey: "));
    }
}

#[tokio::test]
async fn a_delay_on_the_way_is_told_and_suppresses_nothing() {
    let all = Returning::start().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    let failed = report(&mail.from, &mail.to, "4.2.2", "452 4.2.2 the mailbox is full");
    let delayed = failed.replace("Action: failed", "Action: delayed");
    assert_eq!(all.told(&mail, &delayed).await, "1 report\n");
    let standing = all.standing(&ada).await;
    let trouble = standing["trouble"].as_str().unwrap();
    // A server that has given up for such a reason reports the same.
    assert!(
        trouble.contains("has not arrived yet") && trouble.contains("mailbox is full"),
        "{trouble}"
    );
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
    let delivered = failed.replace("Action: failed", "Action: delivered");
    all.told(&mail, &delivered).await;
    assert_eq!(all.standing(&ada).await["is_sent"], true);
    // The server gives up: the mail comes no more, and the next one may arrive.
    all.told(&mail, &failed).await;
    let standing = all.standing(&ada).await;
    let trouble = standing["trouble"].as_str().unwrap();
    assert!(trouble.contains("came back") && trouble.contains("mailbox is full"), "{trouble}");
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
}

#[tokio::test]
async fn with_sign_up_closed_only_a_known_device_is_told_that_a_mail_came_back() {
    let all = Returning::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    all.app.command(&["users", "add", "ada@example.com"]).await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
    ada.post_form("/actions/sign-out", &[]).await;
    ada.ask_for_mail("ada@example.com").await;
    let mail = all.inbox.nth_to("ada@example.com", 2).await;
    all.app.until(Returning::SENT, 2).await;
    let stranger = all.app.browser();
    stranger.ask_for_mail("ada@example.com").await;
    let theirs = all.inbox.nth_to("ada@example.com", 3).await;
    all.app.until(Returning::SENT, 3).await;
    all.comes_back(&mail, "5.1.1", GONE).await;
    all.comes_back(&theirs, "5.1.1", GONE).await;
    let told = all.standing(&ada).await;
    assert!(told["trouble"].as_str().is_some_and(|words| words.contains("came back")), "{told}");
    let unknown = all.app.browser();
    unknown.ask_for_mail("nobody@example.com").await;
    all.app.until(Returning::SENT, 2).await;
    let (stranger, unknown) = (all.standing(&stranger).await, all.standing(&unknown).await);
    assert_eq!(stranger, unknown);
    assert_eq!(
        (&stranger["trouble"], &stranger["is_sent"]),
        (&serde_json::Value::Null, &false.into())
    );
}

#[tokio::test]
async fn with_sign_up_closed_a_known_device_gets_its_mail_all_the_same() {
    let all = Returning::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    all.app.command(&["users", "add", "ada@example.com"]).await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
    ada.post_form("/actions/sign-out", &[]).await;
    all.comes_back(&mail, "5.1.1", GONE).await;
    ada.ask_for_mail("ada@example.com").await;
    let held_back = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'suppressed'";
    all.app.until(held_back, 1).await;
    assert_eq!(all.standing(&ada).await["may_try"], true);
    // A stranger's request goes on as if nothing were held back, and sends nothing.
    let stranger = all.app.browser();
    stranger.ask_for_mail("ada@example.com").await;
    all.app.clock.advance(31 * SECOND);
    let asked = stranger.post_form("/actions/try-again", &[]).await;
    assert!(asked.goes_to().starts_with("/login/code"));
    all.app.until(held_back, 3).await;
    assert_eq!(all.inbox.count(), 1);
    ada.post_form("/actions/try-again", &[]).await;
    let mail = all.inbox.nth_to("ada@example.com", 2).await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
}

#[tokio::test]
async fn the_page_repeats_no_link_no_code_and_no_quotation_marks_of_a_server() {
    let all = Returning::start().await;
    let (ada, mail) = all.waiting("ada@example.com").await;
    let (first, last) = mail.code().split_at(3);
    let words = format!(
        "550 5.1.1 spam: {} {}, {first} {last}\u{201d} \u{202e}call http://evil.example or \
         www.evil.example, {}",
        mail.link(),
        mail.code(),
        "on and on ".repeat(40)
    );
    all.comes_back(&mail, "5.1.1", &words).await;
    let kept = "SELECT COALESCE(reason, '') FROM latchkey_audit_events UNION \
        SELECT said FROM latchkey_suppressions UNION \
        SELECT last_error FROM latchkey_outbox WHERE last_error IS NOT NULL";
    let kept = all.app.texts(kept).await.join("\n");
    for secret in ["link_token", mail.code(), last] {
        assert!(!kept.contains(secret), "{secret}: {kept}");
    }
    for asked in ["came back", "Our last emails"] {
        let trouble = all.standing(&ada).await["trouble"].as_str().unwrap().to_owned();
        assert!(trouble.contains(asked) && trouble.contains("550 5.1.1 spam"), "{trouble}");
        for odd in ["link_token", "evil", mail.code(), last, "\u{202e}", "\u{201d} "] {
            assert!(!trouble.contains(odd), "{odd}: {trouble}");
        }
        assert!(trouble.chars().count() < 400, "{trouble}");
        all.asks_again(&ada).await;
        all.app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'suppressed'", 1).await;
    }
}
