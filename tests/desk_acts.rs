//! Acts of operators for a person, and the limits of each role.

use latchkey::server::ground::clock::{HOUR, MINUTE};
use reqwest::{Method, StatusCode};

use crate::{
    desk_people::{find, people},
    support::{
        Answer, App, Browser, Team,
        desk::{operator, with_desk},
    },
};

const ACTS: [&str; 7] =
    ["send-mail", "end-sessions", "pause-codes", "lift-suppression", "disable", "enable", "delete"];

/// Operator, reason and note of an event that an operator caused, the latest.
const LAST_ACT: &str = "SELECT event || ' ' || operator || ' ' || reason || ' ' || note \
    FROM latchkey_audit_events WHERE operator IS NOT NULL AND event <> 'desk.opened' \
    ORDER BY id DESC LIMIT 1";

/// The name in the URL of the person whom a search finds first.
async fn key(browser: &Browser, question: &str) -> String {
    let path = people(&find(browser, question).await.body).first().unwrap().clone();
    path.trim_start_matches("/desk/people/")
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_")
}

/// Posts the form of an act.
async fn act(browser: &Browser, key: &str, act: &str, reason: &str) -> Answer {
    let fields = [("key", key), ("act", act), ("reason", reason)];
    browser.post_form("/actions/desk-person", &fields).await
}

/// Posts it as a program, which gets statuses.
async fn act_as_program(browser: &Browser, key: &str, act: &str, reason: &str) -> (u16, String) {
    let fields = [("key", key), ("act", act), ("reason", reason)];
    let request = browser.request(Method::POST, "/actions/desk-person").form(&fields);
    let answer = browser.send(request.header("accept", "application/json")).await;
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code)
}

/// Does an act that succeeds, and returns the page after it.
async fn done(browser: &Browser, key: &str, name: &str, reason: &str) -> String {
    let answer = act(browser, key, name, reason).await;
    let to = answer.goes_to().to_owned();
    assert!(to.ends_with(&format!("?done={name}")), "{to}: {}", browser.get(&to).await.body);
    let page = browser.get(&to).await;
    assert_eq!(page.status, 200);
    page.body
}

/// Does an act that is refused, and returns the page that says why.
async fn refused(browser: &Browser, key: &str, name: &str, reason: &str) -> String {
    let answer = act(browser, key, name, reason).await;
    let to = answer.goes_to().to_owned();
    assert!(!to.contains("done="), "{to}");
    browser.get(&to).await.body
}

#[tokio::test]
async fn sessions_of_a_person_are_ended_for_a_reason() {
    let app = with_desk("").await;
    let (ada, phone) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    let page = done(&help, &key, "end-sessions", "Lost her phone <b>=1+1").await;
    assert!(page.contains("All sessions have ended."), "{page}");
    assert!(page.contains("Lost her phone &lt;b&gt;=1+1"), "{page}");
    assert_eq!((ada.signed_in_as().await, phone.signed_in_as().await), (None, None));
    assert_eq!(
        app.texts(LAST_ACT).await,
        ["session.revoked help@example.com operator Lost her phone <b>=1+1"]
    );
    let again = refused(&help, &key, "end-sessions", "Again").await;
    assert!(again.contains("There is no session to end."), "{again}");
    // Her own page says nothing of the operator's browser and network.
    let ada = app.signed_in("ada@example.com").await;
    let page = ada.get("/dashboard").await.body;
    let row = page.split("Signed out").nth(1).unwrap().split("</li>").next().unwrap();
    assert!(row.contains("Desk") && !row.contains("127.0.0"), "{row}");
}

#[tokio::test]
async fn a_person_is_disabled_and_enabled() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    let page = done(&help, &key, "disable", "Fraud").await;
    assert!(page.contains("Disabled since") && page.contains("Lifts the ban"), "{page}");
    assert_eq!(ada.signed_in_as().await, None);
    ada.ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'not_a_user'", 1).await;
    done(&help, &key, "enable", "It was a mistake").await;
    assert_eq!(
        app.texts(LAST_ACT).await,
        ["user.enabled help@example.com operator It was a mistake"]
    );
    assert!(app.signed_in("ada@example.com").await.signed_in_as().await.is_some());
    let again = refused(&help, &key, "enable", "Again").await;
    assert!(again.contains("who is kept out"), "{again}");
}

#[tokio::test]
async fn codes_are_paused_for_an_hour_where_the_address_is_new_and_links_work() {
    let app = with_desk("").await;
    let known = app.signed_in("ada@example.com").await;
    known.post_form("/actions/sign-out", &[]).await;
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    let page = done(&help, &key, "pause-codes", "Somebody guesses").await;
    assert!(page.contains("paused until 2026-01-01 13:00:00 UTC"), "{page}");
    assert_eq!(
        app.texts(LAST_ACT).await,
        ["codes.paused help@example.com operator Somebody guesses"]
    );
    let (stranger, mail) = app.asked("ada@example.com").await;
    stranger.type_code(mail.code()).await;
    assert_eq!(stranger.signed_in_as().await, None);
    let page = help.get(&format!("/desk/people/{key}")).await.body;
    assert!(page.contains("Codes are paused until"), "{page}");
    assert_eq!(stranger.get(mail.link()).await.goes_to(), "/dashboard");
    known.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 3).await;
    assert_eq!(known.type_code(mail.code()).await.goes_to(), "/dashboard", "a known browser");
    app.clock.advance(HOUR);
    let (stranger, mail) = app.asked("ada@example.com").await;
    assert_eq!(stranger.type_code(mail.code()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_mail_from_the_desk_signs_in_whatever_browser_confirms_it_and_never_the_operators() {
    let app = with_desk("").await;
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    done(&help, &key, "send-mail", "She gets no code").await;
    assert_eq!(app.texts(LAST_ACT).await, ["desk.mail help@example.com operator She gets no code"]);
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(
        mail.text.contains("Sent to ada@example.com by the people of Latchkey"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains("IP address"), "nothing of the operator: {}", mail.text);
    // A scanner that opens it changes nothing.
    let scanner = app.browser();
    let page = scanner.get(mail.link()).await.goes_to().to_owned();
    assert_eq!(scanner.get(&page).await.status, 200);
    assert_eq!(scanner.signed_in_as().await, None);
    let ada = app.browser();
    let page = ada.get(mail.link()).await.goes_to().to_owned();
    let page = ada.get(&page).await.body;
    assert!(page.contains("The people of Latchkey sent you this link"), "{page}");
    assert!(!page.contains("IP\u{a0}127.0.0"), "{page}");
    let pressed = [("link_token", mail.link_token())];
    assert_eq!(ada.post_form("/actions/confirm-link", &pressed).await.goes_to(), "/dashboard");
    assert_eq!(ada.signed_in_as().await.as_deref(), Some("ada@example.com"));
    assert_eq!(help.signed_in_as().await.as_deref(), Some("help@example.com"));
    let again = app.browser();
    again.post_form("/actions/confirm-link", &pressed).await;
    assert_eq!(again.signed_in_as().await, None, "once");
}

#[tokio::test]
async fn no_mail_leaves_the_desk_without_the_row_of_who_sent_it_and_why() {
    let app = with_desk("").await;
    let help = operator(&app, "help").await;
    let (first, second) =
        (key(&help, "ada@example.com").await, key(&help, "bob@example.com").await);
    // A database that has no room for the row of a second mail.
    app.run_sql(
        "CREATE UNIQUE INDEX one_mail ON latchkey_audit_events (event) WHERE event = 'desk.mail'",
    )
    .await;
    done(&help, &first, "send-mail", "She gets no code").await;
    refused(&help, &second, "send-mail", "Nor does he").await;
    let queued = "SELECT COUNT(*) FROM latchkey_outbox WHERE address = 'bob@example.com'";
    assert_eq!(app.count(queued).await, 0, "no mail without its row");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_auth_requests").await, 2);
    app.run_sql("DROP INDEX one_mail").await;
    done(&help, &second, "send-mail", "Nor does he").await;
    let notes = "SELECT note FROM latchkey_audit_events WHERE event = 'desk.mail' ORDER BY id";
    assert_eq!(app.texts(notes).await, ["She gets no code", "Nor does he"]);
    app.inbox.first_to("bob@example.com").await;
    assert_eq!(app.inbox.count_to("bob@example.com"), 1);
}

#[tokio::test]
async fn a_link_that_somebody_asked_for_stays_with_its_browser() {
    let app = with_desk("").await;
    let (_ada, mail) = app.asked("ada@example.com").await;
    let phone = app.browser();
    phone.post_form("/actions/confirm-link", &[("link_token", mail.link_token())]).await;
    assert_eq!(phone.signed_in_as().await, None);
}

#[tokio::test]
async fn a_mail_from_the_desk_keeps_to_the_limits_and_to_links() {
    let app = with_desk("[auth]\nmode = \"OTP\"\n").await;
    let help = operator_by_code(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    let page = refused(&help, &key, "send-mail", "Help").await;
    assert!(page.contains("Emails carry only codes here"), "{page}");
    assert_eq!(app.inbox.count_to("ada@example.com"), 0);
}

#[tokio::test]
async fn a_mail_from_the_desk_that_would_not_be_sent_is_refused_with_the_reason() {
    let app = with_desk("").await;
    app.run_sql(
        "INSERT INTO latchkey_bans VALUES ('', 'eve@example.com', 1); \
         INSERT INTO latchkey_suppressions (address, kind, said, transport, created_at) \
         VALUES ('ada@example.com', 'complaint', 'spam', 'smtp', 1)",
    )
    .await;
    let help = operator(&app, "help").await;
    for (address, says) in [
        ("eve@example.com", "Enable or invite this person first"),
        ("ada@example.com", "Lift what holds emails back first"),
    ] {
        let key = key(&help, address).await;
        let page = refused(&help, &key, "send-mail", "Help").await;
        assert!(page.contains(says), "{address}: {page}");
    }
    assert_eq!(app.inbox.count(), 1, "the operator's own");
}

async fn operator_by_code(app: &App, role: &str) -> Browser {
    let (browser, mail) = app.asked(&format!("{role}@example.com")).await;
    assert_eq!(browser.type_code(mail.code()).await.goes_to(), "/dashboard");
    browser
}

#[tokio::test]
async fn mails_that_are_held_back_are_sent_again() {
    let app = with_desk("").await;
    app.run_sql(
        "INSERT INTO latchkey_suppressions (address, kind, said, transport, created_at) \
         VALUES ('ada@example.com', 'complaint', 'spam', 'smtp', 1)",
    )
    .await;
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    let page = help.get(&format!("/desk/people/{key}")).await.body;
    assert!(page.contains("one was marked as spam"), "{page}");
    let page = done(&help, &key, "lift-suppression", "She asked").await;
    assert!(!page.contains("one was marked as spam"), "{page}");
    assert_eq!(
        app.texts(LAST_ACT).await,
        ["suppression.lifted help@example.com operator She asked"]
    );
    app.signed_in("ada@example.com").await;
    let again = refused(&help, &key, "lift-suppression", "Again").await;
    assert!(again.contains("Nothing held back emails"), "{again}");
}

#[tokio::test]
async fn a_person_is_deleted_by_who_may_steer_alone() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    let (help, steer) = (operator(&app, "help").await, operator(&app, "steer").await);
    let key = key(&help, "ada@example.com").await;
    assert!(!help.get(&format!("/desk/people/{key}")).await.body.contains("value=\"delete\""));
    assert_eq!(act_as_program(&help, &key, "delete", "x").await, (403, "forbidden".to_owned()));
    assert!(ada.signed_in_as().await.is_some());
    let page = steer.get(&format!("/desk/people/{key}")).await.body;
    assert!(page.contains("Kept are a ban of the address"), "{page}");
    let page = done(&steer, &key, "delete", "Her wish").await;
    assert!(page.contains("The user is deleted."), "{page}");
    assert_eq!(ada.signed_in_as().await, None);
    assert_eq!(app.texts(LAST_ACT).await, ["user.deleted steer@example.com operator Her wish"]);
    let left = "SELECT COUNT(*) FROM latchkey_users WHERE address = 'ada@example.com'";
    assert_eq!(app.count(left).await, 0);
}

#[tokio::test]
async fn every_act_is_closed_to_nobody_people_lower_roles_old_sign_ins_and_other_sites() {
    let app = with_desk("").await;
    let ada = app.signed_in("ada@example.com").await;
    let (look, help) = (operator(&app, "look").await, operator(&app, "help").await);
    let key = key(&help, "ada@example.com").await;
    let acts = "SELECT COUNT(*) FROM latchkey_audit_events \
        WHERE operator IS NOT NULL AND event NOT IN ('desk.opened', 'operator.refused')";
    for name in ACTS {
        let expected = |status: u16, code: &str| (status, code.to_owned());
        let nobody = app.browser();
        assert_eq!(
            act_as_program(&nobody, &key, name, "x").await,
            expected(401, "unauthenticated")
        );
        assert_eq!(act_as_program(&ada, &key, name, "x").await, expected(404, "not_found"));
        assert_eq!(act_as_program(&look, &key, name, "x").await, expected(403, "forbidden"));
        for (reason, code) in [("", "missing_field"), (" \n", "missing_field")] {
            let lower =
                if name == "delete" { expected(403, "forbidden") } else { expected(400, code) };
            assert_eq!(act_as_program(&help, &key, name, reason).await, lower, "{name}");
        }
        let form = help
            .request(Method::POST, "/actions/desk-person")
            .form(&[("key", key.as_str()), ("act", name), ("reason", "x")])
            .header("sec-fetch-site", "cross-site");
        assert_eq!(help.send(form).await.error(403), "forbidden_origin");
    }
    let long = "x".repeat(501);
    assert_eq!(act_as_program(&help, &key, "disable", &long).await.0, 400);
    assert_eq!(act_as_program(&help, &key, "become", "x").await.0, 400);
    assert_eq!(act_as_program(&help, "a.AAAA", "disable", "x").await.0, 404);
    let page = look.get(&format!("/desk/people/{key}")).await.body;
    assert!(!page.contains("/actions/desk-person"), "no form for who may only look");
    app.clock.advance(16 * MINUTE);
    for name in ACTS {
        let (status, code) = act_as_program(&help, &key, name, "x").await;
        let expected = if name == "delete" { "forbidden" } else { "fresh_sign_in_needed" };
        assert_eq!((status, code.as_str()), (403, expected), "{name}");
    }
    let page = help.get(&format!("/desk/people/{key}")).await.body;
    assert!(!page.contains("/actions/desk-person"), "no form for an old sign-in");
    assert_eq!(app.count(acts).await, 0);
    assert!(ada.signed_in_as().await.is_some());
    assert_eq!(app.inbox.count_to("ada@example.com"), 1);
}

#[tokio::test]
async fn no_operator_locks_themselves_out_or_acts_on_a_higher_one() {
    let app = with_desk("").await;
    let (help, steer) = (operator(&app, "help").await, operator(&app, "steer").await);
    let own = key(&help, "help@example.com").await;
    let higher = key(&help, "steer@example.com").await;
    for name in ["disable", "pause-codes", "send-mail"] {
        let page = refused(&help, &own, name, "x").await;
        assert!(page.contains("nobody does this to their own account"), "{name}: {page}");
    }
    let own_of_steer = key(&steer, "steer@example.com").await;
    let page = refused(&steer, &own_of_steer, "delete", "x").await;
    assert!(page.contains("nobody does this to their own account"), "{page}");
    for name in ACTS {
        let (status, code) = act_as_program(&help, &higher, name, "x").await;
        assert_eq!((status, code.as_str()), (403, "forbidden"), "{name}");
    }
    let page = help.get(&format!("/desk/people/{higher}")).await.body;
    assert!(page.contains("operator: steer") && !page.contains("/actions/desk-person"), "{page}");
    assert!(steer.signed_in_as().await.is_some());
    let lower = key(&steer, "help@example.com").await;
    done(&steer, &lower, "end-sessions", "He left").await;
    assert_eq!(help.get("/desk").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_operator_is_one_at_every_address_that_the_teams_own_table_gives_them() {
    let team = Team::new(
        "CREATE TABLE users (id INTEGER NOT NULL, email TEXT NOT NULL);
        CREATE UNIQUE INDEX users_email ON users (email);
        INSERT INTO users (id, email) VALUES (7, 'ada@example.com'), (7, 'ada@example.net'),
            (8, 'bea@example.com'), (8, 'bea@example.net'), (9, 'cyd@example.com');",
    )
    .await;
    let app = team.app_with("users", &[("LATCHKEY_DESK__ENABLED", "true")]).await;
    assert_eq!(app.command(&["desk", "invite", "ada@example.com"]).await.0, 0);
    let help = ["desk", "invite", "bea@example.com", "--role", "help"];
    assert_eq!(app.command(&help).await.0, 0);
    let (ada, bea) =
        (app.signed_in("ada@example.com").await, app.signed_in("bea@example.com").await);
    let other = key(&bea, "ada@example.net").await;
    for name in ["disable", "end-sessions", "pause-codes"] {
        let answer = act_as_program(&bea, &other, name, "Because").await;
        assert_eq!(answer, (403, "forbidden".to_owned()), "{name}");
    }
    assert!(ada.signed_in_as().await.is_some());
    let own = key(&bea, "bea@example.net").await;
    let answer = act_as_program(&bea, &own, "disable", "Because").await;
    assert_eq!(answer, (400, "invalid_request".to_owned()));
    let cyd = key(&bea, "cyd@example.com").await;
    done(&bea, &cyd, "disable", "Fraud").await;
}

#[tokio::test]
async fn a_reason_can_be_seen_and_turns_no_text_around() {
    let app = with_desk("").await;
    app.signed_in("ada@example.com").await;
    let help = operator(&app, "help").await;
    let key = key(&help, "ada@example.com").await;
    for nothing in ["\u{200b}", "\u{2060} \u{ad}", "\u{202e}\u{2066}"] {
        let answer = act_as_program(&help, &key, "pause-codes", nothing).await;
        assert_eq!(answer, (400, "missing_field".to_owned()), "{nothing:?}");
    }
    done(&help, &key, "pause-codes", "Attacked\u{202e} \u{200d}by\u{2069} Eve\u{2028}").await;
    assert_eq!(
        app.texts(LAST_ACT).await,
        ["codes.paused help@example.com operator Attacked \u{200d}by Eve"]
    );
}

#[tokio::test]
async fn no_page_of_the_desk_gives_a_session_of_somebody_else() {
    let app = with_desk("").await;
    app.signed_in("ada@example.com").await;
    let steer = operator(&app, "steer").await;
    let key = key(&steer, "ada@example.com").await;
    for name in ["send-mail", "end-sessions", "pause-codes", "disable", "enable", "delete"] {
        let answer = act(&steer, &key, name, "x").await;
        let cookies = answer.cookies_set();
        assert!(
            cookies.iter().all(|cookie| !cookie.starts_with("session=")),
            "{name}: {cookies:?}"
        );
        assert_eq!(steer.signed_in_as().await.as_deref(), Some("steer@example.com"), "{name}");
    }
}
