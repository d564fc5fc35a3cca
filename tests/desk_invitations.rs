//! Invitations and the waitlist at the desk: what each role sees and does, and what is recorded.

use latchkey::server::ground::clock::MINUTE;

use crate::{
    overrides::{set, steered},
    support::{
        Answer, App, Browser, Manners,
        desk::{operator, policy},
        relying_party::with_policy_and,
    },
};

const EVA: &str = "eva@example.com";
const ACTS: &str = "SELECT event || ' ' || COALESCE(operator, '-') || ' ' || note \
    FROM latchkey_audit_events WHERE event LIKE 'invit%' OR event LIKE '%.invited' \
    OR event LIKE 'waitlist.%' OR event LIKE 'desk.%' ORDER BY id";

/// A desk with a waitlist whose operators are users.
async fn with_waitlist() -> App {
    with_waitlist_and(&[]).await
}

/// The same with a policy that is changed by variables.
async fn with_waitlist_and(variables: &[(&str, &str)]) -> App {
    let app = with_policy_and(&policy("[auth]\nsign_up = \"waitlist\"\n"), variables).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'look@example.com', 1), \
         ('u2', 'help@example.com', 1), ('u3', 'steer@example.com', 1)",
    )
    .await;
    app
}

async fn invite(by: &Browser, email: &str, reason: &str) -> Answer {
    let form = [("email", email), ("note", "Welcome."), ("language", "en"), ("reason", reason)];
    by.post_form("/actions/desk-invite", &form).await
}

/// The link to the only entry of a list.
async fn only_entry(by: &Browser, list: &str) -> String {
    let page = by.get(list).await;
    assert_eq!(page.status, 200, "{page:?}");
    let begin = format!("href=\"{list}?key=");
    let entries: Vec<&str> = page.body.split(&begin).skip(1).collect();
    assert_eq!(entries.len(), 1, "{}", page.body);
    format!("{list}?key={}", entries[0].split('"').next().unwrap())
}

#[tokio::test]
async fn an_operator_invites_sends_again_and_withdraws_with_a_reason_each() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    let opened = invite(&help, EVA, "she asked by phone").await.goes_to().to_owned();
    assert!(opened.starts_with("/desk/invitations?key="), "{opened}");
    let mail = app.inbox.first_to(EVA).await;
    assert!(mail.text.contains("help@example.com has invited"), "{}", mail.text);
    let page = help.get(&opened).await.body;
    for shown in ["eva", "Welcome.", "open", "Send the invitation again", "Withdraw"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let again = invite(&help, EVA, "again").await.goes_to().to_owned();
    assert!(help.get(&again).await.body.contains("nothing was sent"));
    app.clock.advance(MINUTE);
    let id = opened.split_once("key=").unwrap().1;
    let form = [("key", id), ("act", "resend"), ("reason", "it went to spam")];
    assert_eq!(help.post_form("/actions/desk-invitation", &form).await.goes_to(), opened);
    app.inbox.nth_to(EVA, 2).await;
    let form = [("key", id), ("act", "withdraw"), ("reason", "wrong Eva")];
    assert_eq!(help.post_form("/actions/desk-invitation", &form).await.goes_to(), opened);
    let page = help.get(&opened).await.body;
    assert!(page.contains("withdrawn") && !page.contains("Send the invitation again"), "{page}");
    let by_help = |act: &str| act.replace('@', "help@example.com");
    let acts = app.texts(ACTS).await;
    let acts: Vec<&String> = acts.iter().filter(|act| !act.starts_with("desk.")).collect();
    assert_eq!(
        acts,
        [
            &by_help("user.invited @ she asked by phone"),
            &by_help("invitation.resent @ it went to spam"),
            &by_help("invitation.withdrawn @ wrong Eva"),
        ]
    );
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_is_open_no_longer_than_the_policy_says_now() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    let opened = invite(&help, EVA, "by phone").await.goes_to().to_owned();
    let id = opened.split_once("key=").unwrap().1;
    steered(&app, &[set("sign_up.invitation_expires_in", "3600")]).await.unwrap();
    app.clock.advance(MINUTE);
    let form = [("key", id), ("act", "resend"), ("reason", "it went to spam")];
    assert_eq!(help.post_form("/actions/desk-invitation", &form).await.goes_to(), opened);
    let long = "SELECT COUNT(*) FROM latchkey_invitations \
        WHERE mails = 2 AND expires_at - last_mail_at = 3600000";
    assert_eq!(app.count(long).await, 1);
}

#[tokio::test]
async fn an_operator_mails_no_more_people_in_a_minute_than_a_client_may() {
    let app = with_waitlist_and(&[("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "3")]).await;
    let help = operator(&app, "help").await;
    app.clock.advance(MINUTE);
    let post = async |action: &str, form: &[(&str, &str)]| {
        let request = help.request(reqwest::Method::POST, action).form(form);
        help.send(request.header("accept", "application/json")).await.status.as_u16()
    };
    let invited = async |n: usize| {
        // One mailbox, under many names.
        let email = format!("eva+{n}@example.com");
        post("/actions/desk-invite", &[("email", &email), ("reason", "by phone")]).await
    };
    for n in 0..3 {
        assert_eq!(invited(n).await, 200);
    }
    assert_eq!(invited(3).await, 429);
    app.clock.advance(MINUTE);
    for n in 4..7 {
        assert_eq!(invited(n).await, 200);
    }
    let mail = [("key", "u1"), ("act", "send-mail"), ("reason", "by phone")];
    assert_eq!(post("/actions/desk-person", &mail).await, 429);
    let invitation = app.texts("SELECT id FROM latchkey_invitations LIMIT 1").await.remove(0);
    let act = |act| [("key", invitation.as_str()), ("act", act), ("reason", "by phone")];
    assert_eq!(post("/actions/desk-invitation", &act("resend")).await, 429);
    assert_eq!(post("/actions/desk-invitation", &act("withdraw")).await, 200, "it mails nobody");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 6);
}

#[tokio::test]
async fn an_act_without_a_reason_is_refused_and_keeps_what_was_typed() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    assert_eq!(invite(&help, EVA, "  ").await.goes_to(), "/desk/invitations");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 0);
    assert_eq!(invite(&help, "eva", "by phone").await.goes_to(), "/desk/invitations");
    let page = help.get("/desk/invitations").await.body;
    assert!(page.contains("Check the spelling") && page.contains("value=\"eva\""), "{page}");
}

#[tokio::test]
async fn who_may_only_look_or_signed_in_long_ago_changes_nothing() {
    let app = with_waitlist().await;
    let (look, help) = (operator(&app, "look").await, operator(&app, "help").await);
    let opened = invite(&help, EVA, "by phone").await.goes_to().to_owned();
    app.inbox.first_to(EVA).await;
    let stranger = app.browser();
    stranger.ask_for_mail("bob@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_waitlist", 1).await;
    let waiting = only_entry(&look, "/desk/waitlist").await;
    let id = opened.split_once("key=").unwrap().1;
    let key = waiting.split_once("key=").unwrap().1;
    app.clock.advance(16 * MINUTE);
    let fresh_look = operator(&app, "look").await;
    let everything = [
        ("/actions/desk-invite", [("email", "cyd@example.com"), ("reason", "x"), ("note", "")]),
        ("/actions/desk-invitation", [("key", id), ("reason", "x"), ("act", "resend")]),
        ("/actions/desk-invitation", [("key", id), ("reason", "x"), ("act", "withdraw")]),
        ("/actions/desk-waiting", [("key", key), ("reason", "x"), ("act", "let-in")]),
        ("/actions/desk-waiting", [("key", key), ("reason", "x"), ("act", "remove")]),
    ];
    let nobody = app.browser();
    let state =
        "SELECT COUNT(*) FROM latchkey_invitations WHERE mails = 1 AND withdrawn_at IS NULL";
    for (action, form) in everything {
        for (browser, says) in [
            (&fresh_look, "forbidden"),
            (&help, "fresh_sign_in_needed"),
            (&nobody, "unauthenticated"),
        ] {
            let request = browser.request(reqwest::Method::POST, action).form(&form);
            let answer = browser.send(request.header("accept", "application/json")).await;
            assert!(answer.body.contains(says), "{action}: {answer:?}");
        }
        let person = app.signed_in("help@example.com").await;
        let other = person.request(reqwest::Method::POST, action).form(&form);
        let crossing = person.send(other.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(crossing.status, 403, "{action}");
    }
    assert_eq!(app.count(state).await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 1);
    for path in [opened.as_str(), &waiting] {
        let page = fresh_look.get(path).await;
        assert!(page.status == 200 && !page.body.contains("<button class=\"primary\""), "{path}");
        assert!(!page.body.contains("/actions/desk-"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn addresses_are_masked_until_they_are_opened_and_opening_is_recorded() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    invite(&help, EVA, "by phone").await;
    app.browser().ask_for_mail("bob@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_waitlist", 1).await;
    let look = operator(&app, "look").await;
    for (list, masked, whole) in [
        ("/desk/invitations", "e***@example.com", "eva"),
        ("/desk/waitlist", "b***@example.com", "bob"),
    ] {
        let page = look.get(list).await.body;
        assert!(page.contains(masked) && !page.contains(&format!("{whole}@")), "{page}");
        let opened = only_entry(&look, list).await;
        assert!(!opened.contains(whole) && !opened.contains("example.com"), "{opened}");
        assert!(look.get(&opened).await.body.contains(&format!(">{whole}<")));
    }
    let opened: Vec<String> = app.texts(ACTS).await;
    let opened = opened.iter().filter(|act| act.starts_with("desk.opened look@")).count();
    assert_eq!(opened, 2);
}

#[tokio::test]
async fn somebody_is_let_in_from_the_waitlist_in_the_language_that_they_asked_in() {
    let app = with_waitlist().await;
    let bob = app.browser();
    bob.set_cookie("language", "de");
    bob.ask_for_mail("bob@example.com").await;
    app.inbox.first_to("bob@example.com").await;
    let help = operator(&app, "help").await;
    let entry = only_entry(&help, "/desk/waitlist").await;
    let key = entry.split_once("key=").unwrap().1.to_owned();
    let form =
        [("key", key.as_str()), ("act", "let-in"), ("note", "Jetzt!"), ("reason", "next in line")];
    let opened = help.post_form("/actions/desk-waiting", &form).await;
    assert!(opened.goes_to().starts_with("/desk/invitations?key="), "{opened:?}");
    let mail = app.inbox.nth_to("bob@example.com", 2).await;
    assert_eq!(mail.subject, "Sie sind zu Latchkey eingeladen");
    assert!(mail.text.contains("> Jetzt!"));
    assert!(help.get("/desk/waitlist").await.body.contains("Nobody is waiting"));
    let again = help.post_form("/actions/desk-waiting", &form).await.goes_to().to_owned();
    assert!(again.starts_with("/desk/waitlist"), "{again}");
    let token = mail.link().split_once("token=").unwrap().1;
    bob.post_form("/actions/accept-invitation", &[("token", token)]).await;
    assert_eq!(bob.signed_in_as().await.as_deref(), Some("bob@example.com"));
    let page = help.get(opened.goes_to()).await.body;
    assert!(page.contains("accepted"), "{page}");
}

/// The page that somebody who asks for a mail gets to see, but for the address.
async fn seen_by(app: &App, address: &str) -> (u16, String, u16, usize) {
    let browser = app.browser();
    let asked = browser.ask_for_mail(address).await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    let page = browser.get("/login/code").await;
    let length = page.body.replace(address, "ADDRESS").len();
    // But for the id of the request.
    let (path, _) = asked.goes_to().split_once('=').unwrap();
    (asked.status.as_u16(), path.to_owned(), page.status.as_u16(), length)
}

#[tokio::test]
async fn who_is_removed_from_the_waitlist_sees_no_difference_and_may_ask_again() {
    let app = with_waitlist().await;
    let before = seen_by(&app, "bob@example.com").await;
    app.inbox.first_to("bob@example.com").await;
    let help = operator(&app, "help").await;
    let entry = only_entry(&help, "/desk/waitlist").await;
    let page = help.get(&entry).await.body;
    assert!(page.contains("Take them off the list") && page.contains("may ask again"), "{page}");
    let key = entry.split_once("key=").unwrap().1.to_owned();
    let form = [("key", key.as_str()), ("act", "remove"), ("reason", "a robot")];
    let removed = help.post_form("/actions/desk-waiting", &form).await.goes_to().to_owned();
    assert_eq!(removed, "/desk/waitlist?done=remove");
    let page = help.get(&removed).await.body;
    assert!(page.contains("The person waits no more.") && page.contains("Nobody is waiting"));
    let again = help.post_form("/actions/desk-waiting", &form).await.goes_to().to_owned();
    assert!(again.starts_with("/desk/waitlist?key="), "{again}");
    assert!(help.get(&again).await.body.contains("They wait no more"));
    assert_eq!(app.inbox.count_to("bob@example.com"), 1, "nothing is mailed about it");

    // As long as the address of Bob.
    let stranger = seen_by(&app, "cyd@example.com").await;
    assert_eq!(seen_by(&app, "bob@example.com").await, stranger);
    assert_eq!(before, stranger);
    app.inbox.nth_to("bob@example.com", 2).await;
    let waits = "SELECT address FROM latchkey_waitlist WHERE times = 1 ORDER BY address";
    assert_eq!(app.texts(waits).await, ["bob@example.com", "cyd@example.com"]);
    let acts = app.texts(ACTS).await;
    let acts: Vec<&String> = acts.iter().filter(|act| !act.starts_with("desk.")).collect();
    let joined = "waitlist.joined - ";
    assert_eq!(acts, [joined, "waitlist.removed help@example.com a robot", joined, joined]);
}

#[tokio::test]
async fn who_is_removed_from_the_waitlist_is_not_told_later_that_they_are_on_it() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("bob@example.com").await;
    let delayed =
        "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued' AND last_error IS NOT NULL";
    app.until(delayed, 1).await;
    let entry = only_entry(&help, "/desk/waitlist").await;
    let key = entry.split_once("key=").unwrap().1.to_owned();
    let form = [("key", key.as_str()), ("act", "remove"), ("reason", "a robot")];
    help.post_form("/actions/desk-waiting", &form).await;
    app.inbox.behave(Manners::Takes);
    app.until_mail_is_tried_again().await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    assert_eq!(app.inbox.count_to("bob@example.com"), 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_waitlist").await, 0);
}

#[tokio::test]
async fn long_lists_go_on_where_the_page_before_ended() {
    let app = with_waitlist().await;
    app.run_sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 250) \
         INSERT INTO latchkey_waitlist SELECT 'p' || (1000 + n) || '@example.com', 'en', \
         1000 + n / 3, 1000, 1 FROM n",
    )
    .await;
    app.run_sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 250) \
         INSERT INTO latchkey_invitations (id, address, invited_by, note, language, expires_in, \
         code_salt, code_hash, code_tries, mails, last_mail_at, created_at, expires_at) \
         SELECT 'i' || (1000 + n), 'p' || (1000 + n) || '@example.com', 'command', '', 'en', 1, \
         '', '', 0, 1, 1000, 1000 + n / 3, 1000 FROM n",
    )
    .await;
    let look = operator(&app, "look").await;
    for (list, more) in [("/desk/waitlist", "after"), ("/desk/invitations", "before")] {
        let (mut path, mut pages) = (list.to_owned(), Vec::new());
        loop {
            let page = look.get(&path).await;
            assert_eq!(page.status, 200);
            pages.push(page.body.matches("***@example.com").count());
            let begin = format!("href=\"{list}?{more}=");
            let Some((_, rest)) = page.body.split_once(&begin) else { break };
            path = format!("{list}?{more}={}", rest.split('"').next().unwrap());
        }
        assert_eq!(pages, [100, 100, 50], "{list}");
    }
}

#[tokio::test]
async fn words_of_others_are_shown_as_text() {
    let app = with_waitlist().await;
    let help = operator(&app, "help").await;
    let form = [("email", EVA), ("note", "<script>alert(1)</script>"), ("reason", "<b>x</b>")];
    let opened = help.post_form("/actions/desk-invite", &form).await;
    let page = help.get(opened.goes_to()).await.body;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"), "{page}");
    assert_eq!(help.get("/desk/invitations?before=x&key=nobody").await.status, 404);
    assert_eq!(help.get("/desk/waitlist?key=nobody").await.status, 404);
}
