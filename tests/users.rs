//! Users that sign in, where Latchkey keeps them itself.

use serde_json::json;

use crate::support::App;

#[tokio::test]
async fn the_first_sign_in_creates_the_user_and_later_ones_find_it() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let ada = app.signed_in("ada@example.com").await;
        ids.push(ada.get("/api/auth/session").await.json()["user_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn fifty_first_sign_ins_at_once_make_one_user() {
    let app = App::start().await;
    let mut sent = Vec::new();
    for n in 1..=50 {
        let answer = app.browser().ask_by_api("ada@example.com").await;
        let mail = app.inbox.nth_to("ada@example.com", n).await;
        sent.push(
            json!({ "code": mail.code(), "auth_request_id": answer.json()["auth_request_id"] }),
        );
    }
    let tries: Vec<_> = sent
        .into_iter()
        .map(|body| (app.browser(), body))
        .map(|(browser, body)| {
            tokio::spawn(async move { browser.post_json("/api/auth/verify", body).await.status })
        })
        .collect();
    let mut won = 0;
    for attempt in tries {
        won += usize::from(attempt.await.unwrap() == 200);
    }
    // The first to succeed ends the other requests for the same address.
    assert_eq!(won, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 1);
}

#[tokio::test]
async fn strangers_get_the_same_answer_but_no_mail_while_sign_up_is_closed() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'ada@example.com', 1)",
    )
    .await;
    let answers = [
        app.browser().ask_by_api("bob@example.com").await,
        app.browser().ask_by_api("ada@example.com").await,
    ];
    let [mut unknown, mut known] = answers.map(|answer| {
        (
            answer.status,
            answer.json(),
            answer.headers.keys().map(|name| name.to_string()).collect::<Vec<_>>(),
        )
    });
    for answer in [&mut unknown, &mut known] {
        let id = answer.1["auth_request_id"].take();
        assert_eq!(id.as_str().map(str::len), Some(22));
    }
    assert_eq!(unknown, known);
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox").await,
        2,
        "the same rows are written"
    );
}

#[tokio::test]
async fn a_disabled_user_gets_no_mail_and_no_session() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'ada@example.com', 1)").await;
    assert_eq!(ada.signed_in_as().await, None);
    ada.get(mail.link()).await;
    assert_eq!(ada.signed_in_as().await, None);
    ada.ask_for_mail("ada@example.com").await;
    app.signed_in("bea@example.com").await;
    assert_eq!(app.inbox.count_to("ada@example.com"), 2);
}
