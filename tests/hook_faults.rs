//! Reports that are forged, old, copied, broken, early or about something else, and hooks that are
//! not there.

use latchkey::server::ground::clock::HOUR;
use reqwest::Method;
use serde_json::json;
use std::{process::Command, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    SECRET,
    database::while_nothing_is_written,
    providers::{Behaviour, KINDS, Kind, Provider},
    reporter::{Fate, Reporter},
    reporting::{ADA, GONE, Reporting, SENT, SUPPRESSED},
};

/// Time in which a request comes in hand.
const SOON: Duration = Duration::from_millis(500);

/// Nothing was made of a report.
async fn nothing_happened(all: &Reporting, what: &str) {
    let kind = all.provider.kind;
    assert_eq!(all.events("mail.returned").await, 0, "{kind:?}: {what}");
    assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}: {what}");
    assert_eq!(all.app.count(SENT).await, 1, "{kind:?}: {what}");
}

#[tokio::test]
async fn a_report_that_its_provider_has_not_signed_lately_is_refused() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        all.waiting().await;
        let (id, now) = (all.provider.newest_id(), all.app.clock.now());
        let forger = Reporter::new(kind, None);
        let forged = forger.report(Fate::Dead, &id, ADA, GONE, now);
        let good = all.report(Fate::Dead);
        let mut changed = good.clone();
        changed.body = good.body.replace(ADA, "eve@example.com");
        let mut all_of_it = vec![("forged", forged)];
        // Mailgun signs nothing of the event, Postmark nothing at all.
        if !matches!(kind, Kind::Mailgun | Kind::Postmark) {
            all_of_it.push(("changed", changed));
        }
        // Theirs is in the body.
        if !matches!(kind, Kind::Mailgun | Kind::Ses) {
            all_of_it.push(("bare", good.bare()));
        }
        if kind != Kind::Postmark {
            let at = |at| all.reporter.report(Fate::Dead, &id, ADA, GONE, at);
            all_of_it.push(("old", at(now - 26 * HOUR)));
            all_of_it.push(("of the future", at(now + HOUR)));
        }
        for (what, report) in all_of_it {
            let refused = all.sends(&report).await;
            assert_eq!(refused.status, 401, "{kind:?}: {what}: {refused:?}");
            assert!(!refused.body.contains(ADA), "{kind:?}: {what}: {}", refused.body);
            nothing_happened(&all, what).await;
        }
    }
}

#[tokio::test]
async fn a_second_copy_of_a_report_is_taken_and_changes_nothing() {
    for kind in KINDS {
        let name = format!("copied-{kind:?}").to_lowercase();
        let all = Reporting::with(kind, &name, |key| key, "").await;
        all.waiting().await;
        let report = all.report(Fate::Dead);
        for _ in 0..3 {
            assert_eq!(all.sends(&report).await.status, 204, "{kind:?}");
        }
        assert_eq!(all.events("mail.returned").await, 1, "{kind:?}");
        assert_eq!(all.counted(&name, "hard").await, 1, "{kind:?}");
        all.app.said_by(&["suppressions", "lift", ADA], "").await;
        assert_eq!(all.sends(&report).await.status, 204, "{kind:?}");
        assert_eq!(all.app.count(SUPPRESSED).await, 0, "{kind:?}: it was lifted since");
    }
}

#[tokio::test]
async fn a_report_about_a_mail_of_somebody_else_is_taken_and_changes_nothing() {
    for kind in [Kind::Resend, Kind::Http] {
        // Another transport of the same kind, which has sent nothing.
        let other = Provider::start(kind).await;
        let liar = Reporter::new(kind, None);
        let more = format!(
            "[[mail.transports]]\nname = \"other\"\n{}\nhook_key = \"{}\"\n",
            other.keys(),
            liar.hook_key()
        );
        let name = format!("mine-{kind:?}").to_lowercase();
        let all = Reporting::with(kind, &name, |key| key, &more).await;
        all.waiting().await;
        let (id, now) = (all.provider.newest_id(), all.app.clock.now());
        let before = all.counted("none", "hard").await;
        let never_sent = all.reporter.report(Fate::Dead, "0100-99", ADA, GONE, now);
        assert_eq!(all.sends(&never_sent).await.status, 204);
        let of_another = liar.report(Fate::Dead, &id, ADA, GONE, now);
        let program = all.app.browser();
        let told = program.send(of_another.to(&program, "/hooks/mail/other")).await;
        assert_eq!(told.status, 204);
        nothing_happened(&all, "not its own").await;
        assert!(all.counted("none", "hard").await >= before + 2, "{kind:?}");
        assert_eq!(all.counted(&name, "hard").await, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_report_that_overtakes_the_answer_about_its_mail_is_acted_on() {
    for kind in [Kind::SendGrid, Kind::Http] {
        let all = Reporting::start(kind).await;
        all.provider.behave(Behaviour::Holds);
        let ada = all.app.browser();
        ada.ask_for_mail(ADA).await;
        all.provider.first_to(ADA).await;
        let report = all.report(Fate::Dead);
        let told = async {
            tokio::time::sleep(SOON).await;
            all.provider.behave(Behaviour::Takes);
        };
        let (answer, ()) = tokio::join!(all.sends(&report), told);
        assert_eq!(answer.status, 204, "{kind:?}");
        assert!(all.trouble(&ada).await.contains("came back"), "{kind:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_cut_off_or_something_else_is_refused() {
    for kind in KINDS {
        let all = Reporting::start(kind).await;
        all.waiting().await;
        let mut large = all.report(Fate::Dead);
        large.body = format!("{}{}", large.body, " ".repeat(512 * 1024));
        assert_eq!(all.sends(&large).await.error(413), "payload_too_large", "{kind:?}");
        // As large as may be: it is read, and is what it says. Where all of it is signed, spaces
        // make it a forgery.
        let mut whole = all.report(Fate::Dead);
        whole.body += &" ".repeat(512 * 1024 - whole.body.len());
        let is_signed = matches!(kind, Kind::SendGrid | Kind::Resend | Kind::Http);
        let expected = if is_signed { 401 } else { 204 };
        assert_eq!(all.sends(&whole).await.status, expected, "{kind:?}");
        all.app.run_sql("DELETE FROM latchkey_audit_events").await;
        all.app.run_sql("DELETE FROM latchkey_suppressions").await;
        all.app.run_sql("UPDATE latchkey_outbox SET state = 'sent', last_error = NULL").await;
        for odd in [json!(null), json!("<html>"), json!([[[]]]), json!({ "type": 7 })] {
            let odd = all.reporter.signed(77, odd, all.app.clock.now());
            let status = all.sends(&odd).await.status.as_u16();
            assert!([204, 400].contains(&status), "{kind:?}: {status}");
        }
        for body in ["", "{", "\u{0}", "a=b&c=%00", "[{\"event\": \"bounce\""] {
            let mut odd = all.report(Fate::Dead);
            odd.body = body.to_owned();
            let status = all.sends(&odd).await.status.as_u16();
            assert!([400, 401].contains(&status), "{kind:?}: {status}");
        }
        let mut wire = TcpStream::connect(all.app.url.trim_start_matches("http://")).await.unwrap();
        let half = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900\r\n\r\n{{\"half\":",
            all.path
        );
        wire.write_all(half.as_bytes()).await.unwrap();
        wire.shutdown().await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{kind:?}: {answer}");
        nothing_happened(&all, "broken").await;
    }
}

#[tokio::test]
async fn a_transport_without_a_hook_has_none_and_no_page_may_post_to_one() {
    let quiet = Provider::start(Kind::Postmark).await;
    let more = format!("[[mail.transports]]\nname = \"quiet\"\n{}\n", quiet.keys());
    let all = Reporting::with(Kind::Postmark, "it", |key| key, &more).await;
    all.waiting().await;
    let (report, program) = (all.report(Fate::Dead), all.app.browser());
    for path in ["/hooks/mail/quiet", "/hooks/mail/nobody", "/hooks/mail/IT", "/hooks/mail/it%20"] {
        let refused = program.send(report.to(&program, path)).await;
        assert_eq!(refused.error(404), "invalid_request", "{path}");
        assert!(refused.body.contains("hook_key"), "{path}: {}", refused.body);
    }
    for path in ["/hooks/mail/", "/hooks/mail/it/more", "/hooks"] {
        assert!(!program.send(report.to(&program, path)).await.status.is_success(), "{path}");
    }
    let read = program.request(Method::GET, &all.path);
    assert_eq!(program.send(read).await.status, 405);
    // Even with the right password: it is a browser, and nobody there knows one.
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let posted = report.to(&program, &all.path).header(name, value);
        assert_eq!(program.send(posted).await.error(403), "forbidden_origin", "{name}");
    }
    nothing_happened(&all, "no hook").await;
}

#[tokio::test]
async fn while_one_key_replaces_another_both_are_believed() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Ses) {
        let next = Reporter::new(kind, None);
        let both = |key: String| format!("{key}, {}", next.hook_key());
        let all = Reporting::with(kind, "it", both, "").await;
        for reporter in [&all.reporter, &next] {
            all.waiting().await;
            let (id, now) = (all.provider.newest_id(), all.app.clock.now());
            let report = reporter.report(Fate::GivenUp, &id, ADA, GONE, now);
            assert_eq!(all.sends(&report).await.status, 204, "{kind:?}");
        }
        let stranger = Reporter::new(kind, None).report(Fate::Dead, "0100-1", ADA, GONE, 0);
        assert_eq!(all.sends(&stranger).await.status, 401, "{kind:?}");
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_sent_again_and_counts_once() {
    for kind in [Kind::Mailgun, Kind::Http] {
        let all = Reporting::start(kind).await;
        let ada = all.waiting().await;
        let report = all.report(Fate::Dead);
        let refused = while_nothing_is_written(&all.app.store, all.sends(&report)).await;
        assert_eq!(refused.error(503), "unavailable", "{kind:?}");
        assert_eq!(all.sends(&report).await.status, 204, "{kind:?}");
        assert!(all.trouble(&ada).await.contains("came back"), "{kind:?}");
        assert_eq!(all.events("mail.returned").await, 1, "{kind:?}");
    }
}

#[test]
fn a_wrong_hook_key_prevents_the_start_and_check_reports_it() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, key) in [
        ("ses", "arn:aws:sqs:eu-central-1:1:x"),
        ("postmark", "hunter2"),
        ("sendgrid", "MFkwhunter2"),
        ("mailgun", "hunter2"),
        ("resend", "whsec_hunter2"),
        ("http", "whsec_hunter2"),
        ("resend", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,"),
    ] {
        let keys = match kind {
            "ses" => "region = \"eu-central-1\"\naccess_key = \"a\"\nsecret_key = \"b\"",
            "mailgun" => "token = \"a\"\nsending_domain = \"mg.example.com\"",
            "http" => {
                "url = \"https://mail.example.com\"\n\
                 signing_key = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\""
            }
            _ => "token = \"a\"",
        };
        let text = format!(
            "[[mail.transports]]\nname = \"it\"\nkind = \"{kind}\"\n{keys}\nhook_key = \"{key}\"\n"
        );
        std::fs::write(folder.path().join("Leptos.toml"), text).unwrap();
        let run = |argument: &str| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_latchkey"));
            program.arg(argument).current_dir(folder.path()).env_clear();
            program.env("LEPTOS_SITE_ADDR", "127.0.0.1:1").env("SESSION_JWT_SECRET", SECRET);
            let output = program.output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.code().unwrap(), String::from_utf8(said).unwrap())
        };
        let says = "hook_key of \"it\" in mail.transports: ";
        let (code, told) = run("serve");
        assert_eq!(code, 2, "{kind}: {told}");
        assert!(told.starts_with(&format!("latchkey: {says}")), "{kind}: {told}");
        assert!(!told.contains("hunter2"), "{kind}: {told}");
        let (code, told) = run("check");
        assert_eq!(code, 1, "{kind}: {told}");
        assert!(told.contains(&format!("BAD  reports of mails: {says}")), "{kind}: {told}");
    }
}
