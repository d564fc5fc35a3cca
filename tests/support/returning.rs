//! An app whose mails may come back, and the reports that bring them.

use latchkey::server::ground::clock::SECOND;

use super::{App, Browser, Inbox, Mail};

const TRANSPORT: &str = "[[mail.transports]]\nname = \"own\"\nkind = \"smtp\"\n\
    return_path = \"bounces@example.com\"\n";

/// An app whose mails return to paths of their own, and its mail server.
pub struct Returning {
    pub app: App,
    pub inbox: Inbox,
    _folder: tempfile::TempDir,
}

impl Returning {
    pub const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";

    pub async fn start() -> Self {
        Returning::with(&[]).await
    }

    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let (inbox, folder) = (Inbox::start().await, tempfile::tempdir().unwrap());
        let file = folder.path().join("Leptos.toml");
        std::fs::write(&file, format!("{TRANSPORT}url = \"{}\"\n", inbox.smtp_url())).unwrap();
        Returning { app: App::with_file_and(&file, variables).await, inbox, _folder: folder }
    }

    /// A browser that waits for a mail to `address`, which was accepted, and the mail.
    pub async fn waiting(&self, address: &str) -> (Browser, Mail) {
        let sent = self.app.count(Self::SENT).await;
        let browser = self.app.browser();
        browser.ask_for_mail(address).await;
        self.app.until(Self::SENT, sent + 1).await;
        self.app.clock.advance(2 * SECOND);
        let count = self.inbox.count_to(address);
        (browser, self.inbox.nth_to(address, count).await)
    }

    /// The mail comes back to its return path, and the mail server pipes it into the program.
    pub async fn comes_back(&self, mail: &Mail, status: &str, words: &str) -> String {
        self.told(mail, &report(&mail.from, &mail.to, status, words)).await
    }

    /// The same with a report of the story's own.
    pub async fn told(&self, mail: &Mail, report: &str) -> String {
        self.app.said_by(&["bounce", "--to", &mail.from], report).await
    }

    /// The fate of its mail, as the page of `browser` says it.
    pub async fn standing(&self, browser: &Browser) -> serde_json::Value {
        browser.get("/actions/progress").await.json()
    }

    pub async fn asks_again(&self, browser: &Browser) {
        self.app.clock.advance(31 * SECOND);
        let asked = browser.post_form("/actions/resend-passwordless", &[]).await;
        assert!(asked.goes_to().starts_with("/login/code"));
    }
}

/// A delivery report (RFC 3464) of a mail server.
pub fn report(return_path: &str, recipient: &str, status: &str, words: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nTo: {return_path}\r\nSubject: Undelivered Mail\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; \
         boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt was not delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {words}\r\n\r\n--b--\r\n"
    )
}
