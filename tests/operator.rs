//! An operator's commands while the server runs.

use crate::support::{App, Manners};

/// Commands use the machine's clock, by which everything in a story is long past.
const ALIVE_BY_THE_MACHINES_CLOCK: &str =
    "UPDATE latchkey_sessions SET token_expires_at = 9000000000000";

#[tokio::test]
async fn sessions_of_one_user_are_ended_by_address() {
    let app = App::start().await;
    let (ada, phone, bea) = (
        app.signed_in("ada@example.com").await,
        app.signed_in("ada@example.com").await,
        app.signed_in("bea@example.com").await,
    );
    app.run_sql(ALIVE_BY_THE_MACHINES_CLOCK).await;
    let (code, said) = app.command(&["sessions", "revoke", "Ada@Example.com"]).await;
    assert_eq!((code, said.contains("2 sessions")), (0, true), "{said}");
    assert_eq!((ada.signed_in_as().await, phone.signed_in_as().await), (None, None));
    assert!(bea.signed_in_as().await.is_some());
    assert_eq!(
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'session.revoked'").await,
        ["operator"]
    );
}

#[tokio::test]
async fn a_disabled_user_is_signed_out_and_may_return_once_enabled() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.run_sql(ALIVE_BY_THE_MACHINES_CLOCK).await;
    assert_eq!(app.command(&["users", "disable", "ada@example.com"]).await.0, 0);
    assert_eq!(ada.signed_in_as().await, None);
    ada.ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.failed' AND reason = 'not_a_user'", 1).await;
    assert_eq!(app.command(&["users", "enable", "ada@example.com"]).await.0, 0);
    assert_eq!(ada.signed_in_as().await, None, "the ended session stays ended");
    let by_operator = app
        .texts("SELECT event FROM latchkey_audit_events WHERE reason = 'operator' ORDER BY id")
        .await;
    assert_eq!(by_operator, ["user.disabled", "session.revoked", "user.enabled"]);
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.nth_to("ada@example.com", 2).await.link()).await;
    assert!(ada.signed_in_as().await.is_some());
}

#[tokio::test]
async fn an_address_can_be_banned_before_its_first_sign_in() {
    let app = App::start().await;
    app.command(&["users", "disable", "eve@example.com"]).await;
    app.browser().ask_for_mail("eve@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'not_a_user'", 1).await;
    assert_eq!(app.inbox.count_to("eve@example.com"), 0);
}

#[tokio::test]
async fn lifting_a_ban_does_not_create_a_user() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    for command in ["disable", "enable"] {
        assert_eq!(app.command(&["users", command, "eve@example.com"]).await.0, 0);
    }
    app.browser().ask_for_mail("eve@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'not_a_user'", 1).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 0);
}

#[tokio::test]
async fn an_address_without_a_user_is_reported_as_unknown() {
    let app = App::start().await;
    for command in [["sessions", "revoke"], ["users", "enable"]] {
        let (code, said) = app.command(&[command[0], command[1], "nobody@example.com"]).await;
        assert_eq!((code, said.contains("There is no user of that address")), (1, true), "{said}");
        let (code, said) = app.command(&[command[0], command[1], "nobody"]).await;
        assert_eq!(
            (code, said.contains("Check the spelling of that email address")),
            (1, true),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_test_mail_says_that_mails_arrive() {
    let app = App::start().await;
    let (code, said) = app.command(&["send-test-mail", "ops@example.com"]).await;
    assert_eq!(code, 0, "{said}");
    let mail = app.inbox.first_to("ops@example.com").await;
    assert!(mail.subject.contains("test mail") && mail.text.contains(&app.url));
    for (header, value) in [
        ("MIME-Version", "1.0"),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(mail.header(header).as_deref(), Some(value));
    }
    assert!(mail.header("Message-ID").is_some());
}

#[tokio::test]
async fn check_reports_what_works_and_how_to_mend_the_rest() {
    let app = App::start().await;
    let (code, said) = app.command(&["check"]).await;
    assert_eq!(code, 1, "there are no assets here");
    for line in
        ["; it is up to date", "ok   mail server: smtp: answers", "ok   clock", "ok   secrets: 1"]
    {
        assert!(said.contains(line), "{said}");
    }
    assert!(said.contains("BAD  assets: ") && said.contains("LEPTOS_SITE_ROOT"), "{said}");
    assert_eq!(app.inbox.count(), 0, "no mail was sent");
}

#[tokio::test]
async fn waiting_mails_can_be_listed_sent_at_once_or_given_up() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForNow);
    for name in ["ada", "bea"] {
        app.browser().ask_for_mail(&format!("{name}@example.com")).await;
    }
    let refused = "SELECT COUNT(*) FROM latchkey_outbox \
        WHERE state = 'queued' AND last_error IS NOT NULL AND leased_at IS NULL";
    app.until(refused, 2).await;
    let (code, listed) = app.command(&["outbox", "list"]).await;
    assert_eq!((code, listed.matches("(451)").count()), (0, 2), "{listed}");
    assert!(!listed.contains("ada@") && !listed.contains("bea@"), "{listed}");
    let id = |name: &str| {
        let line = listed.lines().find(|line| line.contains(&format!("  {name}***@"))).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    let (code, said) = app.command(&["outbox", "drop", "--", &id("b")]).await;
    assert_eq!((code, said.contains("1 mail is given up")), (0, true), "{said}");
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'unsent' AND payload IS NULL", 1)
        .await;
    app.inbox.behave(Manners::Takes);
    let (code, said) = app.command(&["outbox", "retry", "--", &id("a")]).await;
    assert_eq!((code, said.contains("1 mail is due now")), (0, true), "{said}");
    app.inbox.first_to("ada@example.com").await;
    let (code, said) = app.command(&["outbox", "drop", "--all"]).await;
    assert_eq!((code, said.contains("0 mails are given up")), (0, true), "{said}");
    assert_eq!(app.command(&["outbox", "retry"]).await.0, 2, "no mail was named");
    assert_eq!(app.inbox.count(), 1);
}
