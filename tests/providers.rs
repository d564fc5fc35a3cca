//! Providers' APIs and the team's own service as transports: what they receive, when the next
//! transport takes over, and what is never told.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    secrecy,
    support::{
        App, Inbox,
        providers::{Behaviour, KINDS, Kind, Provider, SECRET_KEY, SIGNING_KEY, TOKEN},
    },
};

const SENT: &str = "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'";
const DELAYED: &str = "SELECT COUNT(*) FROM latchkey_outbox \
    WHERE state = 'queued' AND last_error IS NOT NULL";

/// An app that sends mails by a provider first, and by a mail server second.
struct Two {
    app: App,
    second: Inbox,
    _folder: TempDir,
}

impl Two {
    /// `keys` are those of the first transport.
    async fn with(keys: &str) -> Self {
        let second = Inbox::start().await;
        let url = second.smtp_url();
        let text = format!(
            "[[mail.transports]]\nname = \"first\"\n{keys}\n\
             [[mail.transports]]\nname = \"second\"\nkind = \"smtp\"\nurl = \"{url}\"\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Leptos.toml");
        std::fs::write(&file, text).unwrap();
        let quick = [("LATCHKEY_MAIL__TIMEOUT", "1"), ("LATCHKEY_AUTH__RESEND_COOLDOWN", "10")];
        let app = App::with_file_and(&file, &quick).await;
        Two { app, second, _folder: folder }
    }

    async fn ask(&self, address: &str) {
        self.app.browser().ask_for_mail(address).await;
    }
}

/// A server that reads one request after the other, answers each with these bytes, and hangs up.
async fn rude(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut length) = (Vec::new(), usize::MAX);
            while request.len() < length && stream.read_buf(&mut request).await.unwrap_or(0) > 0 {
                let text = String::from_utf8_lossy(&request).to_lowercase();
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    let body = head.split_once("content-length: ").unwrap().1;
                    let body: usize = body.lines().next().unwrap().parse().unwrap();
                    length = head.len() + 4 + body;
                }
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn people_sign_in_by_the_mail_as_each_provider_receives_it() {
    for kind in KINDS {
        let provider = Provider::start(kind).await;
        let two = Two::with(&provider.keys()).await;
        let ada = two.app.browser();
        ada.ask_for_mail("ada+a/b@example.com").await;
        let mail = provider.first_to("ada+a/b@example.com").await;
        assert!(mail.subject.contains("Latchkey"), "{kind:?}: {}", mail.subject);
        assert!(mail.html.contains(mail.link_token()), "{kind:?}: text and HTML say the same");
        if kind != Kind::Http {
            assert_eq!(
                mail.header("Auto-Submitted").as_deref(),
                Some("auto-generated"),
                "{kind:?}"
            );
            let id = mail.header("Message-ID").unwrap();
            assert!(id.starts_with('<') && id.ends_with('>'), "{kind:?}: {id}");
        }
        if matches!(kind, Kind::Postmark | Kind::Resend | Kind::SendGrid | Kind::Http) {
            assert_eq!(mail.from, "Example <no-reply@example.com>", "{kind:?}");
        }
        assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard", "{kind:?}");
        two.app.until(SENT, 1).await;
        let ids = two.app.texts("SELECT message_id FROM latchkey_outbox").await;
        assert_eq!(ids, ["0100-1"], "{kind:?}: bounces are told by this id");
        assert_eq!((provider.count(), two.second.count()), (1, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn the_next_transport_takes_over_at_once_when_a_provider_surely_did_not_accept_a_mail() {
    let provider = Provider::start(Kind::Resend).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let listed = |url: &str| provider.keys_by(url) + "\nnetworks = [\"127.0.0.1\"]";
    // A server that accepts connections and never speaks TLS, one that is not there, and one that
    // is at an address that it must not be at.
    let silent = listed(&format!("https://{}", silent.local_addr().unwrap()));
    let gone = listed(&format!("http://{gone}"));
    let private = provider.keys_by(&provider.url.replace("127.0.0.1", "localhost"));
    for (keys, says, why) in [
        (provider.keys(), Some((401, "{\"message\": \"API key is invalid\"}")), "401: API key"),
        (provider.keys(), Some((403, "{\"message\": \"verify the domain\"}")), "403: verify"),
        (provider.keys(), Some((429, "{\"message\": \"daily quota\"}")), "429: daily quota"),
        (provider.keys(), Some((422, "{\"message\": \"odd\"}")), "422: odd"),
        (provider.keys(), Some((500, "")), "500"),
        (provider.keys(), Some((503, "<html>")), "503"),
        (provider.keys(), Some((307, "")), "redirect"),
        (silent, None, "timed out"),
        (gone, None, "onnect"),
        (private, None, "networks"),
    ] {
        if let Some((status, body)) = says {
            provider.behave(Behaviour::Says(status, body));
        }
        let two = Two::with(&keys).await;
        two.ask("ada@example.com").await;
        two.second.first_to_within("ada@example.com", Duration::from_secs(15)).await;
        two.app.until(SENT, 1).await;
        let only = ["send-test-mail", "ada@example.com", "--by", "first"];
        let (code, said) = two.app.command(&only).await;
        assert!(code == 1 && said.contains(why), "{why}: {said}");
        // Nothing is sent to where it would lead.
        assert!(!provider.heard().iter().any(|line| line.contains("elsewhere")));
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_mail_that_a_provider_may_have_accepted_is_sent_by_no_other() {
    // Each answer comes after the whole request was read.
    for answer in [
        "",
        "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{\"MessageId\": \"01",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n",
    ] {
        let keys = format!("{}\nurl = \"{}\"", Kind::Ses.keys(), rude(answer).await);
        let two = Two::with(&format!("{keys}\nnetworks = [\"127.0.0.1\"]")).await;
        let ada = two.app.browser();
        ada.ask_for_mail("ada@example.com").await;
        two.app.until(DELAYED, 1).await;
        let bound = two.app.texts("SELECT transport FROM latchkey_outbox").await;
        assert_eq!((bound, two.second.count()), (vec!["first".to_owned()], 0), "{answer:?}");
        // Whoever asks again is not kept waiting by it.
        two.app.clock.advance(11 * SECOND);
        ada.post_form("/actions/resend-passwordless", &[]).await;
        two.second.first_to("ada@example.com").await;
    }
}

#[tokio::test]
async fn a_mail_goes_to_the_same_provider_again_once_that_answers_as_documented() {
    let provider = Provider::start(Kind::Postmark).await;
    provider.behave(Behaviour::Says(200, "<html>welcome</html>"));
    let two = Two::with(&provider.keys()).await;
    two.ask("ada@example.com").await;
    two.app.until(DELAYED, 1).await;
    provider.behave(Behaviour::Takes);
    two.app.until_mail_is_tried_again().await;
    provider.first_to("ada@example.com").await;
    two.app.until(SENT, 1).await;
    assert_eq!(two.second.count(), 0);
}

#[tokio::test]
async fn a_mail_that_was_being_sent_when_the_process_ended_comes_with_the_same_key_and_once() {
    for kind in [Kind::Resend, Kind::Http] {
        let provider = Provider::start(kind).await;
        let mut two = Two::with(&provider.keys()).await;
        provider.behave(Behaviour::TakesAndFallsSilent);
        two.ask("ada@example.com").await;
        provider.first_to("ada@example.com").await;
        two.app.worker.abort();
        provider.behave(Behaviour::Takes);
        two.app.restart().await;
        two.app.clock.advance(MINUTE);
        two.app.until(SENT, 1).await;
        let keys = provider.mail_keys();
        let id = two.app.texts("SELECT id FROM latchkey_outbox").await;
        assert_eq!(keys, [id[0].clone(), id[0].clone()], "{kind:?}");
        assert_eq!((provider.count(), two.second.count()), (1, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn a_providers_refusal_of_the_recipient_is_final() {
    let provider = Provider::start(Kind::Postmark).await;
    provider.suppress("ada@example.com");
    let two = Two::with(&provider.keys()).await;
    two.ask("ada@example.com").await;
    two.app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'failed'", 1).await;
    assert_eq!((provider.count(), two.second.count()), (0, 0));
}

#[tokio::test]
async fn a_provider_that_repeats_what_it_was_sent_spills_no_secret() {
    let log = secrecy::log();
    for kind in KINDS {
        let provider = Provider::start(kind).await;
        provider.behave(Behaviour::Echoes);
        let two = Two::with(&provider.keys()).await;
        two.ask("provider-ada@example.com").await;
        let mail = two.second.first_to("provider-ada@example.com").await;
        two.app.until(SENT, 1).await;
        // It went by another transport: what the first said is in its own words.
        let (_, said) = two.app.command(&["send-test-mail", "eve@example.com"]).await;
        assert!(said.contains("it did not take it: it answered 400: bad:"), "{kind:?}: {said}");
        // And alone, where nobody takes over.
        let alone = Two::with(&format!("{}\ndomains = [\"b.example\"]", provider.keys())).await;
        alone.second.behave(crate::support::Manners::RefusesForNow);
        alone.ask("provider-eve@example.com").await;
        alone.ask("provider-eve@b.example").await;
        alone.app.until(DELAYED, 2).await;
        let events = alone.app.texts("SELECT reason FROM latchkey_audit_events").await.join("\n");
        let errors = "SELECT last_error FROM latchkey_outbox WHERE last_error IS NOT NULL";
        let errors = alone.app.texts(errors).await.join("\n");
        let metrics = two.app.browser().get("/metrics").await.body;
        let (_, checked) = two.app.command(&["check"]).await;
        let all = [said, events, errors, metrics, checked, log.text()].join("\n");
        assert!(all.contains("p***@b.example"), "{kind:?}: the address is masked");
        let (first, last) = mail.code().split_at(3);
        for secret in [
            mail.link_token(),
            &format!("{first} {last}"),
            TOKEN,
            SECRET_KEY,
            SIGNING_KEY,
            "provider-ada@example.com",
            "link_token=",
        ] {
            let line = all.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{kind:?}: somebody is told {secret}");
        }
    }
}

#[tokio::test]
async fn a_mail_whose_lease_ran_out_while_a_provider_cleared_its_list_is_sent_once() {
    let provider = Provider::start(Kind::Postmark).await;
    let two = Two::with(&provider.keys()).await;
    two.app
        .run_sql(
            "INSERT INTO latchkey_suppressions (address, kind, said, transport, created_at) \
             VALUES ('ada@example.com', 'complaint', 'spam', 'first', 0)",
        )
        .await;
    let ada = two.app.browser();
    ada.ask_for_mail("ada@example.com").await;
    two.app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'suppressed'", 1).await;
    two.app.clock.advance(11 * SECOND);
    provider.behave(Behaviour::HoldsLifts);
    ada.post_form("/actions/try-again", &[]).await;
    provider.lifts(1).await;
    two.app.clock.advance(MINUTE + SECOND);
    // Another worker has it now.
    provider.lifts(2).await;
    provider.behave(Behaviour::Takes);
    two.app.until(SENT, 1).await;
    two.ask("eve@example.com").await;
    provider.first_to("eve@example.com").await;
    two.app.until(SENT, 2).await;
    assert_eq!(provider.count(), 2, "{:?}", provider.heard());
}
