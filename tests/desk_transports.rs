//! Transports that an operator passes over, from the desk's page Now.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use std::{fs, path::PathBuf, time::Duration};

use crate::{
    overrides::{set, steered},
    support::{
        App, Browser, Inbox, Manners,
        desk::{operator, policy, with_desk},
        forms::{link, submit},
    },
};

const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";
const DELAYED: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND last_error IS NOT NULL";

/// An app with a desk that sends mails by the servers of two inboxes.
struct Two {
    app: App,
    first: Inbox,
    second: Inbox,
    file: PathBuf,
}

/// An entry of the policy file.
fn entry(name: &str, inbox: &Inbox) -> String {
    let url = inbox.smtp_url();
    format!("[[mail.transports]]\nname = \"{name}\"\nkind = \"smtp\"\nurl = \"{url}\"\n")
}

impl Two {
    async fn start() -> Self {
        Two::with(&["first", "second"]).await
    }

    /// Starts with these entries in the file.
    async fn with(names: &[&str]) -> Self {
        let (first, second) = (Inbox::start().await, Inbox::start().await);
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
        fs::write(&file, text(names, &first, &second, 90)).unwrap();
        let app = App::with_file(&file).await;
        Two { app, first, second, file }
    }

    /// Writes the file with these entries, and waits until it is in force.
    async fn write(&self, names: &[&str]) {
        fs::write(&self.file, text(names, &self.first, &self.second, 91)).unwrap();
        crate::overrides::until_filed(&self.app, 91).await;
    }

    /// Signs an operator in, by a mail of the first server.
    async fn steer(&self) -> Browser {
        let steer = self.app.browser();
        steer.ask_for_mail("steer@example.com").await;
        let mail = self.first.first_to("steer@example.com").await;
        assert_eq!(steer.get(mail.link()).await.goes_to(), "/dashboard");
        steer
    }

    async fn ask(&self, address: &str) {
        self.app.browser().ask_for_mail(address).await;
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// A policy file whose days of the audit table tell it from others.
fn text(names: &[&str], first: &Inbox, second: &Inbox, days: u32) -> String {
    let inbox = |name: &str| if name == "first" { first } else { second };
    let entries: String = names.iter().map(|name| entry(name, inbox(name))).collect();
    policy(&format!("[audit]\nkeep_days = {days}\n{entries}"))
}

#[tokio::test]
async fn a_transport_that_is_passed_over_gets_no_new_mails_until_it_is_used_again() {
    let two = Two::start().await;
    let other = two.app.beside().await;
    let steer = two.steer().await;
    let now = steer.get("/desk").await.body;
    let page = steer.get(&link(&now, "Pass over: first").unwrap()).await.body;
    submit(&steer, &page, "/actions/desk-steer", &[("reason", "it is slow")]).await.goes_to();
    two.ask("ada@example.com").await;
    two.second.first_to("ada@example.com").await;
    if let Some(other) = &other {
        while other.auth.policy().mail.passed_over.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        other.browser().ask_for_mail("bea@example.com").await;
        two.second.first_to("bea@example.com").await;
    }
    assert_eq!(two.first.recipients(), ["steer@example.com"]);

    let now = steer.get("/desk").await.body;
    assert!(now.contains("gets no new emails"), "{now}");
    assert!(link(&now, "Pass over: second").is_none(), "nothing would be left");
    let to = link(&now, "Use again: first").unwrap();
    let page = steer.get(&to).await.body;
    let (_, line) = to.split_once('#').unwrap();
    let (_, row) = page.split_once(&format!("id=\"{line}\"")).unwrap();
    let back = [("reason", "it is mended")];
    submit(&steer, row, "/actions/desk-take-back", &back).await.goes_to();
    two.ask("cleo@example.com").await;
    two.first.first_to("cleo@example.com").await;
}

#[tokio::test]
async fn a_mail_that_a_transport_may_have_accepted_stays_bound_to_it_when_it_is_passed_over() {
    let two = Two::start().await;
    two.first.behave(Manners::DropsInData);
    two.ask("ada@example.com").await;
    two.app.until(DELAYED, 1).await;
    steered(&two.app, &[set("mail.passed_over", "first")]).await.unwrap();
    two.ask("eve@example.com").await;
    two.app.until(SENT, 1).await;
    two.first.behave(Manners::Takes);
    two.app.clock.advance(MINUTE);
    two.first.first_to("ada@example.com").await;
    two.app.until(SENT, 2).await;
    assert_eq!((two.first.count(), two.second.count()), (1, 1));
}

#[tokio::test]
async fn while_the_others_refuse_us_mails_wait_and_the_one_that_is_passed_over_is_not_asked() {
    let two = Two::start().await;
    steered(&two.app, &[set("mail.passed_over", "first")]).await.unwrap();
    two.second.behave(Manners::RefusesGreeting);
    two.ask("ada@example.com").await;
    two.app.until(DELAYED, 1).await;
    for n in 0..3 {
        two.ask(&format!("eve{n}@example.com")).await;
    }
    // They are taken up only after its wait.
    assert_eq!(two.app.count(DELAYED).await, 1);
    two.second.behave(Manners::Takes);
    while two.app.count(SENT).await < 4 {
        two.app.clock.advance(SECOND);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((two.first.count(), two.second.count()), (0, 4));
}

#[tokio::test]
async fn one_transport_is_left_and_only_one_that_is_there_is_passed_over() {
    let two = Two::start().await;
    for (names, says) in [
        ("first, second", "mail.passed_over names every transport: no mail would be sent"),
        ("third", "mail.passed_over names \"third\", and [[mail.transports]] has no entry"),
        ("First!", "mail.passed_over is bad: a name of 1 to 32 lower-case letters"),
    ] {
        let refused = steered(&two.app, &[set("mail.passed_over", names)]).await.unwrap_err();
        assert!(refused.to_string().starts_with(says), "{refused}");
    }
    assert!(two.app.auth.policy().mail.passed_over.is_empty());
    let only = with_desk("").await;
    let page = operator(&only, "steer").await.get("/desk").await.body;
    assert!(link(&page, "Pass over: smtp").is_none(), "there is no other");
}

#[tokio::test]
async fn an_override_that_names_a_transport_which_the_file_no_longer_has_is_left_out() {
    let two = Two::start().await;
    let steer = two.steer().await;
    steered(&two.app, &[set("mail.passed_over", "second")]).await.unwrap();
    two.write(&["first"]).await;
    assert!(two.app.auth.policy().mail.passed_over.is_empty());
    let page = steer.get("/desk/steer").await.body;
    let told = "mail.passed_over names \"second\", and [[mail.transports]] has no entry";
    assert!(page.contains("These overrides are not in force"), "{page}");
    assert!(page.contains(told), "{page}");
    two.ask("ada@example.com").await;
    two.first.first_to("ada@example.com").await;
}

#[tokio::test]
async fn mails_go_by_the_only_transport_that_is_open_even_if_the_file_has_another() {
    let two = Two::with(&["first"]).await;
    two.write(&["first", "second"]).await;
    // The second is opened at the next start.
    steered(&two.app, &[set("mail.passed_over", "first")]).await.unwrap();
    two.ask("ada@example.com").await;
    two.first.first_to("ada@example.com").await;
}
