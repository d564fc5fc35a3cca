//! Bounds of the hooks' door, to which anybody may knock: it takes little of the server, and makes
//! it ask Amazon seldom.

use futures::{StreamExt, stream};
use latchkey::server::ground::clock::MINUTE;
use serde_json::Value;
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    secrecy,
    support::{
        providers::Kind,
        reporter::{Fate, Signed},
        reporting::{Reporting, SENT},
        sns::{CERTIFICATE, Signer},
    },
};

const EVE: &str = "eve@example.com";

/// A forged message of SNS that names a certificate.
fn forged(all: &Reporting, forger: &Signer, certificate: &str) -> Signed {
    let message = forger.notification("2", "m-1", "{}", all.app.clock.now());
    let body = message.to_string().replace(CERTIFICATE, certificate);
    Signed { headers: Vec::new(), body }
}

#[tokio::test]
async fn a_stranger_who_knows_the_topic_makes_us_ask_amazon_a_few_times_a_minute() {
    let all = Reporting::start(Kind::Ses).await;
    let (sns, forger) = (all.sns.as_ref().unwrap(), Signer::draw());
    all.waiting().await;
    let storm = async |first: u32| {
        let names = (first..first + 30).map(|n| format!("/SimpleNotificationService-{n:08x}.pem"));
        let messages: Vec<Signed> = names.map(|name| forged(&all, &forger, &name)).collect();
        let answers = stream::iter(&messages).map(|message| all.sends(message));
        let answers: Vec<_> = answers.buffer_unordered(10).collect().await;
        for answer in answers {
            assert_eq!(answer.error(503), "unavailable");
        }
    };
    storm(0).await;
    assert_eq!(sns.asked().len(), 4);
    storm(100).await;
    assert_eq!(sns.asked().len(), 4);
    // True reports come through within a minute, and then whatever a stranger does.
    all.app.clock.advance(MINUTE);
    let report = all.report(Fate::Late);
    assert_eq!(all.sends(&report).await.status, 204);
    assert_eq!(sns.asked().len(), 5);
    storm(200).await;
    let forgery = forged(&all, &forger, CERTIFICATE);
    assert_eq!(all.sends(&forgery).await.status, 401);
    assert_eq!(sns.asked().len(), 8);
    all.reports(Fate::Dead).await;
    assert_eq!(sns.asked().len(), 8);
    assert_eq!(all.events("mail.returned").await, 1);
}

#[tokio::test]
async fn an_answer_of_amazon_that_verifies_nothing_is_not_kept() {
    let all = Reporting::start(Kind::Ses).await;
    let sns = all.sns.as_ref().unwrap();
    let ada = all.waiting().await;
    let report = all.report(Fate::Dead);
    let large = "x".repeat(17 * 1024);
    for (status, body, answered) in [
        (200, "<html>welcome</html>", 401),
        (200, large.as_str(), 503),
        (302, "https://example.com/certificate.pem", 503),
        (500, "", 503),
    ] {
        sns.says(status, body);
        assert_eq!(all.sends(&report).await.status, answered, "{status}");
        all.app.clock.pass(MINUTE);
    }
    sns.recovers();
    assert_eq!(all.sends(&report).await.status, 204);
    assert!(all.trouble(&ada).await.contains("came back"));
}

#[tokio::test]
async fn refused_reports_are_counted_and_fill_no_log() {
    let log = secrecy::log();
    let all = Reporting::with(Kind::Resend, "noisy", |key| key, "").await;
    let told = || {
        let text = log.text();
        let is_of = |line: &&str| line.contains("hook.refused") && line.contains("noisy");
        text.lines().filter(is_of).count()
    };
    let forged = Signed { headers: Vec::new(), body: "{}".to_owned() };
    for _ in 0..50 {
        assert_eq!(all.sends(&forged).await.status, 401);
    }
    assert_eq!(told(), 1);
    all.app.clock.advance(MINUTE);
    all.sends(&forged).await;
    assert_eq!(told(), 2);
    let metrics = all.app.browser().get("/metrics").await.body;
    let line = "latchkey_hooks_refused_total{transport=\"noisy\",why=\"forged\"} 51\n";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn people_sign_in_while_a_provider_sends_a_thousand_reports() {
    for kind in [Kind::SendGrid, Kind::Postmark] {
        let all = Reporting::start(kind).await;
        all.waiting().await;
        let reports: Vec<Signed> = (0..1_000).map(|_| all.report(Fate::Late)).collect();
        let flood = async {
            let mut left: Vec<&Signed> = reports.iter().collect();
            // Reports that are not taken come again, as a provider has it.
            while !left.is_empty() {
                let sent = stream::iter(left).map(async |report| {
                    let status = all.sends(report).await.status.as_u16();
                    assert!([204, 503].contains(&status), "{kind:?}: {status}");
                    (status == 503).then_some(report)
                });
                left = sent.buffer_unordered(250).filter_map(async |it| it).collect().await;
            }
        };
        let people = async {
            for n in 0..5 {
                let (eve, address) = (all.app.browser(), format!("{n}{EVE}"));
                let asked = timeout(Duration::from_secs(4), eve.ask_for_mail(&address)).await;
                assert!(asked.unwrap().goes_to().starts_with("/login/code"), "{kind:?}");
                let mail = all.provider.first_to(&address).await;
                let signed_in = timeout(Duration::from_secs(4), eve.get(mail.link())).await;
                assert_eq!(signed_in.unwrap().goes_to(), "/dashboard", "{kind:?}");
            }
        };
        tokio::join!(flood, people);
        assert_eq!(all.events("mail.delayed").await, 1_000, "{kind:?}");
    }
}

#[tokio::test]
async fn bodies_that_are_begun_and_not_sent_take_no_room_from_reports() {
    let all = Reporting::start(Kind::SendGrid).await;
    let ada = all.waiting().await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut wire = TcpStream::connect(all.app.url.trim_start_matches("http://")).await.unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500000\r\n\r\n{}",
            all.path,
            " ".repeat(5_000)
        );
        wire.write_all(head.as_bytes()).await.unwrap();
        slow.push(wire);
    }
    // Of a hundred mails at a time.
    let mut report = all.report(Fate::Dead);
    let one: Value = serde_json::from_str(&report.body).unwrap();
    let other = one[0].to_string().replace("0100-1", "0100-0");
    let events = format!("[{}{}]", format!("{other},").repeat(100), one[0]);
    let events: Value = serde_json::from_str(&events).unwrap();
    report = all.reporter.signed(1, events, all.app.clock.now());
    assert!(report.body.len() > 16 * 1024);
    assert_eq!(all.sends(&report).await.status, 204);
    assert!(all.trouble(&ada).await.contains("came back"));
    assert_eq!(all.app.count(SENT).await, 0);
    drop(slow);
}
