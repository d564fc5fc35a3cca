//! The rules for new people, and the waitlist.

use latchkey::server::{
    auth::{
        Client,
        invitations::{self, Invite, Inviter},
    },
    config::{Policy, SignUp},
    ground::clock::{DAY, HOUR},
    store::AuditEvent,
    values::{address::Address, event::Event},
};
use std::time::Duration;

use crate::support::App;

const WAITLIST: (&str, &str) = ("LATCHKEY_AUTH__SIGN_UP", "waitlist");

/// Asks for a mail to each address, and returns who has got mails once all were dealt with.
async fn mailed(app: &App, addresses: &[&str]) -> Vec<String> {
    for address in addresses {
        app.browser().ask_by_api(address).await;
    }
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    let mut recipients = app.inbox.recipients();
    recipients.sort();
    recipients
}

/// Waits until a save of the policy file has an effect.
async fn until(app: &App, is_in_force: impl Fn(&Policy) -> bool) {
    while !is_in_force(&app.auth.policy()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn only_new_people_of_the_allowed_domains_get_mail() {
    let app = App::with(&[("LATCHKEY_SIGN_UP__DOMAINS", "example.com,*.bücher.example")]).await;
    let asked = [
        "ada@example.com",
        "ada@sub.example.com",
        "ada@xn--bcher-kva.example",
        "ada@shop.xn--bcher-kva.example",
        "ada@other.example",
    ];
    let got = mailed(&app, &asked).await;
    assert_eq!(got, ["ada@example.com", "ada@shop.xn--bcher-kva.example"]);
}

#[tokio::test]
async fn a_blocked_domain_is_refused_even_where_it_is_allowed() {
    let app = App::with(&[
        ("LATCHKEY_SIGN_UP__DOMAINS", ".example.com"),
        ("LATCHKEY_SIGN_UP__BLOCKED_DOMAINS", "*.example.com"),
    ])
    .await;
    assert_eq!(mailed(&app, &["a@example.com", "b@x.example.com"]).await, ["a@example.com"]);
}

#[tokio::test]
async fn disposable_addresses_are_refused_where_the_policy_says_so() {
    let app = App::with(&[("LATCHKEY_SIGN_UP__DISPOSABLE", "refused")]).await;
    let asked = ["a@mailinator.com", "a@x.yopmail.com", "a@example.com"];
    assert_eq!(mailed(&app, &asked).await, ["a@example.com"]);
}

#[tokio::test]
async fn a_list_of_disposable_domains_is_read_again_with_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let (file, list) = (folder.path().join("policy.toml"), folder.path().join("list.txt"));
    std::fs::write(&list, "trash.example\n").unwrap();
    let text = "[sign_up]\ndisposable = \"refused\"\ndisposable_list = \"list.txt\"\n";
    std::fs::write(&file, text).unwrap();
    let app = App::with_file(&file).await;
    let asked = ["a@trash.example", "a@waste.example", "a@mailinator.com"];
    assert_eq!(mailed(&app, &asked).await, ["a@mailinator.com", "a@waste.example"]);
    std::fs::write(&list, "waste.example\n").unwrap();
    std::fs::write(&file, format!("{text}# saved\n")).unwrap();
    let trash = Address::parse("b@trash.example").unwrap();
    until(&app, |policy| !policy.disposable_domains.include(&trash)).await;
    let got = mailed(&app, &["b@trash.example", "b@waste.example"]).await;
    assert!(got.contains(&"b@trash.example".to_owned()), "{got:?}");
    assert!(!got.contains(&"b@waste.example".to_owned()), "{got:?}");
}

#[tokio::test]
async fn one_mailbox_is_one_account_where_sub_addresses_are_refused() {
    let app = App::with(&[("LATCHKEY_SIGN_UP__SUB_ADDRESSES", "refused")]).await;
    let asked = ["ada+1@example.com", "ada+2@example.com", "ada@example.com"];
    assert_eq!(mailed(&app, &asked).await, ["ada@example.com"]);
}

#[tokio::test]
async fn known_users_sign_in_whatever_the_rules_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, "[auth]\nsign_up = \"open\"\n").unwrap();
    let app = App::with_file(&file).await;
    app.signed_in("ada+1@mailinator.com").await;
    let rules = "[auth]\nsign_up = \"invited\"\n[sign_up]\ndomains = [\"example.com\"]\n\
        blocked_domains = [\".mailinator.com\"]\ndisposable = \"refused\"\n\
        sub_addresses = \"refused\"\n";
    std::fs::write(&file, rules).unwrap();
    until(&app, |policy| policy.auth.sign_up == SignUp::Invited).await;
    let ada = app.signed_in("ada+1@mailinator.com").await;
    assert_eq!(ada.signed_in_as().await.as_deref(), Some("ada+1@mailinator.com"));
}

#[tokio::test]
async fn a_rule_holds_for_mails_that_left_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, "[sign_up]\nblocked_domains = []\n").unwrap();
    let app = App::with_file(&file).await;
    let (bob, mail) = app.asked("bob@example.com").await;
    std::fs::write(&file, "[sign_up]\nblocked_domains = [\"example.com\"]\n").unwrap();
    until(&app, |policy| !policy.sign_up.blocked_domains.is_empty()).await;
    bob.type_code(mail.code()).await;
    bob.get(mail.link()).await;
    assert_eq!(bob.signed_in_as().await, None);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 0);
}

#[tokio::test]
async fn the_sign_in_page_says_to_new_people_how_they_get_in() {
    for (sign_up, says) in [
        ("open", None),
        ("closed", None),
        ("invited", Some("You need an invitation")),
        ("waitlist", Some("waiting list")),
    ] {
        let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", sign_up)]).await;
        let page = app.browser().get("/login").await.body;
        assert_eq!(page.contains("New here?"), says.is_some(), "{sign_up}");
        assert!(says.is_none_or(|says| page.contains(says)), "{sign_up}: {page}");
    }
}

#[tokio::test]
async fn a_stranger_who_asks_is_put_on_the_waitlist_and_told_so_once() {
    let app = App::with(&[WAITLIST]).await;
    let bob = app.browser();
    bob.set_cookie("language", "de");
    bob.ask_for_mail("bob@example.com").await;
    let mail = app.inbox.first_to("bob@example.com").await;
    assert_eq!(mail.subject, "Sie stehen auf der Warteliste von Latchkey");
    assert!(!mail.text.contains("http"), "{}", mail.text);
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    app.clock.advance(HOUR);
    assert_eq!(mailed(&app, &["bob@example.com"]).await, ["bob@example.com"]);
    let times = "SELECT times FROM latchkey_waitlist WHERE last_asked_at > first_asked_at";
    assert_eq!(app.count(times).await, 2);
    let events = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'waitlist.joined'";
    assert_eq!(app.count(events).await, 1);
}

#[tokio::test]
async fn nobody_whom_the_rules_refuse_joins_the_waitlist() {
    let app = App::with(&[WAITLIST, ("LATCHKEY_SIGN_UP__BLOCKED_DOMAINS", "example.com")]).await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'bob@example.org', 1)").await;
    let asked = ["ada@example.com", "bob@example.org", "eva@example.org"];
    assert_eq!(mailed(&app, &asked).await, ["eva@example.org"]);
    assert_eq!(app.texts("SELECT address FROM latchkey_waitlist").await, ["eva@example.org"]);
}

#[tokio::test]
async fn the_waitlist_takes_so_many_in_an_hour_and_keeps_them_for_so_long() {
    let app = App::with(&[WAITLIST, ("LATCHKEY_SIGN_UP__WAITLIST_PER_HOUR", "2")]).await;
    for n in 0..4 {
        mailed(&app, &[&format!("p{n}@example.com")]).await;
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 2);
    app.clock.advance(HOUR);
    mailed(&app, &["p3@example.com"]).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 3);
    app.clock.advance(179 * DAY);
    mailed(&app, &["p0@example.com"]).await;
    app.store.purge_waitlist(app.clock.now() - 178 * DAY).await.unwrap();
    assert_eq!(app.texts("SELECT address FROM latchkey_waitlist").await, ["p0@example.com"]);
}

#[tokio::test]
async fn who_is_let_in_from_the_waitlist_gets_an_invitation_and_waits_no_more() {
    let app = App::with(&[WAITLIST]).await;
    mailed(&app, &["bob@example.com"]).await;
    let event = |event: Event, address: &Address| -> AuditEvent {
        app.auth.event(event, Some(address), &Client::default())
    };
    let by = Inviter { name: "ada@example.com", event: &event };
    let asked = Invite { email: "bob@example.com", ..Invite::default() };
    invitations::invite(&app.auth, &asked, &by).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 0);
    let mail = app.inbox.nth_to("bob@example.com", 2).await;
    assert_eq!(mail.subject, "You are invited to Latchkey");
    app.signed_in("bob@example.com").await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 0);
}
