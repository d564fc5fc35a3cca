//! Signatures of the sending domain (DKIM), and the commands for their keys.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::{RsaPublicKey, pkcs1::EncodeRsaPublicKey, pkcs8::DecodePublicKey};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use crate::support::{App, Made, SECRET, START, Teller};

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs([("SESSION_JWT_SECRET", SECRET), ("LATCHKEY_MAIL__FROM", "no-reply@example.com")])
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

/// Makes a key by the command and returns its DNS record.
fn made(folder: &Path, selector: &str, kind: &str) -> String {
    let file = format!("{selector}.pem");
    let new = ["dkim", "new", "--selector", selector, "--type", kind, "--key", &file];
    let output = run(folder, &new, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let told = said(&output);
    told.lines().find(|line| line.starts_with("v=DKIM1")).unwrap().to_owned()
}

/// The entries of keys that lie in a folder, as a variable.
fn entries(folder: &Path, selectors: &[&str]) -> String {
    let entry = |selector: &&str| {
        let file = folder.join(format!("{selector}.pem"));
        format!("{{ selector = \"{selector}\", key = \"{}\" }}", file.display())
    };
    format!("[{}]", selectors.iter().map(entry).collect::<Vec<_>>().join(", "))
}

fn tags(text: &str) -> BTreeMap<String, String> {
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let whole = |value: &str| value.split_ascii_whitespace().collect();
    tags.map(|(name, value)| (name.trim().to_owned(), whole(value))).collect()
}

/// Verifies the signature by `selector` as a receiver does (RFC 6376, 6), given the record.
fn verifies(raw: &str, selector: &str, record: &str) -> bool {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers: Vec<(String, String)> = unfolded
        .split("\r\n")
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| {
            let words = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            (name.to_ascii_lowercase(), words)
        })
        .collect();
    let ours = |(name, value): &&(String, String)| {
        name == "dkim-signature" && tags(value)["s"] == selector
    };
    let value = &headers.iter().find(ours).expect("a signature by this key").1;
    let signature = tags(value);
    assert_eq!((&*signature["v"], &*signature["c"]), ("1", "relaxed/relaxed"));
    assert!(!signature.contains_key("l"), "all of the body is signed");

    let lines = body.split("\r\n").map(|line| {
        let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let indent = if line.starts_with([' ', '\t']) { " " } else { "" };
        format!("{indent}{}", words.collect::<Vec<_>>().join(" ")).trim_end().to_owned()
    });
    let body = lines.collect::<Vec<_>>().join("\r\n").trim_end_matches("\r\n").to_owned() + "\r\n";
    if STANDARD.encode(Sha256::digest(body)) != signature["bh"] {
        return false;
    }

    let mut unread = headers.clone();
    let mut signed = String::new();
    for name in signature["h"].split(':') {
        if let Some(at) = unread.iter().rposition(|(other, _)| other == name) {
            let (name, value) = unread.remove(at);
            signed += &format!("{name}:{value}\r\n");
        }
    }
    let end = value.rfind("b=").unwrap() + 2;
    signed += &format!("dkim-signature:{}", &value[..end]);
    let (record, proof) = (tags(record), STANDARD.decode(&signature["b"]).unwrap());
    let public = STANDARD.decode(&record["p"]).unwrap();
    match (&*signature["a"], &*record["k"]) {
        ("rsa-sha256", "rsa") => {
            let public =
                RsaPublicKey::from_public_key_der(&public).unwrap().to_pkcs1_der().unwrap();
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_bytes());
            key.verify(signed.as_bytes(), &proof).is_ok()
        }
        ("ed25519-sha256", "ed25519") => {
            let hash = Sha256::digest(signed);
            UnparsedPublicKey::new(&ED25519, public).verify(&hash, &proof).is_ok()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_mail_has_a_signature_of_each_key_and_a_change_on_the_way_shows() {
    let folder = tempfile::tempdir().unwrap();
    let records = [("r1", "rsa"), ("e1", "ed25519")]
        .map(|(selector, kind)| (selector, made(folder.path(), selector, kind)));
    let keys = entries(folder.path(), &["r1", "e1"]);
    let notices = ("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true");
    let app = App::with(&[("LATCHKEY_MAIL__DKIM", &keys), notices]).await;
    app.signed_in("ada@example.com").await;
    app.signed_in("ada@example.com").await;
    let german = app.browser();
    let form = [("email", "bé@example.com")];
    let asking = german.request(reqwest::Method::POST, "/actions/sign-in").form(&form);
    german.send(asking.header("accept-language", "de")).await;
    let test_mail = app.command(&["send-test-mail", "ops@example.com"]).await;
    assert_eq!(test_mail.0, 0, "{}", test_mail.1);
    for (to, n) in [
        ("ada@example.com", 1),
        ("ada@example.com", 3),
        ("bé@example.com", 1),
        ("ops@example.com", 1),
    ] {
        let mail = app.inbox.nth_to(to, n).await;
        let raw = mail.raw.as_str();
        assert!(raw.lines().take_while(|line| !line.is_empty()).all(|line| line.len() <= 78));
        for (selector, record) in &records {
            let is_valid = |raw: &str| verifies(raw, selector, record);
            assert!(is_valid(raw), "{raw}");
            let other = records.iter().find(|(other, _)| other != selector).unwrap();
            assert!(!is_valid(&raw.replacen("Subject: ", "Subject: Re: ", 1)));
            assert!(!is_valid(&format!("{raw}One line more.\r\n")));
            for more in ["From: eve@example.com", "Subject: other", "Reply-To: eve@example.com"] {
                assert!(!is_valid(&format!("{more}\r\n{raw}")), "{more}");
                assert!(!is_valid(&raw.replacen("\r\n\r\n", &format!("\r\n{more}\r\n\r\n"), 1)));
            }
            assert!(is_valid(&format!("Received: from {}\r\n{raw}", other.0)), "as it should be");
            assert!(is_valid(&format!("{raw}\r\n \r\n")), "white space may change");
        }
    }
    let mail = app.inbox.first_to("ada@example.com").await;
    let times = format!("t={};", START / 1_000);
    assert_eq!(mail.raw.matches(&times).count(), 2, "the clock is the server's");
    for signed in ["content-language", "auto-submitted", "date", "message-id", "mime-version"] {
        assert!(mail.raw.split("bh=").next().unwrap().contains(signed), "{}", mail.raw);
    }
}

#[test]
fn a_new_key_is_private_and_never_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let new = ["dkim", "new", "--selector", "s1", "--key", "s1.pem"];
    let output = run(folder.path(), &new, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let file = folder.path().join("s1.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let pem = fs::read_to_string(&file).unwrap();
    let again = run(folder.path(), &new, &[]);
    assert_eq!((again.status.code(), fs::read_to_string(&file).unwrap()), (Some(1), pem));
    assert!(said(&again).contains("s1.pem cannot be written"), "{}", said(&again));

    // The record as a zone file has it: strings of at most 255 bytes, which joined are the text.
    let told = said(&output);
    let zone = told.split_once("s1._domainkey.example.com. IN TXT ( ").unwrap().1;
    let zone = zone.split_once(" )\n").unwrap().0;
    let strings: Vec<&str> = zone.split('"').skip(1).step_by(2).collect();
    assert!(strings.len() == 2 && strings.iter().all(|string| string.len() <= 255), "{zone}");
    assert!(told.contains(&format!("\n{}\n", strings.concat())), "{told}");

    // The printed entry is one that the policy file takes, and `show` prints the same record.
    let entry = told.split_once("[[mail.dkim]]").unwrap().1;
    fs::write(folder.path().join("Leptos.toml"), format!("[[mail.dkim]]{entry}")).unwrap();
    let shown = run(folder.path(), &["dkim", "show"], &[]);
    assert!(said(&shown).contains(&strings.concat()), "{}", said(&shown));

    for (arguments, says) in [
        (["--selector", "s 1", "--key", "a.pem"], "needs a selector of letters"),
        (["--selector", "s2", "--key", "none/a.pem"], "cannot be written"),
    ] {
        let refused = run(folder.path(), &[&["dkim", "new"], &arguments[..]].concat(), &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(said(&refused).contains(says), "{}", said(&refused));
    }
}

#[test]
fn a_mistake_in_the_keys_is_one_sentence_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    made(folder.path(), "good", "ed25519");
    let good = fs::read_to_string(at("good.pem")).unwrap();
    fs::write(at("curve.pem"), Made::of(&["example.com"]).key).unwrap();
    fs::copy("tests/fixtures/rsa_1024.pem", at("short.pem")).unwrap();
    fs::write(at("cut.pem"), &good[..60]).unwrap();
    fs::write(at("public.pem"), good.replace("PRIVATE", "PUBLIC")).unwrap();
    for (selectors, says) in [
        (&["none"][..], "none.pem, which cannot be read: No such file"),
        (&["good", "curve"], "curve.pem, which holds a key that is neither RSA nor Ed25519"),
        (&["short"], "short.pem, which holds an RSA key of fewer than 2048 bits"),
        (&["cut"], "cut.pem, which holds no private key in PEM"),
        (&["public"], "public.pem, which holds no private key in PEM"),
        (&["good", "good"], "(mail.dkim) has the selector \"good\" twice"),
        (&["a_b"], "(mail.dkim) needs a selector of letters, digits and hyphens"),
    ] {
        let keys = entries(folder.path(), selectors);
        let started = run(folder.path(), &[], &[("LATCHKEY_MAIL__DKIM", &keys)]);
        let told = said(&started);
        assert_eq!(started.status.code(), Some(2), "{told}");
        assert!(told.starts_with("latchkey: ") && told.contains(says), "{says}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        let checked = run(folder.path(), &["check"], &[("LATCHKEY_MAIL__DKIM", &keys)]);
        assert!(said(&checked).contains(says), "{says}: {}", said(&checked));
    }
    let content = good.replace('\n', "\\n");
    for (entry, says) in [
        (format!("[{{ selector = \"s\", key = \"{content}\" }}]"), "is the content of a file"),
        (
            "[{ selector = \"s\", key = \"a\", domain = \"a b\" }]".to_owned(),
            "needs a domain like \"example.com\", and has \"a b\"",
        ),
    ] {
        let started = run(folder.path(), &[], &[("LATCHKEY_MAIL__DKIM", &entry)]);
        let told = said(&started);
        assert_eq!((started.status.code(), told.contains(says)), (Some(2), true), "{told}");
        assert!(!told.contains("BEGIN"), "no word of the key: {told}");
    }
}

#[test]
fn a_key_that_everybody_may_read_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), "s1", "ed25519");
    let file = folder.path().join("s1.pem");
    let keys = entries(folder.path(), &["s1"]);
    let variables = [("LATCHKEY_MAIL__DKIM", keys.as_str())];
    let checked = said(&run(folder.path(), &["check"], &variables));
    assert!(checked.contains("ok   DKIM keys: "), "{checked}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let checked = said(&run(folder.path(), &["check"], &variables));
    assert!(checked.contains("BAD  DKIM keys: everybody on this machine may read"), "{checked}");
    let server = Teller::start(folder.path(), &variables);
    assert_eq!(server.until("dkim.exposed")["level"], "WARN");
    server.until("sign-in page");
}
