//! Several transports: the next takes over when one refuses, a mail goes by one of them only, and
//! whoever asks again gets the next mail by another.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use std::time::Duration;
use tempfile::TempDir;

use crate::support::{App, Inbox, Manners};

const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";
const DELAYED: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND last_error IS NOT NULL";

/// An app that sends mails by the servers of two inboxes, and the inboxes.
struct Two {
    app: App,
    first: Inbox,
    second: Inbox,
    _folder: TempDir,
}

impl Two {
    async fn start() -> Self {
        Two::with("").await
    }

    /// `of_first` are more keys of the first transport.
    async fn with(of_first: &str) -> Self {
        let (first, second) = (Inbox::start().await, Inbox::start().await);
        let entry = |name: &str, inbox: &Inbox, keys: &str| {
            let url = inbox.smtp_url();
            format!(
                "[[mail.transports]]\nname = \"{name}\"\nkind = \"smtp\"\nurl = \"{url}\"\n{keys}\n"
            )
        };
        let text = entry("first", &first, of_first) + &entry("second", &second, "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Leptos.toml");
        std::fs::write(&file, text).unwrap();
        let limits = "LATCHKEY_AUTH__RESEND_COOLDOWN";
        let app = App::with_file_and(&file, &[(limits, "10")]).await;
        Two { app, first, second, _folder: folder }
    }
}

#[tokio::test]
async fn mails_go_by_the_first_transport_while_that_accepts_them() {
    let two = Two::start().await;
    for n in 0..3 {
        two.app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
        two.first.first_to(&format!("ada{n}@example.com")).await;
    }
    assert_eq!(two.second.count(), 0);
}

#[tokio::test]
async fn the_next_transport_takes_over_at_once_when_the_first_refuses_us_or_the_mail_for_now() {
    for manners in [
        Manners::RefusesGreeting,
        Manners::RefusesEhlo,
        Manners::RefusesSender,
        Manners::RefusesForNow,
    ] {
        let two = Two::start().await;
        two.first.behave(manners);
        for n in 0..5 {
            let address = format!("ada{n}@example.com");
            two.app.browser().ask_for_mail(&address).await;
            two.second.first_to_within(&address, Duration::from_secs(10)).await;
        }
        assert_eq!(two.first.count(), 0, "{manners:?}");
        two.app.until(SENT, 5).await;
    }
}

#[tokio::test]
async fn a_transport_that_refused_us_is_tried_again_after_a_while() {
    let two = Two::start().await;
    two.first.behave(Manners::RefusesGreeting);
    two.app.browser().ask_for_mail("ada@example.com").await;
    two.second.first_to("ada@example.com").await;
    two.first.behave(Manners::Takes);
    two.app.clock.advance(MINUTE);
    two.app.browser().ask_for_mail("eve@example.com").await;
    two.first.first_to("eve@example.com").await;
}

#[tokio::test]
async fn whoever_asks_again_gets_the_next_mail_by_the_other_transport() {
    let two = Two::start().await;
    let ada = two.app.browser();
    ada.ask_for_mail("ada@example.com").await;
    two.first.first_to("ada@example.com").await;
    two.app.until(SENT, 1).await;
    two.app.clock.advance(31 * SECOND);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    let mail = two.second.first_to("ada@example.com").await;
    // Anybody else's mails still go by the first.
    two.app.browser().ask_for_mail("eve@example.com").await;
    two.first.first_to("eve@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_mail_that_a_transport_may_have_accepted_is_sent_by_no_other() {
    let two = Two::start().await;
    // It takes the message, and the connection breaks before it says so.
    two.first.behave(Manners::DropsInData);
    let ada = two.app.browser();
    ada.ask_for_mail("ada@example.com").await;
    two.app.until(DELAYED, 1).await;
    // Not even when it refuses everything later: that says nothing about the first time.
    two.first.behave(Manners::RefusesGreeting);
    let refused = two.app.count("SELECT MAX(attempts) FROM latchkey_outbox").await;
    two.app.until_mail_is_tried_again().await;
    two.app.clock.advance(MINUTE);
    two.app.until("SELECT MAX(attempts) FROM latchkey_outbox", refused + 1).await;
    assert_eq!(two.second.count(), 0);
    let standing = ada.get("/actions/progress").await.json();
    let trouble = standing["trouble"].as_str().unwrap();
    assert!(trouble.contains("If nothing comes, send a new email"), "{trouble}");
    // Whoever asks again is not kept waiting by it.
    two.app.clock.advance(31 * SECOND);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    two.second.first_to("ada@example.com").await;
    two.app.until(SENT, 1).await;
    two.first.behave(Manners::Takes);
    two.app.clock.advance(MINUTE);
    two.first.first_to("ada@example.com").await;
    two.app.until(SENT, 2).await;
    assert_eq!((two.first.count(), two.second.count()), (1, 1));
}

#[tokio::test]
async fn a_mail_that_was_being_sent_when_the_process_ended_goes_by_the_same_transport() {
    let mut two = Two::start().await;
    two.first.behave(Manners::TakesAndFallsSilent);
    two.app.browser().ask_for_mail("ada@example.com").await;
    two.first.first_to("ada@example.com").await;
    two.app.worker.abort();
    two.first.behave(Manners::Takes);
    two.app.restart().await;
    two.app.clock.advance(MINUTE);
    two.app.until(SENT, 1).await;
    // SMTP knows no key by which a server would recognise it: at most once more.
    assert_eq!((two.first.count(), two.second.count()), (2, 0));
    let ids: Vec<_> = (1..=2).map(|n| two.first.nth_to("ada@example.com", n)).collect();
    let ids = futures::future::join_all(ids).await;
    assert_eq!(ids[0].header("Message-ID"), ids[1].header("Message-ID"));
}

#[tokio::test]
async fn a_transport_with_domains_gets_their_mails_first_and_no_others() {
    let two = Two::with("domains = [\"qq.example\"]").await;
    two.app.browser().ask_for_mail("ada@qq.example").await;
    two.first.first_to("ada@qq.example").await;
    two.app.browser().ask_for_mail("ada@example.com").await;
    two.second.first_to("ada@example.com").await;
    two.first.behave(Manners::RefusesSender);
    two.app.browser().ask_for_mail("eve@qq.example").await;
    two.second.first_to("eve@qq.example").await;
}

#[tokio::test]
async fn a_refusal_of_the_recipient_is_final_and_no_other_transport_is_asked() {
    let two = Two::start().await;
    two.first.behave(Manners::RefusesRecipient);
    let ada = two.app.browser();
    ada.ask_for_mail("ada@example.com").await;
    two.app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'", 1).await;
    assert_eq!(two.second.count(), 0);
    // The other may know better, if the person says that the address is right.
    two.app.clock.advance(31 * SECOND);
    ada.post_form("/actions/resend-passwordless", &[]).await;
    two.second.first_to("ada@example.com").await;
}

#[tokio::test]
async fn a_test_mail_goes_by_every_transport_and_says_what_each_answered() {
    let two = Two::start().await;
    let (code, said) = two.app.command(&["send-test-mail", "ada@example.com"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("first: it took a mail") && said.contains("second: it took"), "{said}");
    two.second.behave(Manners::RefusesRecipient);
    let only = ["send-test-mail", "ada@example.com", "--by", "second"];
    let (code, said) = two.app.command(&only).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("second: it did not take it: at RCPT TO"), "{said}");
    assert_eq!((two.first.count(), two.second.count()), (1, 1));
}

#[tokio::test]
async fn a_transport_that_is_down_holds_up_no_mail_that_is_for_another() {
    let two = Two::with("domains = [\"qq.example\"]").await;
    two.second.behave(Manners::RefusesGreeting);
    two.app.browser().ask_for_mail("ada@example.com").await;
    two.app.until(DELAYED, 1).await;
    for n in 0..3 {
        let address = format!("ada{n}@qq.example");
        two.app.browser().ask_for_mail(&address).await;
        two.first.first_to(&address).await;
    }
    // It is asked again only after its wait.
    assert_eq!(two.app.count(DELAYED).await, 1);
    two.second.behave(Manners::Takes);
    two.app.clock.advance(MINUTE);
    two.second.first_to("ada@example.com").await;
}

#[tokio::test]
async fn a_mail_of_a_transport_that_is_down_is_not_tried_all_the_time_while_another_may_be_tried() {
    let two = Two::with("domains = [\"qq.example\"]").await;
    for inbox in [&two.first, &two.second] {
        inbox.behave(Manners::DropsInData);
    }
    two.app.browser().ask_for_mail("ada@qq.example").await;
    two.app.until(DELAYED, 1).await;
    for inbox in [&two.first, &two.second] {
        inbox.behave(Manners::RefusesGreeting);
    }
    // The other refuses us, and nothing waits for it when it may be tried again.
    two.app.browser().ask_for_mail("eve@example.com").await;
    two.app.until(DELAYED, 2).await;
    two.app.run_sql("DELETE FROM latchkey_outbox WHERE address = 'eve@example.com'").await;
    two.app.clock.advance(MINUTE);
    let tried = "SELECT COUNT(*) FROM latchkey_outbox WHERE attempts > 1 AND leased_at IS NULL";
    two.app.until(tried, 1).await;
    let due = two.app.count("SELECT MAX(due_at) FROM latchkey_outbox WHERE leased_at IS NULL");
    assert!(due.await > two.app.clock.now());
}

#[tokio::test]
async fn a_transport_that_keeps_mails_without_a_word_gets_no_more_until_it_takes_one() {
    let two = Two::start().await;
    two.first.behave(Manners::DropsInData);
    for n in 0..3 {
        two.app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
        two.app.until(DELAYED, n + 1).await;
    }
    for n in 0..3 {
        let address = format!("eve{n}@example.com");
        two.app.browser().ask_for_mail(&address).await;
        two.second.first_to(&address).await;
        two.app.until(SENT, n + 1).await;
    }
    // One mail tries it again, the others wait a moment more.
    two.first.behave(Manners::Takes);
    two.app.clock.advance(MINUTE);
    let tried = "SELECT COUNT(*) FROM latchkey_outbox \
        WHERE state = 'sent' OR attempts > 1 AND leased_at IS NULL";
    two.app.until(tried, 6).await;
    two.app.clock.advance(MINUTE);
    two.app.until(SENT, 6).await;
    for n in 0..3 {
        two.first.first_to(&format!("ada{n}@example.com")).await;
    }
    two.app.browser().ask_for_mail("bea@example.com").await;
    two.first.first_to("bea@example.com").await;
    assert_eq!(two.second.count(), 3);
}
