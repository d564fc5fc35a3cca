//! An app whose provider reports what became of its mails.

use latchkey::server::ground::clock::SECOND;
use reqwest::StatusCode;
use serde_json::Value;

use super::{
    Answer, App, Browser,
    providers::{Kind, Provider},
    reporter::{Fate, Reporter, Signed},
    sns::Sns,
};

pub const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";
pub const HELD_BACK: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'suppressed'";
pub const SUPPRESSED: &str = "SELECT COUNT(*) FROM latchkey_suppressions";

pub const ADA: &str = "ada@example.com";
pub const GONE: &str = "550 5.1.1 <ada@example.com>: no such mailbox";

/// The app, and its provider with the part that reports.
pub struct Reporting {
    pub app: App,
    pub provider: Provider,
    pub reporter: Reporter,
    /// Of SES only.
    pub sns: Option<Sns>,
    /// Path of the hook.
    pub path: String,
    _folder: tempfile::TempDir,
}

impl Reporting {
    pub async fn start(kind: Kind) -> Self {
        Self::with(kind, "it", |key| key, "").await
    }

    /// The same for a transport of this name, with what `keys` makes of the hook's key, and with
    /// `more` in the policy.
    pub async fn with(
        kind: Kind,
        name: &str,
        keys: impl FnOnce(String) -> String,
        more: &str,
    ) -> Self {
        let provider = Provider::start(kind).await;
        let sns = if kind == Kind::Ses { Some(Sns::start().await) } else { None };
        let reporter = Reporter::new(kind, sns.as_ref());
        let (entry, hook_key) = (provider.keys(), keys(reporter.hook_key()));
        let text = format!(
            "[[mail.transports]]\nname = \"{name}\"\n{entry}\nhook_key = \"{hook_key}\"\n{more}"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Leptos.toml");
        std::fs::write(&file, text).unwrap();
        let app = match &sns {
            Some(sns) => App::with_amazon(&file, &[], sns.client()).await,
            None => App::with_file(&file).await,
        };
        let path = format!("/hooks/mail/{name}");
        Reporting { app, provider, reporter, sns, path, _folder: folder }
    }

    /// A browser that waits for a mail to Ada, which the provider has accepted.
    pub async fn waiting(&self) -> Browser {
        let (sent, browser) = (self.app.count(SENT).await, self.app.browser());
        browser.ask_for_mail(ADA).await;
        self.app.until(SENT, sent + 1).await;
        self.app.clock.advance(2 * SECOND);
        browser
    }

    /// A report of the newest mail, signed now.
    pub fn report(&self, fate: Fate) -> Signed {
        let (id, now) = (self.provider.newest_id(), self.app.clock.now());
        self.reporter.report(fate, &id, ADA, GONE, now)
    }

    /// Sends a report, and returns its answer.
    pub async fn sends(&self, report: &Signed) -> Answer {
        let program = self.app.browser();
        program.send(report.to(&program, &self.path)).await
    }

    /// Reports of the newest mail, which is taken.
    pub async fn reports(&self, fate: Fate) {
        let answer = self.sends(&self.report(fate)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}: {answer:?}", self.provider.kind);
    }

    /// The standing of its mail that a browser's page shows.
    pub async fn standing(&self, browser: &Browser) -> Value {
        browser.get("/actions/progress").await.json()
    }

    /// The trouble in it; empty if there is none.
    pub async fn trouble(&self, browser: &Browser) -> String {
        self.standing(browser).await["trouble"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks for another mail, as soon as that is allowed.
    pub async fn asks_again(&self, browser: &Browser) {
        self.app.clock.advance(31 * SECOND);
        let asked = browser.post_form("/actions/resend-passwordless", &[]).await;
        assert!(asked.goes_to().starts_with("/login/code"));
    }

    /// The number of events of this name.
    pub async fn events(&self, name: &str) -> usize {
        let events = self.app.texts("SELECT event FROM latchkey_audit_events").await;
        events.iter().filter(|event| *event == name).count()
    }

    /// The number of reports of this kind that were counted for a transport.
    pub async fn counted(&self, transport: &str, kind: &str) -> u64 {
        let metrics = self.app.browser().get("/metrics").await.body;
        let name = "latchkey_mail_reports_total";
        let is_of = |line: &&str| {
            line.starts_with(name)
                && line.contains(&format!("transport=\"{transport}\""))
                && line.contains(&format!("kind=\"{kind}\""))
        };
        let line = metrics.lines().find(is_of);
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}
