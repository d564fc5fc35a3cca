//! Invitations: who is invited gets in, once, by the link or the code of the mail, and nobody else.

use latchkey::server::{
    auth::{
        Client,
        invitations::{self, Invite, Inviter},
    },
    ground::{
        clock::{DAY, HOUR, MINUTE},
        error::Error,
        words::Language,
    },
    store::{AuditEvent, Invitation},
    values::{address::Address, event::Event},
};

use crate::support::{App, Mail};

pub const EVA: &str = "eva@example.com";
pub const CLOSED: [(&str, &str); 1] = [("LATCHKEY_AUTH__SIGN_UP", "closed")];

/// An act of Ada, an operator.
async fn as_ada<T>(
    app: &App,
    act: impl AsyncFnOnce(&Inviter<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let event = |event: Event, address: &Address| -> AuditEvent {
        app.auth.event(event, Some(address), &Client::default())
    };
    act(&Inviter { name: "ada@example.com", event: &event }).await
}

pub async fn invite(app: &App, invite: &Invite<'_>) -> Result<(Invitation, bool), Error> {
    as_ada(app, async |by| invitations::invite(&app.auth, invite, by).await).await
}

pub async fn resend(app: &App, id: &str) -> Result<Invitation, Error> {
    as_ada(app, async |by| invitations::resend(&app.auth, id, by).await).await
}

async fn withdraw(app: &App, id: &str) -> Result<Invitation, Error> {
    as_ada(app, async |by| invitations::withdraw(&app.auth, id, by).await).await
}

/// A server with closed sign-up that has invited Eva, the invitation and its mail.
pub async fn with_eva() -> (App, Invitation, Mail) {
    let app = App::with(&CLOSED).await;
    let note = "The plans are here: <b>bring</b> a pen.\nSee you on Monday.";
    let asked = Invite { email: EVA, note, ..Invite::default() };
    let (invitation, is_new) = invite(&app, &asked).await.unwrap();
    assert!(is_new);
    let mail = app.inbox.first_to(EVA).await;
    // Written down, too: some stories go on days later.
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    (app, invitation, mail)
}

fn token(mail: &Mail) -> &str {
    mail.link().split_once("token=").unwrap().1
}

async fn accepted(app: &App) -> i64 {
    app.count("SELECT COUNT(*) FROM latchkey_invitations WHERE accepted_at IS NOT NULL").await
}

#[tokio::test]
async fn the_mail_has_words_of_its_own_and_says_who_invites() {
    let (_app, _, mail) = with_eva().await;
    assert_eq!(mail.subject, "You are invited to Latchkey");
    let text = &mail.text;
    assert!(text.contains("ada@example.com has invited eva@example.com to Latchkey."), "{text}");
    assert!(text.contains("> The plans are here: <b>bring</b> a pen.\n> See you on Monday."));
    assert!(text.contains("within 7 days"), "{text}");
    assert!(mail.html.contains("&lt;b&gt;bring&lt;/b&gt; a pen.<br>See you on Monday."));
    let app = App::with(&CLOSED).await;
    let asked = Invite { email: EVA, language: Language::De, ..Invite::default() };
    invite(&app, &asked).await.unwrap();
    let mail = app.inbox.first_to(EVA).await;
    assert_eq!(mail.subject, "Sie sind zu Latchkey eingeladen");
    assert_eq!(mail.header("Content-Language").as_deref(), Some("de"));
}

#[tokio::test]
async fn opening_the_link_changes_nothing_and_one_press_signs_in_once() {
    let (app, _, mail) = with_eva().await;
    let eva = app.browser();
    for _ in 0..3 {
        let page = eva.get(mail.link()).await;
        assert_eq!(page.status, 200);
        for shown in ["ada@example.com", "eva", "&lt;b&gt;bring", "Accept and sign in"] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert!(page.header("cache-control").contains("no-store"), "{page:?}");
        eva.send(eva.request(reqwest::Method::HEAD, mail.link())).await;
    }
    assert_eq!((eva.signed_in_as().await, accepted(&app).await), (None, 0));
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 0);
    let pressed = eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    assert_eq!(pressed.goes_to(), "/dashboard");
    assert_eq!(eva.signed_in_as().await.as_deref(), Some(EVA));
    assert_eq!(accepted(&app).await, 1);
    let events = app.texts("SELECT event FROM latchkey_audit_events ORDER BY id").await;
    let of_invitation: Vec<_> = events.iter().filter(|event| event.contains("invit")).collect();
    assert_eq!(of_invitation, ["user.invited", "invitation.accepted"]);
    // A second browser, of whoever the mail was forwarded to.
    let other = app.browser();
    let pressed = other.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    assert!(pressed.goes_to().starts_with("/login/invitation?token="), "{pressed:?}");
    assert_eq!(other.signed_in_as().await, None);
    let page = other.get(mail.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("This invitation was accepted"), "{}", page.body);
    app.signed_in(EVA).await;
}

#[tokio::test]
async fn another_site_cannot_press_the_button() {
    let (app, _, mail) = with_eva().await;
    let eva = app.browser();
    let form = eva.request(reqwest::Method::POST, "/actions/accept-invitation");
    let form = form.form(&[("token", token(&mail))]).header("sec-fetch-site", "cross-site");
    assert_eq!(eva.send(form).await.status, 403);
    assert_eq!(accepted(&app).await, 0);
}

#[tokio::test]
async fn the_code_accepts_with_its_address_in_any_browser() {
    let (app, _, mail) = with_eva().await;
    let eva = app.browser();
    assert!(eva.get("/login/invitation").await.body.contains("Accept an invitation"));
    let typed = [("email", " Eva@Example.com "), ("code", mail.code())];
    let answer = eva.post_form("/actions/accept-invitation-code", &typed).await;
    assert_eq!(answer.goes_to(), "/dashboard");
    assert_eq!(eva.signed_in_as().await.as_deref(), Some(EVA));
    let again = app.browser().post_form("/actions/accept-invitation-code", &typed).await;
    assert_eq!(again.goes_to(), "/login/invitation");
}

#[tokio::test]
async fn a_wrong_code_is_answered_alike_whether_the_address_is_invited_or_not() {
    let (app, _, mail) = with_eva().await;
    let mut told = Vec::new();
    for address in [EVA, "bob@example.com"] {
        let browser = app.browser();
        let mut answers = Vec::new();
        // One more than the tries of a code.
        for n in 0..6 {
            let code = format!("{:06}", (mail.code().parse::<u32>().unwrap() + 1 + n) % 1_000_000);
            let typed = [("email", address), ("code", code.as_str())];
            let answer = browser.post_form("/actions/accept-invitation-code", &typed).await;
            assert_eq!(answer.goes_to(), "/login/invitation");
            let page = browser.get("/login/invitation").await;
            answers.push((page.status, page.body.replace(address, "ADDRESS").len()));
            let sentence = if n < 5 { "No open invitation has" } else { "Too many wrong codes" };
            assert!(page.body.contains(sentence), "{n}: {}", page.body);
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_failed_tries").await, 10);
    assert_eq!(app.count("SELECT code_tries FROM latchkey_invitations").await, 5);
}

#[tokio::test]
async fn a_code_that_was_tried_too_often_stays_off_and_the_link_works() {
    let app = App::with(&[CLOSED[0], ("LATCHKEY_AUTH__CODE_TRIES", "2")]).await;
    invite(&app, &Invite { email: EVA, ..Invite::default() }).await.unwrap();
    let mail = app.inbox.first_to(EVA).await;
    let eva = app.browser();
    for _ in 0..2 {
        let wrong = [("email", EVA), ("code", mail.wrong_code())];
        eva.post_form("/actions/accept-invitation-code", &wrong).await;
    }
    app.clock.advance(2 * DAY);
    let right = [("email", EVA), ("code", mail.code())];
    let answer = eva.post_form("/actions/accept-invitation-code", &right).await;
    assert_eq!(answer.goes_to(), "/login/invitation");
    assert_eq!(eva.signed_in_as().await, None);
    let pressed = eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    assert_eq!(pressed.goes_to(), "/dashboard");
}

#[tokio::test]
async fn an_invited_address_may_also_sign_in_as_everybody_does() {
    for sign_up in ["closed", "invited", "waitlist"] {
        let app = App::with(&[
            ("LATCHKEY_AUTH__SIGN_UP", sign_up),
            ("LATCHKEY_SIGN_UP__BLOCKED_DOMAINS", "example.com"),
        ])
        .await;
        invite(&app, &Invite { email: EVA, ..Invite::default() }).await.unwrap();
        app.inbox.first_to(EVA).await;
        let eva = app.signed_in(EVA).await;
        assert_eq!(eva.signed_in_as().await.as_deref(), Some(EVA), "{sign_up}");
        assert_eq!(accepted(&app).await, 1, "{sign_up}");
    }
}

#[tokio::test]
async fn a_withdrawn_invitation_lets_nobody_in_and_its_page_says_so() {
    let (app, invitation, mail) = with_eva().await;
    let (eva, asked) = app.asked(EVA).await;
    withdraw(&app, &invitation.id).await.unwrap();
    let page = eva.get(mail.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("It was withdrawn"), "{}", page.body);
    let pressed = eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    assert!(pressed.goes_to().starts_with("/login/invitation"));
    let typed = [("email", EVA), ("code", mail.code())];
    eva.post_form("/actions/accept-invitation-code", &typed).await;
    // Nor does the sign-in mail that left while it was open.
    eva.get(asked.link()).await;
    assert_eq!(eva.signed_in_as().await, None);
    eva.ask_for_mail(EVA).await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 3).await;
    assert_eq!(app.inbox.count_to(EVA), 2);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 0);
    assert!(withdraw(&app, &invitation.id).await.is_err());
    let (_, is_new) = invite(&app, &Invite { email: EVA, ..Invite::default() }).await.unwrap();
    assert!(is_new, "the address may be invited again");
}

#[tokio::test]
async fn an_expired_invitation_lets_nobody_in_and_is_explained_for_a_month() {
    let (app, _, mail) = with_eva().await;
    app.clock.advance(7 * DAY - MINUTE);
    assert_eq!(app.browser().get(mail.link()).await.status, 200);
    app.clock.advance(MINUTE);
    let eva = app.browser();
    let page = eva.get(mail.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("It has expired"), "{}", page.body);
    eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    eva.ask_for_mail(EVA).await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 2).await;
    assert_eq!((eva.signed_in_as().await, app.inbox.count_to(EVA)), (None, 1));
    app.store.purge(app.clock.now() + 29 * DAY, 90 * DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 1);
    app.store.purge(app.clock.now() + 31 * DAY, 90 * DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 0);
}

#[tokio::test]
async fn an_address_with_an_open_invitation_is_not_mailed_by_asking_twice() {
    let (app, invitation, _) = with_eva().await;
    let twice = Invite { email: "EVA@example.com", note: "Other words.", ..Invite::default() };
    let (same, is_new) = invite(&app, &twice).await.unwrap();
    assert_eq!((same.id, is_new), (invitation.id, false));
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_outbox").await, 1);
}

#[tokio::test]
async fn a_resent_invitation_replaces_its_link_and_code_after_a_pause() {
    let (app, invitation, first) = with_eva().await;
    let refused = resend(&app, &invitation.id).await.unwrap_err();
    assert_eq!(refused, Error::RateLimited { retry_after: 30 });
    app.clock.advance(DAY);
    let resent = resend(&app, &invitation.id).await.unwrap();
    assert_eq!((resent.mails, resent.expires_at), (2, app.clock.now() + 7 * DAY));
    let second = app.inbox.nth_to(EVA, 2).await;
    let eva = app.browser();
    let page = eva.get(first.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("There is a newer email"), "{}", page.body);
    let old = [("email", EVA), ("code", first.code())];
    if first.code() != second.code() {
        eva.post_form("/actions/accept-invitation-code", &old).await;
    }
    eva.post_form("/actions/accept-invitation", &[("token", token(&first))]).await;
    assert_eq!(eva.signed_in_as().await, None);
    eva.post_form("/actions/accept-invitation", &[("token", token(&second))]).await;
    assert_eq!(eva.signed_in_as().await.as_deref(), Some(EVA));
    assert!(resend(&app, &invitation.id).await.is_err(), "it is accepted");
}

#[tokio::test]
async fn nobody_is_mailed_an_invitation_more_than_ten_times() {
    let (app, invitation, _) = with_eva().await;
    for n in 2..=10 {
        app.clock.advance(HOUR);
        assert_eq!(resend(&app, &invitation.id).await.unwrap().mails, n);
    }
    app.clock.advance(HOUR);
    let refused = resend(&app, &invitation.id).await.unwrap_err();
    assert!(matches!(refused, Error::InvalidRequest { .. }), "{refused:?}");
}

#[tokio::test]
async fn inviting_and_withdrawing_in_turns_mails_no_more_than_the_limits_allow() {
    let app = App::with(&[CLOSED[0], ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2")]).await;
    for _ in 0..2 {
        let invited = invite(&app, &Invite { email: EVA, ..Invite::default() }).await;
        withdraw(&app, &invited.unwrap().0.id).await.unwrap();
    }
    let third = invite(&app, &Invite { email: EVA, ..Invite::default() }).await;
    assert_eq!(third.unwrap_err(), Error::RateLimited { retry_after: 60 });
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_gets_in() {
    for _ in 0..5 {
        let (app, _, mail) = with_eva().await;
        let by_link = app.browser();
        let by_code = app.browser();
        let (pressed, typed) = tokio::join!(
            async {
                let form = [("token", token(&mail))];
                by_link.post_form("/actions/accept-invitation", &form).await
            },
            async {
                let form = [("email", EVA), ("code", mail.code())];
                by_code.post_form("/actions/accept-invitation-code", &form).await
            }
        );
        let in_by =
            [pressed, typed].iter().filter(|answer| answer.goes_to() == "/dashboard").count();
        assert_eq!(in_by, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 1);
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_or_withdrawn_and_never_both() {
    for _ in 0..5 {
        let (app, invitation, mail) = with_eva().await;
        let eva = app.browser();
        let form = [("token", token(&mail))];
        let (pressed, withdrawn) = tokio::join!(
            eva.post_form("/actions/accept-invitation", &form),
            withdraw(&app, &invitation.id)
        );
        let is_in = pressed.goes_to() == "/dashboard";
        assert_ne!(is_in, withdrawn.is_ok());
        assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, i64::from(is_in));
        let both = "SELECT COUNT(*) FROM latchkey_invitations \
            WHERE accepted_at IS NOT NULL AND withdrawn_at IS NOT NULL";
        assert_eq!(app.count(both).await, 0);
    }
}

#[tokio::test]
async fn a_banned_address_is_not_invited_and_an_invited_one_that_is_banned_stays_out() {
    let (app, _, mail) = with_eva().await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'eva@example.com', 1)").await;
    let eva = app.browser();
    let pressed = eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    assert!(pressed.goes_to().starts_with("/login/invitation"));
    assert_eq!(eva.signed_in_as().await, None);
    app.run_sql("DELETE FROM latchkey_invitations").await;
    let refused = invite(&app, &Invite { email: EVA, ..Invite::default() }).await.unwrap_err();
    assert!(refused.to_string().contains("kept out"), "{refused}");
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'bob@example.com', 1)",
    )
    .await;
    let refused = invite(&app, &Invite { email: "bob@example.com", ..Invite::default() }).await;
    assert!(refused.unwrap_err().to_string().contains("belongs to a user"));
}

#[tokio::test]
async fn who_deletes_their_account_is_not_remembered_as_invited() {
    let (app, _, mail) = with_eva().await;
    let eva = app.browser();
    eva.post_form("/actions/accept-invitation", &[("token", token(&mail))]).await;
    let deleted = eva.post_form("/actions/delete-account", &[]).await;
    assert_eq!(deleted.goes_to(), "/goodbye");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 0);
    eva.ask_for_mail(EVA).await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    assert_eq!(app.inbox.count_to(EVA), 1, "and is a stranger again");
}

#[tokio::test]
async fn a_made_up_or_damaged_link_is_explained() {
    let (app, _, mail) = with_eva().await;
    let damaged = &mail.link()[..mail.link().len() - 1];
    for link in ["/login/invitation?token=", "/login/invitation?token=%2F..%2FAAAA", damaged] {
        let page = app.browser().get(link).await;
        assert_eq!(page.status, 400, "{link}");
        assert!(page.body.contains("This link is not valid"), "{}", page.body);
    }
}

#[tokio::test]
async fn what_an_invitation_cannot_be_is_said() {
    let app = App::with(&CLOSED).await;
    let long = "a".repeat(501);
    for (asked, says) in [
        (Invite { email: "eva", ..Invite::default() }, "spelling"),
        (Invite { email: EVA, note: &long, ..Invite::default() }, "500 characters"),
        (Invite { email: EVA, note: "a\u{202e}b", ..Invite::default() }, "control characters"),
        (Invite { email: EVA, expires_in: Some(60), ..Invite::default() }, "3600 to 604800"),
        (Invite { email: EVA, expires_in: Some(700_000), ..Invite::default() }, "3600 to 604800"),
    ] {
        let refused = invite(&app, &asked).await.unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_invitations").await, 0);
}

#[tokio::test]
async fn an_operator_invites_and_withdraws_by_commands() {
    let app = App::with(&CLOSED).await;
    let asked = ["users", "invite", EVA, "bob", "--note", "Welcome.", "--language", "de"];
    let (code, said) = app.command(&asked).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("eva@example.com is invited") && said.contains("***:"), "{said}");
    let mail = app.inbox.first_to(EVA).await;
    assert!(mail.text.contains("> Welcome.") && mail.text.contains("zu Latchkey eingeladen"));
    let (code, said) = app.command(&["users", "invite", EVA]).await;
    assert_eq!(code, 0);
    assert!(said.contains("was invited before, and nothing was sent"), "{said}");
    let (code, said) = app.command(&["users", "withdraw", EVA]).await;
    assert_eq!((code, said.contains("is withdrawn")), (0, true), "{said}");
    assert_eq!(app.browser().get(mail.link()).await.status, 410);
    assert_eq!(app.command(&["users", "withdraw", EVA]).await.0, 1);
}
