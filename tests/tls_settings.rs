//! The settings of TLS: what prevents a start, what is checked, and what the log says.

use std::{fs, path::Path, process::Command};

use crate::support::{Certificates, Made, SECRET, Teller, borrowed};

const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "login.example.com"];

/// Runs the program in `folder` and returns its exit code and all that it says.
fn run(folder: &Path, arguments: &[&str], variables: &[(String, String)]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("SESSION_JWT_SECRET", SECRET)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_certificate_near_its_end_is_a_warning_and_an_ended_one_an_error() {
    for (made, event, level) in [
        (Made::lasting(&NAMES, -80, 10), "certificate.expires", "WARN"),
        (Made::lasting(&NAMES, -90, -1), "certificate.expired", "ERROR"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::of(&made);
        let server = Teller::start(folder.path(), &borrowed(&certificates.variables(&[])));
        assert_eq!(server.until(event)["level"], level);
        server.until("sign-in page");
    }
}

#[test]
fn a_mistake_in_the_settings_of_tls_is_one_sentence_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let (good, other) = (Made::of(&NAMES), Made::of(&NAMES));
    let certificates = Certificates::of(&good);
    let all = certificates.variables(&[]);
    let with = |name: &str, value: &str| {
        let more = (format!("LATCHKEY_{name}"), value.to_owned());
        [all.clone(), vec![more]].concat()
    };
    for (variables, says) in [
        (
            all[..1].to_vec(),
            "LATCHKEY_SERVER__TLS_CERTIFICATE (server.tls_certificate) is set without",
        ),
        (all[1..].to_vec(), "LATCHKEY_SERVER__TLS_KEY (server.tls_key) is set without"),
        (
            vec![("LATCHKEY_SERVER__REDIRECT_LISTEN".to_owned(), "127.0.0.1:0".to_owned())],
            "(server.redirect_listen) is set without server.tls_certificate",
        ),
        (with("SERVER__REDIRECT_LISTEN", "80"), "LATCHKEY_SERVER__REDIRECT_LISTEN"),
        (with("SERVER__REDIRECT_LISTEN", "0.0.0.0:80"), "development is for this machine alone"),
        (with("PUBLIC_URL", "http://localhost:1"), "the public URL must begin with https://"),
        (with("PUBLIC_URL", "https://login.example.com"), "development is for this machine alone"),
        (with("SERVER__TLS_KEY", "none.pem"), "server.tls_key is "),
        (with("SERVER__TLS_KEY", "none.pem"), "none.pem, which cannot be read"),
        (
            with("SERVER__TLS_CERTIFICATE", certificates.key().to_str().unwrap()),
            "privkey.pem, which holds no certificate in PEM",
        ),
        (
            with("SERVER__TLS_KEY", certificates.certificate().to_str().unwrap()),
            "fullchain.pem, which holds no private key in PEM",
        ),
    ] {
        let (code, told) = run(folder.path(), &[], &variables);
        assert_eq!(code, 2, "{told}");
        assert!(told.starts_with("latchkey: ") && told.contains(says), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    fs::write(certificates.key(), &other.key).unwrap();
    let (code, told) = run(folder.path(), &[], &all);
    assert!(code == 2 && told.contains("privkey.pem, which does not belong to"), "{told}");
    certificates.put(&good);
    let content = ("LATCHKEY_SERVER__TLS_KEY_FILE".to_owned(), all[1].1.clone());
    let (code, told) = run(folder.path(), &[], &[all[0].clone(), content]);
    assert!(code == 2 && told.contains("(server.tls_key) must be the path of a file"), "{told}");
    assert!(!told.contains("BEGIN") && told.lines().count() == 1, "no word of the key: {told}");
    fs::write(certificates.certificate(), good.key.replace('\n', " ")).unwrap();
    let (code, told) = run(folder.path(), &[], &all);
    assert!(code == 2 && told.contains("fullchain.pem, which is no PEM"), "{told}");
    assert!(!told.contains("45, 45"), "no byte of the key: {told}");
    fs::remove_file(certificates.certificate()).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(certificates.certificate()).status();
    assert!(pipe.unwrap().success());
    let (code, told) = run(folder.path(), &[], &all);
    assert!(code == 2 && told.contains("it is no regular file"), "{told}");
    fs::remove_file(certificates.certificate()).unwrap();
    certificates.put(&good);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, told) = run(folder.path(), &[], &with("SERVER__REDIRECT_LISTEN", &address));
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("cannot be listened on") && told.contains("redirect_listen"), "{told}");
}

#[tokio::test]
async fn development_speaks_tls_on_loopback() {
    let (folder, made) = (tempfile::tempdir().unwrap(), Made::of(&NAMES));
    let certificates = Certificates::of(&made);
    let development = [("LATCHKEY_ENV", "development"), ("LATCHKEY_PUBLIC_URL", "")];
    let server = Teller::start(folder.path(), &borrowed(&certificates.variables(&development)));
    // The log of development is for people, not JSON.
    let said = server.said("sign-in page: https://localhost:");
    let url = said.split("sign-in page: ").nth(1).unwrap().trim_end_matches("/login");
    let page = made.client().build().unwrap().get(format!("{url}/login")).send().await.unwrap();
    assert_eq!(page.status(), 200);
}

#[test]
fn check_says_whether_the_certificate_fits_and_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let good = Made::lasting(&NAMES, -1, 80);
    let certificates = Certificates::of(&good);
    let foreign = Made { key: Made::of(&NAMES).key, ..good.clone() };
    let variables = certificates.variables(&[("LATCHKEY_PUBLIC_URL", "https://localhost:1")]);
    for (made, says) in [
        (good, "ok   certificate: for localhost until 20"),
        (Made::of(&["example.com"]), "BAD  certificate: it is not for localhost"),
        (Made::lasting(&NAMES, -80, 10), "BAD  certificate: it ends on 20"),
        (Made::lasting(&NAMES, -80, -1), "BAD  certificate: it expired on 20"),
        (foreign, "BAD  certificate: server.tls_key is "),
    ] {
        certificates.put(&made);
        let (_, told) = run(folder.path(), &["check"], &variables);
        assert!(told.contains(says), "{says}: {told}");
    }
    let (_, told) = run(folder.path(), &["check"], &[]);
    assert!(!told.contains("certificate"), "{told}");
}
