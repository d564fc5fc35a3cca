//! The numbers of mails in `/metrics`.

use latchkey::server::ground::{
    clock::{Clock, SECOND},
    webhook::WebhookKey,
};
use reqwest::StatusCode;
use serde_json::json;
use std::{fs, time::Duration};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{
    Inbox, Program, client, database,
    providers::{Behaviour, Kind, Provider, SIGNING_KEY},
};

/// A program that sends mails by a service of the team first, which reports what becomes of them,
/// and by a mail server second.
struct Delivery {
    program: Program,
    team: Provider,
    second: Inbox,
    _folder: TempDir,
}

impl Delivery {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(variables: &[(&str, &str)]) -> Self {
        let (team, second) = (Provider::start(Kind::Http).await, Inbox::start().await);
        let text = format!(
            "[[mail.transports]]\nname = \"team\"\n{}\nhook_key = \"{SIGNING_KEY}\"\n\
             [[mail.transports]]\nname = \"second\"\nkind = \"smtp\"\nurl = \"{}\"\n",
            team.keys(),
            second.smtp_url()
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Leptos.toml");
        fs::write(&file, text).unwrap();
        let mut all = vec![
            ("LATCHKEY_CONFIG", file.to_str().unwrap()),
            ("SMTP_URL", ""),
            ("LATCHKEY_LIMITS__SENDS_PER_MINUTE", "1000"),
        ];
        all.extend(variables);
        let database_url = database::fresh(folder.path()).await;
        let program = Program::with(database_url, &all).await;
        Delivery { program, team, second, _folder: folder }
    }

    async fn ask(&self, address: &str) {
        self.program.browser().ask_for_mail(address).await;
    }

    /// Asks for a mail, and returns its id once the team's service has it.
    async fn sent(&self, address: &str) -> String {
        self.ask(address).await;
        self.team.first_to(address).await;
        self.team.mail_keys().pop().unwrap()
    }

    /// The team's service reports, by a message of this name, what became of a mail.
    async fn report(&self, name: &str, mail_id: &str, kind: &str) -> StatusCode {
        self.report_by(SIGNING_KEY, name, mail_id, kind).await
    }

    async fn report_by(&self, key: &str, name: &str, mail_id: &str, kind: &str) -> StatusCode {
        let body = json!({ "mail_id": mail_id, "kind": kind, "said": "550 5.1.1 unknown" });
        let (body, seconds) = (body.to_string(), Clock::System.now() / SECOND);
        let signature = WebhookKey::parse(key).unwrap().sign(name, seconds, body.as_bytes());
        let request = client()
            .post(format!("{}/hooks/mail/team", self.program.url()))
            .header("webhook-id", name)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        request.send().await.unwrap().status()
    }

    async fn metrics(&self) -> String {
        self.program.browser().get("/metrics").await.body
    }

    /// Waits until `/metrics` has this line.
    async fn until(&self, line: &str) {
        for _ in 0..800 {
            if self.metrics().await.lines().any(|told| told == line) {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("{line} is not in {}", self.metrics().await);
    }

    /// Waits until this many mails are counted.
    async fn until_mails(&self, transport: &str, domain: &str, result: &str, count: u32) {
        let labels = format!("transport=\"{transport}\",domain=\"{domain}\",result=\"{result}\"");
        self.until(&format!("latchkey_mails_total{{{labels}}} {count}")).await;
    }
}

#[tokio::test]
async fn what_becomes_of_a_mail_is_counted_by_transport_and_domain() {
    let all = Delivery::start().await;
    all.until_mails("team", "other", "complaint", 0).await;
    all.until("latchkey_mails_taken_over_total{transport=\"second\"} 0").await;
    let ada = all.sent("ada@example.com").await;
    all.until_mails("team", "example.com", "sent", 1).await;
    all.until("latchkey_mail_seconds_count{transport=\"team\"} 1").await;
    all.until("latchkey_mail_seconds_bucket{transport=\"team\",le=\"30\"} 1").await;
    let eve = all.sent("eve@example.net").await;
    all.until_mails("team", "example.net", "sent", 1).await;

    all.team.behave(Behaviour::Says(451, ""));
    all.ask("bob@example.com").await;
    all.until_mails("team", "example.com", "delayed", 1).await;
    all.until_mails("second", "example.com", "sent", 1).await;
    all.until("latchkey_mails_taken_over_total{transport=\"second\"} 1").await;
    all.team.behave(Behaviour::Says(422, "{\"error\": \"recipient\"}"));
    all.ask("cyd@example.com").await;
    all.until_mails("team", "example.com", "refused", 1).await;
    all.team.behave(Behaviour::Says(503, ""));
    all.ask("dan@example.com").await;
    all.until_mails("team", "example.com", "refused_us", 1).await;
    all.team.behave(Behaviour::Takes);

    for kind in ["delivered", "soft", "hard"] {
        assert_eq!(all.report(kind, &ada, kind).await, StatusCode::NO_CONTENT);
    }
    // The same report once more.
    all.report("hard", &ada, "hard").await;
    all.report("complaint", &eve, "complaint").await;
    all.until_mails("team", "example.com", "delayed", 2).await;
    all.until_mails("team", "example.com", "returned", 1).await;
    all.until_mails("team", "example.net", "complaint", 1).await;
    all.until("latchkey_suppressions{kind=\"hard\"} 1").await;
    all.until("latchkey_suppressions{kind=\"complaint\"} 1").await;
    all.ask("ada@example.com").await;
    all.until_mails("none", "example.com", "held_back", 1).await;

    let forged = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let refused = all.report_by(forged, "forged", &ada, "hard").await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    all.until("latchkey_hooks_refused_total{transport=\"team\",why=\"forged\"} 1").await;
    all.until("latchkey_hooks_refused_total{transport=\"team\",why=\"stale\"} 0").await;
}

#[tokio::test]
async fn a_mail_that_waits_for_its_own_transport_is_counted_under_it() {
    let all = Delivery::start().await;
    all.until("latchkey_mails_bound{transport=\"team\"} 0").await;
    // It may have accepted it, so no other may send it.
    all.team.behave(Behaviour::Says(502, ""));
    all.ask("ada@example.com").await;
    all.until("latchkey_mails_bound{transport=\"team\"} 1").await;
    all.until("latchkey_mails_queued 1").await;
    all.team.behave(Behaviour::Takes);
    all.until("latchkey_mails_bound{transport=\"team\"} 0").await;
    all.until("latchkey_mails_queued 0").await;
}

#[tokio::test]
async fn a_withheld_mail_is_counted_for_operators_and_creates_no_series_of_its_domain() {
    let all = Delivery::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    all.ask("nobody@made-up.example").await;
    all.until_mails("none", "other", "withheld", 1).await;
    assert_eq!(all.team.count(), 0);
    assert!(!all.metrics().await.contains("made-up"));
}

#[tokio::test]
async fn a_flood_of_domains_creates_21_series_of_a_result() {
    let all = Delivery::start().await;
    for n in 0..30 {
        all.ask(&format!("ada@made-up{n}.example")).await;
    }
    all.until_mails("team", "other", "sent", 10).await;
    let metrics = all.metrics().await;
    let sent = metrics.lines().filter(|line| line.contains("result=\"sent\""));
    assert_eq!(sent.filter(|line| line.contains("\"team\"")).count(), 21, "{metrics}");
}
