//! Findings of `latchkey check` about the DNS records by which receivers judge mails.

use crate::support::{App, DnsServer, Mood};

const DOMAIN: &str = "post.latchkey-stories.org";

/// The lines of a check with this DNS server, without those of other things.
async fn checked(app: &App, dns: &DnsServer) -> String {
    let (_, said) = app.command(&["check", "--dns", &dns.address.to_string()]).await;
    let parts = ["SPF", "DKIM", "DMARC", "MX", "reverse name", "DNS of the sender"];
    let is_ours = |line: &&str| parts.iter().any(|part| line[5..].starts_with(part));
    said.lines().filter(|line| line.len() > 5).filter(is_ours).collect::<Vec<_>>().join("\n")
}

/// An app that sends for `DOMAIN` and signs with two keys, and their records.
async fn signing() -> (tempfile::TempDir, App, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let from = format!("Stories <no-reply@{DOMAIN}>");
    let entry = |selector: &str| {
        let file = folder.path().join(format!("{selector}.pem"));
        format!("{{ selector = \"{selector}\", key = \"{}\" }}", file.display())
    };
    let maker = App::with(&[("LATCHKEY_MAIL__FROM", &from)]).await;
    let mut records = Vec::new();
    for (selector, kind) in [("r1", "rsa"), ("e1", "ed25519")] {
        let file = folder.path().join(format!("{selector}.pem"));
        let file = file.to_str().unwrap();
        let new = ["dkim", "new", "--selector", selector, "--type", kind, "--key", file];
        let said = maker.said_by(&new, "").await;
        records.push(said.lines().find(|line| line.starts_with("v=DKIM1")).unwrap().to_owned());
    }
    let keys = format!("[{}, {}]", entry("r1"), entry("e1"));
    let app = App::with(&[
        ("LATCHKEY_MAIL__FROM", &from),
        ("LATCHKEY_MAIL__DKIM", &keys),
        ("LATCHKEY_MAIL__EHLO_NAME", "mx.latchkey-stories.org"),
    ])
    .await;
    (folder, app, records.try_into().unwrap())
}

#[tokio::test]
async fn each_record_that_lacks_is_named_with_what_to_add_until_all_is_well() {
    let (_folder, app, [rsa, ed25519]) = signing().await;
    let dns = DnsServer::start().await;
    let said = checked(&app, &dns).await;
    for line in [
        format!("BAD  SPF: {DOMAIN} has no record"),
        format!("{DOMAIN}. TXT \"v=spf1 a:mx.latchkey-stories.org ~all\""),
        format!("BAD  DKIM r1: r1._domainkey.{DOMAIN} has no record"),
        format!("Add: r1._domainkey.{DOMAIN}. TXT \"{rsa}\""),
        format!("Add: e1._domainkey.{DOMAIN}. TXT \"{ed25519}\""),
        format!("Add: _dmarc.{DOMAIN}. TXT \"v=DMARC1; p=none\""),
        format!("note MX: {DOMAIN} has none"),
        "note reverse name: mx.latchkey-stories.org has no address".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}:\n{said}");
    }

    dns.texts(DOMAIN, &["other=1", "v=spf1 a:mx.latchkey-stories.org -all"]);
    dns.mail_host(DOMAIN, "in.latchkey-stories.org");
    dns.texts(&format!("r1._domainkey.{DOMAIN}"), &[&rsa]);
    // Another order, and spaces, mean the same.
    let key = ed25519.split("p=").nth(1).unwrap();
    let spaced = format!("k=ed25519;p={} {}; t=s", &key[..9], &key[9..]);
    dns.texts(&format!("e1._domainkey.{DOMAIN}"), &[&spaced]);
    // The policy of the domain above counts.
    dns.texts("_dmarc.latchkey-stories.org", &["v=DMARC1; p=reject"]);
    dns.host("mx.latchkey-stories.org", [192, 0, 2, 7], "mx.latchkey-stories.org");
    let said = checked(&app, &dns).await;
    for line in [
        "ok   SPF: \"v=spf1 a:mx.latchkey-stories.org -all\"",
        "ok   DKIM r1: ",
        "ok   DKIM e1: ",
        "ok   DMARC: \"v=DMARC1; p=reject\" at _dmarc.latchkey-stories.org",
        "ok   MX: in.latchkey-stories.org",
        "ok   reverse name: 192.0.2.7 of mx.latchkey-stories.org is mx.latchkey-stories.org",
    ] {
        assert!(said.contains(line), "{line}:\n{said}");
    }
    assert!(!said.contains("BAD") && !said.contains("note"), "{said}");
}

#[tokio::test]
async fn records_that_do_not_do_what_they_are_for_are_told_apart() {
    let (_folder, app, [rsa, ed25519]) = signing().await;
    let dns = DnsServer::start().await;
    dns.texts(&format!("r1._domainkey.{DOMAIN}"), &[&ed25519]);
    dns.texts(&format!("e1._domainkey.{DOMAIN}"), &["v=DKIM1; k=ed25519; p="]);
    dns.host("mx.latchkey-stories.org", [192, 0, 2, 7], "other.latchkey-stories.org");
    dns.mail_host(DOMAIN, ".");
    let said = checked(&app, &dns).await;
    for line in [
        format!("BAD  DKIM r1: r1._domainkey.{DOMAIN} shows another key"),
        format!("Change it to \"{rsa}\""),
        format!("BAD  DKIM e1: e1._domainkey.{DOMAIN} shows another key"),
        format!("BAD  MX: {DOMAIN} says that it takes no mail"),
        "has the reverse name other.latchkey-stories.org, which does not lead back".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}:\n{said}");
    }
    let many: String = (0..6).map(|n| format!("include:s{n}.latchkey-stories.org ")).collect();
    for n in 0..6 {
        dns.texts(&format!("s{n}.latchkey-stories.org"), &["v=spf1 a mx -all"]);
    }
    for (spf, says) in [
        (vec!["v=spf1 -all", "v=spf1 a ~all"], "has 2 records, which count as none"),
        (vec!["v=spf1 a +all"], "lets anybody send for it"),
        (vec!["v=spf1 a all"], "lets anybody send for it"),
        (vec![format!("v=spf1 {many}-all").leak()], "takes more than 10 lookups"),
    ] {
        dns.texts(DOMAIN, &spf);
        let said = checked(&app, &dns).await;
        let line = said.lines().find(|line| line.starts_with("BAD  SPF")).unwrap_or_default();
        assert!(line.contains(says), "{says}:\n{said}");
    }
    dns.texts(DOMAIN, &["v=spf1 include:s0.latchkey-stories.org -all"]);
    assert!(checked(&app, &dns).await.contains("ok   SPF: "));
}

#[tokio::test]
async fn a_dns_that_does_not_answer_is_a_note_and_no_fault() {
    let (_folder, app, _) = signing().await;
    let dns = DnsServer::start().await;
    for mood in [Mood::Fails, Mood::Silent] {
        dns.behave(mood);
        let said = checked(&app, &dns).await;
        assert!(said.contains("note SPF: the DNS does not answer"), "{said}");
        assert!(said.contains("note DKIM r1: the DNS does not answer"), "{said}");
        assert!(!said.contains("BAD"), "{said}");
    }
}

#[tokio::test]
async fn a_key_for_another_domain_does_not_count() {
    let (_folder, app, _) = signing().await;
    let dns = DnsServer::start().await;
    let keys = app.folder().join("Leptos.toml");
    let new = ["dkim", "new", "--selector", "s1", "--key", "s1.pem", "--domain"];
    let said = app.said_by(&[&new[..], &["elsewhere.latchkey-stories.net"]].concat(), "").await;
    let entry = said.split_once("[[mail.dkim]]").unwrap().1;
    std::fs::write(&keys, format!("[[mail.dkim]]{entry}")).unwrap();
    let from = format!("no-reply@{DOMAIN}");
    let app = App::with_file_and(
        &keys,
        &[("LATCHKEY_CONFIG", keys.to_str().unwrap()), ("LATCHKEY_MAIL__FROM", &from)],
    )
    .await;
    let said = checked(&app, &dns).await;
    assert!(said.contains(&format!("BAD  DKIM: no key is for {DOMAIN}")), "{said}");

    let app = App::with(&[("LATCHKEY_MAIL__FROM", &from)]).await;
    let said = checked(&app, &dns).await;
    assert!(said.contains("note DKIM: we sign nothing"), "{said}");
    let app = App::with(&[("LATCHKEY_MAIL__FROM", "no-reply@login.example.com")]).await;
    let said = checked(&app, &dns).await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("note DNS of the sender: login.example.com is reserved"), "{said}");
}

#[tokio::test]
async fn providers_that_sign_are_looked_at_by_their_selectors() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |kind: &str| {
        format!(
            "[[mail.transports]]\nname = \"our-{kind}\"\nkind = \"{kind}\"\ntoken = \"t\"\n\
             url = \"http://127.0.0.1:1\"\nnetworks = [\"127.0.0.1\"]\n"
        )
    };
    let entries: String = ["resend", "sendgrid", "postmark"].map(entry).concat();
    let file = folder.path().join("Leptos.toml");
    std::fs::write(&file, entries).unwrap();
    let from = format!("Stories <no-reply@{DOMAIN}>");
    let app = App::with_file_and(&file, &[("LATCHKEY_MAIL__FROM", &from)]).await;
    let dns = DnsServer::start().await;
    dns.texts(DOMAIN, &["v=spf1 include:amazonses.com ~all"]);
    dns.texts(&format!("resend._domainkey.{DOMAIN}"), &["p=MIGf"]);
    let said = checked(&app, &dns).await;
    for line in [
        format!("ok   DKIM of our-resend: resend._domainkey.{DOMAIN} shows"),
        format!("BAD  DKIM of our-sendgrid: s1._domainkey.{DOMAIN} has no record"),
        format!("note DKIM of our-postmark: the provider's page for {DOMAIN}"),
        "see that it names our-resend, our-sendgrid, our-postmark".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}:\n{said}");
    }
    assert!(!said.contains("reverse name"), "no host of ours hands over mails: {said}");
}
