//! Invitations and the waitlist at the desk's API: what programs do, and what is recorded of it.

use latchkey::server::ground::clock::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, App,
    desk::{apps_at_desk, get, token, with_desk},
};

const EVA: &str = "eva@example.com";
const INVITATIONS: &str = "/api/desk/invitations";
const INVITATION: &str = "/api/desk/invitation";
const WAITLIST: &str = "/api/desk/waitlist";
const WAITING: &str = "/api/desk/waiting";
const ACTS: &str = "SELECT event || ' ' || COALESCE(operator, '-') || ' ' || \
    COALESCE(app_id, '-') || ' ' || note FROM latchkey_audit_events \
    WHERE event IN ('user.invited', 'invitation.resent', 'invitation.withdrawn', \
    'waitlist.removed', 'desk.opened') ORDER BY id";

/// A desk with programs, whose rule for new people is this.
async fn with_sign_up(rule: &str) -> App {
    with_desk(&format!("[auth]\nsign_up = \"{rule}\"\n{}", apps_at_desk())).await
}

async fn post(app: &App, token: &str, path: &str, body: Value) -> Answer {
    let program = app.browser();
    program.send(program.request(Method::POST, path).bearer_auth(token).json(&body)).await
}

/// Does an act on the entry of a key.
async fn act(app: &App, token: &str, path: &str, key: &str, act: &str, reason: &str) -> Answer {
    post(app, token, path, json!({ "key": key, "act": act, "reason": reason })).await
}

/// The text of a field of an entry.
fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_else(|| panic!("no {name}: {entry}"))
}

/// Has people ask, one after the other, and returns the keys of the waitlist.
async fn waiting(app: &App, token: &str, addresses: &[&str]) -> Vec<String> {
    for address in addresses {
        app.browser().ask_by_api(address).await;
        app.inbox.first_to(address).await;
        app.clock.advance(1);
    }
    let list = get(app, token, WAITLIST).await.json();
    let entries = list["waiting"].as_array().unwrap();
    entries.iter().map(|one| text(one, "key").to_owned()).collect()
}

#[tokio::test]
async fn a_program_invites_sees_it_sends_it_again_and_withdraws_it() {
    let app = with_sign_up("closed").await;
    let (look, help) =
        (token(&app, "look", "desk:look").await, token(&app, "help", "desk:help").await);
    let order = json!({
        "email": " Eva@Example.com ", "note": "Bis Montag.", "language": "de",
        "expires_in": 3600, "reason": "she asked by phone",
    });
    let made = post(&app, &help, INVITATIONS, order.clone()).await.json();
    assert_eq!(made["is_new"], true);
    assert_eq!(text(&made, "address"), "e***@example.com");
    assert_eq!(text(&made, "open_until"), "2026-01-01T13:00:00.000Z");
    let key = text(&made, "key");
    let mail = app.inbox.first_to(EVA).await;
    assert_eq!(mail.subject, "Sie sind zu Latchkey eingeladen");
    assert!(mail.text.contains("> Bis Montag."), "{}", mail.text);

    let again = post(&app, &help, INVITATIONS, order).await.json();
    assert_eq!((text(&again, "key"), &again["is_new"]), (key, &json!(false)));
    assert_eq!(app.inbox.count_to(EVA), 1);

    let list = get(&app, &look, INVITATIONS).await;
    assert!(!list.body.to_lowercase().contains("eva@"), "{}", list.body);
    let list = list.json();
    assert_eq!(list["older"], Value::Null);
    let lines = list["invitations"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    let said = ["key", "address", "state", "invited_by"].map(|name| text(&lines[0], name));
    assert_eq!(said, [key, "e***@example.com", "open", "app:help"]);
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    let opened = get(&app, &look, &format!("{INVITATION}?key={key}")).await.json();
    let said = ["address", "note", "language"].map(|name| text(&opened, name));
    assert_eq!(said, [EVA, "Bis Montag.", "de"]);
    assert_eq!(opened["newest_mail"], json!({ "state": "sent" }));

    let early = act(&app, &help, INVITATION, key, "resend", "no mail came").await;
    assert_eq!(early.error(429), "rate_limited");
    app.clock.advance(MINUTE);
    assert_eq!(act(&app, &help, INVITATION, key, "resend", "no mail came").await.status, 204);
    let second = app.inbox.nth_to(EVA, 2).await;
    assert_eq!(act(&app, &help, INVITATION, key, "withdraw", "wrong Eva").await.status, 204);
    let line = get(&app, &look, INVITATIONS).await.json()["invitations"][0].clone();
    assert_eq!((text(&line, "state"), &line["mails"]), ("withdrawn", &json!(2)));
    assert_eq!(app.browser().get(second.link()).await.status, 410);
    for over in ["resend", "withdraw"] {
        let refused = act(&app, &help, INVITATION, key, over, "once more").await;
        assert_eq!(refused.error(400), "invalid_request", "{over}");
    }
    assert_eq!(
        app.texts(ACTS).await,
        [
            "user.invited app:help help she asked by phone",
            "desk.opened app:look look ",
            "invitation.resent app:help help no mail came",
            "invitation.withdrawn app:help help wrong Eva",
        ]
    );
}

#[tokio::test]
async fn a_program_lets_one_in_from_the_waitlist_and_removes_another() {
    let app = with_sign_up("waitlist").await;
    let (look, help) =
        (token(&app, "look", "desk:look").await, token(&app, "help", "desk:help").await);
    let keys = waiting(&app, &help, &["bob@example.com", "cyd@example.com"]).await;
    let [bob, cyd] = keys.as_slice() else { panic!("{keys:?}") };
    let list = get(&app, &look, WAITLIST).await;
    assert!(!list.body.contains("bob@") && !list.body.contains("cyd@"), "{}", list.body);
    let masked = |n: usize| list.json()["waiting"][n]["address"].clone();
    assert_eq!((masked(0), masked(1)), (json!("b***@example.com"), json!("c***@example.com")));
    let opened = get(&app, &look, &format!("{WAITING}?key={bob}")).await.json();
    let said = ["key", "address", "language"].map(|name| text(&opened, name));
    assert_eq!(said, [bob.as_str(), "bob@example.com", "en"]);
    let person = get(&app, &look, &format!("/api/desk/person?key={bob}")).await.json();
    assert_eq!(person["address"], "bob@example.com");

    let order = json!({ "key": bob, "act": "let-in", "note": "Come!", "reason": "next in line" });
    let let_in = post(&app, &help, WAITING, order.clone()).await;
    assert_eq!(let_in.status, 200, "{let_in:?}");
    let mail = app.inbox.nth_to("bob@example.com", 2).await;
    assert!(mail.text.contains("> Come!"), "{}", mail.text);
    let let_in = let_in.json();
    let path = format!("{INVITATION}?key={}", text(&let_in, "invitation"));
    assert_eq!(get(&app, &look, &path).await.json()["address"], "bob@example.com");
    app.signed_in("bob@example.com").await;

    assert_eq!(act(&app, &help, WAITING, cyd, "remove", "a robot").await.status, 204);
    assert_eq!(get(&app, &look, WAITLIST).await.json()["waiting"], json!([]));
    assert_eq!(app.inbox.count_to("cyd@example.com"), 1);
    for key in [bob, cyd] {
        for over in ["let-in", "remove"] {
            let refused = act(&app, &help, WAITING, key, over, "once more").await;
            assert_eq!(refused.error(400), "invalid_request", "{over}");
            assert!(refused.body.contains("wait no more"), "{}", refused.body);
        }
    }
    assert_eq!(
        app.texts(ACTS).await,
        [
            "desk.opened app:look look ",
            "user.invited app:help help next in line",
            "waitlist.removed app:help help a robot",
        ]
    );
}

#[tokio::test]
async fn what_a_program_may_not_or_cannot_do_changes_nothing() {
    let app = with_sign_up("waitlist").await;
    let (look, help) =
        (token(&app, "look", "desk:look").await, token(&app, "help", "desk:help").await);
    let bob = &waiting(&app, &help, &["bob@example.com"]).await[0];
    let order = json!({ "email": EVA, "reason": "by phone" });
    let made = post(&app, &help, INVITATIONS, order.clone()).await.json();
    let eva = text(&made, "key");
    app.clock.advance(MINUTE);

    assert_eq!(post(&app, &look, INVITATIONS, order).await.error(403), "forbidden");
    for (path, key, acts) in
        [(INVITATION, eva, ["resend", "withdraw"]), (WAITING, bob, ["let-in", "remove"])]
    {
        for name in acts {
            assert_eq!(act(&app, &look, path, key, name, "x").await.error(403), "forbidden");
            assert_eq!(act(&app, &help, path, "nobody", name, "x").await.error(404), "not_found");
            assert_eq!(act(&app, &help, path, key, name, " ").await.error(400), "missing_field");
        }
        let unknown = act(&app, &help, path, key, "promote", "x").await;
        assert_eq!(unknown.error(400), "invalid_request");
        assert!(unknown.body.contains(&acts.join(", ")), "{}", unknown.body);
        assert_eq!(act(&app, &help, path, key, "", "x").await.error(400), "missing_field");
        let nobody = post(&app, &help, path, json!({ "act": acts[0], "reason": "x" })).await;
        assert_eq!(nobody.error(400), "missing_field");
        assert_eq!(get(&app, &look, path).await.error(400), "missing_field");
        let strange = get(&app, &look, &format!("{path}?key=nobody")).await;
        assert_eq!(strange.error(404), "not_found");
    }
    for path in ["/api/desk/invitations?before=x", "/api/desk/waitlist?after=1.x"] {
        assert_eq!(get(&app, &look, path).await.error(400), "invalid_request", "{path}");
    }
    for (order, code) in [
        (json!({ "reason": "x" }), "missing_field"),
        (json!({ "email": "cyd", "reason": "x" }), "invalid_email"),
        (json!({ "email": "cyd@example.com" }), "missing_field"),
        (json!({ "email": "cyd@example.com", "language": "xx", "reason": "x" }), "invalid_request"),
        (json!({ "email": "cyd@example.com", "expires_in": 60, "reason": "x" }), "invalid_request"),
        (
            json!({ "email": "cyd@example.com", "note": "\u{202e}", "reason": "x" }),
            "invalid_request",
        ),
        (json!({ "email": "cyd@example.com", "role": "steer", "reason": "x" }), "invalid_request"),
    ] {
        let refused = post(&app, &help, INVITATIONS, order).await;
        assert_eq!(refused.error(400), code, "{}", refused.body);
    }
    let open = "SELECT COUNT(*) FROM latchkey_invitations WHERE mails = 1 AND withdrawn_at IS NULL";
    assert_eq!(app.count(open).await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 1);
    assert_eq!(app.texts(ACTS).await, ["user.invited app:help help by phone"]);
    let refusals = "SELECT operator FROM latchkey_audit_events WHERE event = 'operator.refused'";
    assert_eq!(app.texts(refusals).await, ["app:look"; 5]);
}

#[tokio::test]
async fn the_rules_of_who_may_sign_up_hold_for_programs() {
    let app = with_sign_up("waitlist").await;
    let help = token(&app, "help", "desk:help").await;
    let bob = &waiting(&app, &help, &["bob@example.com"]).await[0];
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'ada@example.com', 1)",
    )
    .await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'bob@example.com', 1)").await;
    for (email, says) in [("ada@example.com", "belongs to a user"), ("bob@example.com", "kept out")]
    {
        let order = json!({ "email": email, "reason": "x" });
        let refused = post(&app, &help, INVITATIONS, order).await;
        assert_eq!(refused.error(400), "invalid_request");
        assert!(refused.body.contains(says), "{}", refused.body);
    }
    assert_eq!(act(&app, &help, WAITING, bob, "let-in", "x").await.error(400), "invalid_request");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 0);
    assert_eq!(app.texts(ACTS).await, [""; 0]);
    assert_eq!(app.inbox.count(), 1);

    // Where sign-up is closed, who is invited gets in, and who is not or no more stays out.
    let app = with_sign_up("closed").await;
    let help = token(&app, "help", "desk:help").await;
    let order = |email: &str| json!({ "email": email, "reason": "x" });
    let dan = post(&app, &help, INVITATIONS, order("dan@example.com")).await.json();
    post(&app, &help, INVITATIONS, order(EVA)).await;
    app.inbox.first_to("dan@example.com").await;
    app.inbox.first_to(EVA).await;
    act(&app, &help, INVITATION, text(&dan, "key"), "withdraw", "x").await;
    for email in ["dan@example.com", "cyd@example.com"] {
        app.browser().ask_by_api(email).await;
    }
    app.signed_in(EVA).await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    assert_eq!(app.inbox.count_to("dan@example.com"), 1);
    assert_eq!(app.inbox.count_to("cyd@example.com"), 0);
    assert_eq!(app.texts("SELECT address FROM latchkey_users").await, [EVA]);
    assert_eq!(get(&app, &help, WAITLIST).await.json()["waiting"], json!([]));
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_each_entry_once() {
    let app = with_sign_up("waitlist").await;
    app.run_sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200) \
         INSERT INTO latchkey_waitlist SELECT 'p' || (1000 + n) || '@' || n || '.example', 'en', \
         1000 + n / 3, 1000, 1 FROM n",
    )
    .await;
    app.run_sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200) \
         INSERT INTO latchkey_invitations (id, address, invited_by, note, language, expires_in, \
         code_salt, code_hash, code_tries, mails, last_mail_at, created_at, expires_at) \
         SELECT 'i' || (1000 + n), 'p@' || n || '.example', 'command', '', 'en', 1, \
         '', '', 0, 1, 1000, 1000 + n / 3, 1000 FROM n",
    )
    .await;
    let look = token(&app, "look", "desk:look").await;
    for (path, entries, given, field) in
        [(INVITATIONS, "invitations", "older", "before"), (WAITLIST, "waiting", "next", "after")]
    {
        let (mut at, mut pages, mut seen) = (path.to_owned(), Vec::new(), Vec::new());
        loop {
            let page = get(&app, &look, &at).await.json();
            let entries = page[entries].as_array().unwrap();
            pages.push(entries.len());
            seen.extend(entries.iter().map(|entry| text(entry, "address").to_owned()));
            let Some(place) = page[given].as_str() else { break };
            at = format!("{path}?{field}={place}");
        }
        assert_eq!(pages, [100, 100], "{path}: nothing leads to an empty page");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 200, "{path}");
    }
}
