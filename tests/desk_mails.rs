//! The act of the desk's page Now for mails that wait.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, App, Manners,
    desk::{apps_at_desk, operator, token, with_desk},
    forms::submit,
};

const RETRY: &str = "/actions/desk-retry-mails";
const DELAYED: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND last_error IS NOT NULL AND leased_at IS NULL";
const WAITING: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND leased_at IS NULL";
const RETRIED: &str = "SELECT operator || ': ' || note FROM latchkey_audit_events \
    WHERE event = 'mails.retried' ORDER BY id";

/// Asks for mails that the mail server does not take, and waits until they wait.
async fn delayed(app: &App, manners: Manners, names: &[&str]) {
    app.inbox.behave(manners);
    for (before, name) in names.iter().enumerate() {
        app.browser().ask_for_mail(&format!("{name}@example.net")).await;
        // While it refuses us, not one mail, the others are not tried.
        let is_tried = before == 0 || manners != Manners::RefusesSender;
        app.until(if is_tried { DELAYED } else { WAITING }, before as i64 + 1).await;
    }
}

/// Orders the same as a program.
async fn order(app: &App, token: &str) -> Answer {
    let program = app.browser();
    let body = json!({ "reason": "The quota is raised." });
    let request = program.request(Method::POST, "/api/desk/mails/retry").bearer_auth(token);
    program.send(request.json(&body)).await
}

#[tokio::test]
async fn mails_that_wait_are_tried_again_at_once_when_an_operator_says_so() {
    for manners in [Manners::RefusesForNow, Manners::RefusesSender] {
        let app = with_desk("").await;
        let help = operator(&app, "help").await;
        delayed(&app, manners, &["ada", "bea", "cleo"]).await;
        app.inbox.behave(Manners::Takes);
        let page = help.get("/desk").await.body;
        let done = submit(&help, &page, RETRY, &[("reason", "it is mended")]).await;
        let page = help.get(done.goes_to()).await.body;
        // A transport that refuses us is asked from time to time, and the mail that asks is left out.
        assert!(page.contains("tried again."), "{page}");
        // The clock stands: by itself none would be due.
        for name in ["ada", "bea", "cleo"] {
            app.inbox.first_to(&format!("{name}@example.net")).await;
        }
        assert_eq!(app.texts(RETRIED).await, ["help@example.com: it is mended"], "{manners:?}");
    }
}

#[tokio::test]
async fn a_program_has_mails_tried_again() {
    let app = with_desk(&apps_at_desk()).await;
    let program = token(&app, "help", "desk:help").await;
    delayed(&app, Manners::RefusesForNow, &["ada"]).await;
    app.inbox.behave(Manners::Takes);
    assert_eq!(order(&app, &program).await.json(), json!({ "mails": 1 }));
    app.inbox.first_to("ada@example.net").await;
    assert_eq!(app.texts(RETRIED).await, ["app:help: The quota is raised."]);
}

#[tokio::test]
async fn where_no_mail_waits_nothing_is_tried_and_that_is_said() {
    let app = with_desk(&apps_at_desk()).await;
    let help = operator(&app, "help").await;
    assert!(!help.get("/desk").await.body.contains(RETRY), "no button without a mail");
    let refused = help.post_form(RETRY, &[("reason", "it is mended")]).await;
    let page = help.get(refused.goes_to()).await.body;
    assert!(page.contains("No email waits"), "{page}");
    let program = token(&app, "help", "desk:help").await;
    assert_eq!(order(&app, &program).await.error(400), "invalid_request");
    assert_eq!(app.texts(RETRIED).await, [""; 0]);
}

#[tokio::test]
async fn a_mail_that_is_being_sent_is_left_alone() {
    let app = with_desk("").await;
    let help = operator(&app, "help").await;
    app.inbox.behave(Manners::Holds);
    app.browser().ask_for_mail("ada@example.net").await;
    app.inbox.offered(2).await;
    let refused = help.post_form(RETRY, &[("reason", "it is mended")]).await;
    assert!(help.get(refused.goes_to()).await.body.contains("No email waits"));
    app.inbox.behave(Manners::Takes);
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 2).await;
    assert_eq!(app.inbox.count_to("ada@example.net"), 1);
}

#[tokio::test]
async fn who_may_only_look_is_offered_no_act() {
    let app = with_desk("").await;
    let look = operator(&app, "look").await;
    delayed(&app, Manners::RefusesForNow, &["ada"]).await;
    assert!(!look.get("/desk").await.body.contains(RETRY));
    look.post_form(RETRY, &[("reason", "x")]).await.goes_to();
    assert_eq!(app.texts(RETRIED).await, [""; 0]);
}
