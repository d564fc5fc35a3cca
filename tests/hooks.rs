//! Hooks of providers, end to end: a mail is accepted, its provider reports what became of it, and
//! whoever waits is told.

use latchkey::server::ground::clock::{DAY, MINUTE, SECOND};

use crate::support::{
    providers::{Behaviour, KINDS, Kind},
    reporter::Fate,
    reporting::{ADA, HELD_BACK, Reporting, SENT, SUPPRESSED},
};

/// True if a line of a provider's log is of a request to take an address off its list.
fn lifts(line: &str) -> bool {
    line.starts_with("DELETE ") || line.contains("/suppressions/delete ")
}

#[tokio::test]
async fn a_mail_that_a_provider_reports_as_dead_holds_back_the_next_until_it_is_asked_for() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        let ada = all.waiting().await;
        assert_eq!(all.standing(&ada).await["is_sent"], true, "{kind:?}");
        all.reports(Fate::Dead).await;
        let standing = all.standing(&ada).await;
        let trouble = standing["trouble"].as_str().unwrap();
        assert!(trouble.contains("came back") && trouble.contains("no such mailbox"), "{trouble}");
        assert!(trouble.contains("a***@") && !trouble.contains("ada@"), "{kind:?}: {trouble}");
        assert_eq!(standing["is_sent"], false, "{kind:?}");
        assert_eq!(all.events("mail.returned").await, 1, "{kind:?}");

        all.asks_again(&ada).await;
        all.app.until(HELD_BACK, 1).await;
        assert_eq!(all.provider.count(), 1, "{kind:?}: nothing was sent");
        let standing = all.standing(&ada).await;
        assert_eq!(standing["may_try"], true, "{kind:?}");
        assert!(standing["trouble"].as_str().unwrap().contains("Our last emails"), "{standing}");

        // The provider sends nothing there either, until it is asked to.
        if kind != Kind::Http {
            all.provider.suppress(ADA);
        }
        all.app.clock.advance(31 * SECOND);
        let again = ada.post_form("/actions/try-again", &[]).await;
        assert!(again.goes_to().starts_with("/login/code"), "{kind:?}");
        let mail = all.provider.nth_to(ADA, 2).await;
        all.app.until(SENT, 1).await;
        let heard = all.provider.heard();
        let lifted = heard.iter().position(|line| lifts(line));
        assert_eq!(lifted.is_some(), kind != Kind::Http, "{kind:?}: {heard:?}");
        assert!(lifted.is_none_or(|at| at > 0 && at + 1 < heard.len()), "{kind:?}: {heard:?}");

        // It was read: the address is alive.
        assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard", "{kind:?}");
        assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}");
        all.waiting().await;
    }
}

#[tokio::test]
async fn a_dead_address_gets_mails_again_after_seven_days() {
    let all = Reporting::start(Kind::Mailgun).await;
    all.waiting().await;
    all.reports(Fate::Dead).await;
    all.app.clock.advance(7 * DAY - MINUTE);
    all.app.browser().ask_for_mail(ADA).await;
    all.app.until(HELD_BACK, 1).await;
    all.app.clock.advance(2 * MINUTE);
    all.waiting().await;
    assert_eq!(all.provider.count(), 2);
}

#[tokio::test]
async fn an_address_that_complained_gets_no_mail_until_an_operator_lifts_it() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        let ada = all.waiting().await;
        let dead = all.report(Fate::Dead);
        all.reports(Fate::CalledSpam).await;
        // Its mail has arrived.
        assert_eq!(all.standing(&ada).await["is_sent"], true, "{kind:?}");
        assert_eq!(all.events("mail.complaint").await, 1, "{kind:?}");
        all.asks_again(&ada).await;
        all.app.until(HELD_BACK, 1).await;
        let trouble = all.trouble(&ada).await;
        assert!(trouble.contains("marked as spam"), "{kind:?}: {trouble}");
        assert_eq!(all.standing(&ada).await["may_try"], true, "{kind:?}");

        // A bounce, which would end, does not shorten it.
        assert_eq!(all.sends(&dead).await.status, 204, "{kind:?}");
        // Two compare their clocks with ours.
        if !matches!(kind, Kind::Ses | Kind::Http) {
            all.app.clock.advance(40 * DAY);
        }
        all.app.browser().ask_for_mail(ADA).await;
        all.app.until(HELD_BACK, 2).await;
        let listed = all.app.said_by(&["suppressions", "list"], "").await;
        let line = format!("{ADA}  complaint, until it is lifted, by it: ");
        assert!(listed.lines().any(|listed| listed.starts_with(&line)), "{kind:?}: {listed}");
        // The provider's own list has it, too.
        if kind != Kind::Http {
            all.provider.suppress(ADA);
        }
        let told = all.app.said_by(&["suppressions", "lift", ADA], "").await;
        let again = format!("mails to {ADA} are sent again\n");
        let own = if kind == Kind::Http { "" } else { "it: it is on its own list no longer\n" };
        assert_eq!(told, again + own, "{kind:?}");
        assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}");
        all.waiting().await;
        assert_eq!(all.provider.count(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn an_operator_is_told_that_a_provider_keeps_an_address_on_its_list() {
    let all = Reporting::start(Kind::Resend).await;
    all.waiting().await;
    all.reports(Fate::Dead).await;
    all.provider.behave(Behaviour::Says(403, "{\"message\": \"not with this key\"}"));
    let (code, told) = all.app.command(&["suppressions", "lift", ADA]).await;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("list of a provider is unchanged: it: "), "{told}");
    assert!(told.contains("not with this key"), "{told}");
    // Ours does not depend on it.
    assert_eq!(all.app.count(SUPPRESSED).await, 0);
}

#[tokio::test]
async fn a_mail_that_is_still_tried_is_late_until_it_is_delivered() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        let ada = all.waiting().await;
        all.reports(Fate::Late).await;
        let trouble = all.trouble(&ada).await;
        assert!(trouble.contains("has not arrived yet"), "{kind:?}: {trouble}");
        // Resend does not pass on what the server said.
        let said = if kind == Kind::Resend { "no reason given" } else { "no such mailbox" };
        assert!(trouble.contains(said), "{kind:?}: {trouble}");
        all.reports(Fate::Arrived).await;
        let standing = all.standing(&ada).await;
        assert_eq!(standing["is_sent"], true, "{kind:?}: {standing}");
        assert_eq!(all.trouble(&ada).await, "", "{kind:?}");
        assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_mail_that_was_given_up_came_back_and_the_next_is_sent() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        let ada = all.waiting().await;
        all.reports(Fate::GivenUp).await;
        let trouble = all.trouble(&ada).await;
        assert!(trouble.contains("came back"), "{kind:?}: {trouble}");
        // It comes no more, whatever is said of it later.
        all.reports(Fate::Late).await;
        assert_eq!(all.trouble(&ada).await, trouble, "{kind:?}");
        assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}");
        all.asks_again(&ada).await;
        all.provider.nth_to(ADA, 2).await;
    }
}

#[tokio::test]
async fn a_topic_of_amazon_is_confirmed_once_and_then_reports() {
    let all = Reporting::start(Kind::Ses).await;
    let sns = all.sns.as_ref().unwrap();
    let confirmation = sns.signer.confirmation(all.app.clock.now()).to_string();
    let browser = all.app.browser();
    let post = || browser.request(reqwest::Method::POST, &all.path).body(confirmation.clone());
    assert_eq!(browser.send(post()).await.status, 204);
    let asked = sns.asked();
    assert!(asked[0].ends_with(".pem") && asked[1].starts_with("/?Action=Confirm"), "{asked:?}");
    let ada = all.waiting().await;
    all.reports(Fate::Dead).await;
    assert!(all.trouble(&ada).await.contains("came back"));
    assert_eq!(sns.asked().len(), 2, "the certificate is known already");
}

#[tokio::test]
async fn an_address_that_a_providers_list_alone_holds_back_is_lifted_with_a_row() {
    let all = Reporting::start(Kind::Resend).await;
    all.provider.suppress(ADA);
    let told = all.app.said_by(&["suppressions", "lift", ADA], "").await;
    assert!(told.contains("it: it is on its own list no longer"), "{told}");
    assert_eq!(all.events("suppression.lifted").await, 1);
}
