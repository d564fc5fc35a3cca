//! Invitations of people who become users otherwise.

use crate::{
    invitations::{EVA, resend, with_eva},
    support::App,
};

const PRESS: &str = "/actions/accept-invitation";

#[tokio::test]
async fn an_invitation_opens_no_account_that_was_added_otherwise() {
    let (app, invitation, mail) = with_eva().await;
    assert_eq!(app.command(&["users", "add", EVA]).await.0, 0);
    let token = mail.link().split_once("token=").unwrap().1;
    let thief = app.browser();
    thief.post_form(PRESS, &[("token", token)]).await;
    let typed = [("email", EVA), ("code", mail.code())];
    thief.post_form("/actions/accept-invitation-code", &typed).await;
    assert_eq!(thief.signed_in_as().await, None);
    assert!(resend(&app, &invitation.id).await.is_err(), "it is over");
    assert!(app.signed_in(EVA).await.signed_in_as().await.is_some());
}

#[tokio::test]
async fn who_is_added_or_deleted_is_on_the_waitlist_no_longer() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "waitlist")]).await;
    let waiting = "SELECT COUNT(*) FROM latchkey_waitlist";
    for address in [EVA, "bob@example.com"] {
        app.browser().ask_for_mail(address).await;
    }
    app.until(waiting, 2).await;
    app.command(&["users", "add", EVA]).await;
    assert_eq!(app.count(waiting).await, 1);
}
