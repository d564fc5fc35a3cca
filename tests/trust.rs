//! Trust in devices that have signed in before, and what ends it.

use latchkey::server::ground::clock::{DAY, SECOND};

use crate::support::{App, Browser, Mail, SECRET};

const NOTICES: (&str, &str) = ("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true");
const PASSWORDS: (&str, &str) = ("LATCHKEY_AUTH__PASSWORDS", "optional");
const PASSWORD: &str = "correct horse battery";

/// Signs in by a link and returns the number of new-device notices queued by it.
async fn sign_in(app: &App, browser: &Browser, address: &str) -> i64 {
    let queued = "SELECT COUNT(*) FROM latchkey_outbox WHERE bucket LIKE '% notice'";
    let told = app.inbox.count_to(address);
    let before = app.count(queued).await;
    browser.ask_for_mail(address).await;
    // Pending notices may arrive before or after it; the mail with a link is the right one.
    let mut n = told + 1;
    let mail = loop {
        let mail = app.inbox.nth_to(address, n).await;
        if mail.text.contains("link_token=") {
            break mail;
        }
        n += 1;
    };
    assert_eq!(browser.get(mail.link()).await.goes_to(), "/dashboard");
    app.count(queued).await - before
}

/// The field that the button of a notice posts: name and value.
fn press(mail: &Mail) -> (String, String) {
    let at = mail.text.find("/login/not-you?").unwrap_or_else(|| panic!("{}", mail.text));
    let query = mail.text[at..].split_whitespace().next().unwrap().split_once('?').unwrap().1;
    let (name, value) = query.split_once('=').unwrap();
    (name.to_owned(), value.to_owned())
}

/// The `n`th notice to an address, not counting other mails.
async fn notice(app: &App, address: &str, n: usize) -> Mail {
    let mut mails = (1.., 0);
    loop {
        let mail = app.inbox.nth_to(address, mails.0.next().unwrap()).await;
        mails.1 += usize::from(!mail.text.contains("link_token="));
        if mails.1 == n {
            return mail;
        }
    }
}

async fn dispute(app: &App, mail: &Mail, wishes: &[&str]) {
    let (name, token) = press(mail);
    let wishes = wishes.iter().map(|wish| (*wish, "true"));
    let fields: Vec<(&str, &str)> =
        [(name.as_str(), token.as_str())].into_iter().chain(wishes).collect();
    let stopped = app.browser().post_form("/actions/not-you", &fields).await;
    assert!(app.browser().get(stopped.goes_to()).await.body.contains("They are signed out"));
    app.clock.advance(SECOND);
}

#[tokio::test]
async fn a_disputed_device_is_a_stranger_again() {
    let app = App::with(&[NOTICES]).await;
    let (ada, thief) = (app.browser(), app.browser());
    assert_eq!(
        sign_in(&app, &ada, "ada@example.com").await,
        0,
        "the first sign-in causes no notice"
    );
    assert_eq!(sign_in(&app, &thief, "ada@example.com").await, 1);
    dispute(&app, &notice(&app, "ada@example.com", 1).await, &[]).await;
    assert_eq!(thief.signed_in_as().await, None);
    thief.copy().ask_for_mail("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 4).await;
    let own = "SELECT COUNT(*) FROM latchkey_outbox WHERE created_at = (SELECT MAX(created_at) \
        FROM latchkey_outbox) AND bucket <> 'ada@example.com'";
    assert_eq!(app.count(own).await, 0, "it uses the allowance shared by strangers");
    assert_eq!(sign_in(&app, &thief, "ada@example.com").await, 1, "its sign-in causes a notice");
    assert_eq!(sign_in(&app, &thief, "ada@example.com").await, 0, "only one notice is sent");
}

#[tokio::test]
async fn a_device_that_has_signed_out_can_still_be_disputed() {
    let app = App::with(&[NOTICES]).await;
    let thief = app.browser();
    sign_in(&app, &app.browser(), "ada@example.com").await;
    sign_in(&app, &thief, "ada@example.com").await;
    thief.post_form("/actions/sign-out", &[]).await;
    dispute(&app, &notice(&app, "ada@example.com", 1).await, &[]).await;
    assert_eq!(sign_in(&app, &thief, "ada@example.com").await, 1);
}

#[tokio::test]
async fn a_dispute_ends_pending_requests_and_whatever_the_owner_ticked() {
    let app = App::with(&[NOTICES, PASSWORDS]).await;
    let (ada, thief) = (app.browser(), app.browser());
    sign_in(&app, &ada, "ada@example.com").await;
    ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    app.clock.advance(SECOND);
    thief
        .post_form("/actions/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)])
        .await;
    assert!(thief.signed_in_as().await.is_some());
    thief.ask_for_mail("ada@example.com").await;
    let told = notice(&app, "ada@example.com", 2).await;
    assert!(told.text.contains("can sign out your other devices and remove your password"));

    let (name, token) = press(&told);
    let page = app.browser().get(&format!("/login/not-you?{name}={token}")).await.body;
    assert!(page.contains("Sign out all my other devices, too"), "{page}");
    assert!(page.contains("Remove my password, if there is one"), "{page}");
    dispute(&app, &told, &["everywhere", "remove_password"]).await;
    assert_eq!((ada.signed_in_as().await, thief.signed_in_as().await), (None, None));
    for left in [
        "SELECT COUNT(*) FROM latchkey_auth_requests WHERE ended_at IS NULL",
        "SELECT COUNT(*) FROM latchkey_users WHERE password IS NOT NULL",
    ] {
        assert_eq!(app.count(left).await, 0, "{left}");
    }
    let noted = "SELECT event FROM latchkey_audit_events WHERE reason = 'not_you' ORDER BY event";
    let noted = app.texts(noted).await;
    assert_eq!(
        noted,
        ["auth.cancelled", "password.removed", "session.disputed", "session.revoked"]
    );
    dispute(&app, &told, &[]).await; // a second dispute does no harm
}

#[tokio::test]
async fn every_way_of_ending_access_ends_the_trust_in_devices() {
    let app = App::with(&[NOTICES, PASSWORDS]).await;
    // The action, and whether the browser used for it stays known.
    let doors = [
        ("others", true),
        ("one", true),
        ("all", false),
        ("api", false),
        ("set", true),
        ("removed", true),
        ("operator", false),
    ];
    for (door, stays_known) in doors {
        let address = format!("{door}@example.com");
        let (here, there) = (app.browser(), app.browser());
        sign_in(&app, &there, &address).await;
        app.clock.advance(SECOND);
        sign_in(&app, &here, &address).await;
        app.clock.advance(SECOND);
        let session = there.get("/api/auth/session").await.json()["session_id"].clone();
        let which = session.as_str().unwrap();
        match door {
            "one" => drop(here.post_form("/actions/sign-out", &[("which", which)]).await),
            "api" => {
                let everywhere = serde_json::json!({ "everywhere": true });
                assert_eq!(here.post_json("/api/auth/logout", everywhere).await.status, 204);
            }
            "set" => {
                here.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
            }
            "removed" => {
                here.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
                app.clock.advance(SECOND);
                assert_eq!(sign_in(&app, &there, &address).await, 1);
                app.clock.advance(SECOND);
                here.post_form("/actions/set-password", &[]).await;
            }
            "operator" => assert_eq!(app.command(&["sessions", "revoke", &address]).await.0, 0),
            which => drop(here.post_form("/actions/sign-out", &[("which", which)]).await),
        }
        app.clock.advance(SECOND);
        assert_eq!(
            sign_in(&app, &there, &address).await,
            1,
            "{door}: the other browser is a stranger"
        );
        let told = i64::from(!stays_known);
        assert_eq!(sign_in(&app, &here, &address).await, told, "{door}: this browser");
    }
}

#[tokio::test]
async fn signing_out_here_leaves_the_device_known() {
    let app = App::with(&[NOTICES]).await;
    let ada = app.browser();
    sign_in(&app, &ada, "ada@example.com").await;
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(sign_in(&app, &ada, "ada@example.com").await, 0);
}

#[tokio::test]
async fn an_address_has_one_entry_however_often_it_signs_in() {
    let app = App::with(&[NOTICES]).await;
    let browser = app.browser();
    sign_in(&app, &browser, "private@example.com").await;
    for _ in 0..5 {
        app.clock.advance(SECOND);
        sign_in(&app, &browser, "work@example.com").await;
    }
    assert_eq!(browser.cookie("device").unwrap().split('~').count(), 2);
    assert_eq!(
        sign_in(&app, &browser, "private@example.com").await,
        0,
        "the browser is still known"
    );
}

#[tokio::test]
async fn a_browser_stays_known_to_as_many_as_eight_addresses() {
    let app = App::with(&[NOTICES]).await;
    let browser = app.browser();
    for n in 0..8 {
        sign_in(&app, &browser, &format!("ada{n}@example.com")).await;
    }
    assert_eq!(sign_in(&app, &browser, "ada0@example.com").await, 0);
}

#[tokio::test]
async fn a_device_is_known_for_half_a_year_by_the_clock_of_the_server() {
    let app = App::with(&[NOTICES]).await;
    let ada = app.browser();
    sign_in(&app, &ada, "ada@example.com").await;
    app.clock.advance(179 * DAY);
    assert_eq!(sign_in(&app, &ada, "ada@example.com").await, 0);
    app.clock.advance(179 * DAY);
    assert_eq!(
        sign_in(&app, &ada, "ada@example.com").await,
        0,
        "half a year counts from the last sign-in"
    );
    app.clock.advance(181 * DAY);
    assert_eq!(sign_in(&app, &ada, "ada@example.com").await, 1);
}

#[tokio::test]
async fn a_secret_rotation_forgets_neither_known_nor_disputed_devices() {
    let mut app = App::with(&[NOTICES]).await;
    let (ada, thief) = (app.browser(), app.browser());
    sign_in(&app, &ada, "ada@example.com").await;
    sign_in(&app, &thief, "ada@example.com").await;
    dispute(&app, &notice(&app, "ada@example.com", 1).await, &[]).await;
    sign_in(&app, &ada, "ada@example.com").await;
    app.restart_with_secrets(&["Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC", SECRET]).await;
    assert_eq!(sign_in(&app, &ada, "ada@example.com").await, 0);
    assert_eq!(sign_in(&app, &thief, "ada@example.com").await, 1);
}
