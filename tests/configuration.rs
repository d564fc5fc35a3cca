//! The program itself: what it says when it cannot start.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// Runs the program in an empty folder; its exit code and what it told the operator.
fn start(folder: &Path, variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .current_dir(folder)
        .env_clear()
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:1")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_configuration_mistake_is_one_sentence_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("bad.toml"),
        "[package.metadata.leptos]\noutput-name = \"latchkey\"\n[auth]\nexpires_in = 1\n",
    )
    .unwrap();
    let production =
        [("LATCHKEY_ENV", "production"), ("LATCHKEY_PUBLIC_URL", "https://login.example.com")];
    for (variables, says) in [
        (
            vec![("LATCHKEY_CONFIG", "bad.toml")],
            "bad.toml, line 4, auth.expires_in must be 60 to 3600, and is 1.",
        ),
        (vec![("LATCHKEY_CONFIG", "none.toml")], "none.toml cannot be read"),
        (
            vec![("LATCHKEY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0")],
            "has 0.0.0.0/0, wider than any private network",
        ),
        (vec![("LATCHKEY_SERVER__TRUSTED_PROXIES", "::/0")], "has ::/0"),
        (vec![("LATCHKEY_SERVER__KEEP_ALIVE", "1")], "must be 5 to 3600"),
        (vec![("LATCHKEY_ENV", "staging")], "LATCHKEY_ENV must be development or production"),
        (vec![("LATCHKEY_PUBLIC_URL", "http://example.com")], "LATCHKEY_PUBLIC_URL must be https"),
        (
            vec![("SESSION_JWT_SECRET", "short")],
            "SESSION_JWT_SECRET is 5 bytes long and must be at least 32",
        ),
        (production.to_vec(), "SMTP_URL is not set. Production needs it"),
    ] {
        let (code, told) = start(folder.path(), &variables);
        assert_eq!(code, 2, "{told}");
        assert!(told.starts_with("latchkey: ") && told.contains(says), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn told_to_listen_on_port_0_it_says_which_it_was_given_and_links_lead_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .current_dir(folder.path())
        .env_clear()
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut after = |words: &str| {
        let line = told.find(|line| line.contains(words)).unwrap();
        line.split_once(words).unwrap().1.split([';', '/']).next().unwrap().to_owned()
    };
    let address = after("listens on ");
    let public = after("sign-in page: http://");
    let answers = std::net::TcpStream::connect(&address).is_ok();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answers, "{address}");
    assert_eq!(public.split(':').nth(1), address.split(':').nth(1));
    assert_ne!(public, "localhost:0");
}

#[test]
fn a_mistake_in_a_mail_template_stops_the_start_and_not_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text, says) in [
        (
            "sign_in.txt",
            "{{ link }}\n{% if code %}",
            "sign_in.txt, line 2, does not work: syntax error",
        ),
        (
            "sign_in.txt",
            "{{ link }}\n\n{{ lnk.host }}",
            "sign_in.txt, line 3, does not work: undefined value",
        ),
        ("frame.html", "<p>\n{% block body %}", "frame.html, line 2, does not work"),
        ("sign_in.html", "<p>Welcome!</p>", "sign_in.html shows neither `link` nor `code`"),
        (
            "signin.txt",
            "{{ link }}",
            "signin.txt is no template that Latchkey knows. They are called frame.html, sign_in.subject.txt",
        ),
    ] {
        let templates = tempfile::tempdir_in(folder.path()).unwrap();
        std::fs::write(templates.path().join(file), text).unwrap();
        let (code, told) = start(
            folder.path(),
            &[
                ("LATCHKEY_MAIL__TEMPLATES", templates.path().to_str().unwrap()),
                ("LEPTOS_SITE_ADDR", "127.0.0.1:0"),
            ],
        );
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(says) && told.lines().count() == 1, "{told}");
    }
    let (code, told) = start(
        folder.path(),
        &[("LATCHKEY_MAIL__TEMPLATES", "nowhere"), ("LEPTOS_SITE_ADDR", "127.0.0.1:0")],
    );
    assert_eq!(code, 2);
    assert!(
        told.contains("mail.templates is ") && told.contains("/nowhere, which is no folder"),
        "{told}"
    );
}

#[test]
fn a_bad_mail_or_database_url_is_a_configuration_mistake_that_repeats_no_password() {
    let folder = tempfile::tempdir().unwrap();
    for variable in ["SMTP_URL", "DATABASE_URL"] {
        let (code, told) = start(
            folder.path(),
            &[(variable, "gopher://user:hunter2@example.com"), ("LEPTOS_SITE_ADDR", "127.0.0.1:0")],
        );
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(variable) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn an_address_in_use_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, told) = start(folder.path(), &[("LEPTOS_SITE_ADDR", &address)]);
    assert_eq!(code, 1);
    assert!(told.contains("cannot be listened on") && told.contains("LEPTOS_SITE_ADDR"), "{told}");
}

#[test]
fn a_database_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (code, told) = start(
        folder.path(),
        &[("DATABASE_URL", "sqlite://file/latchkey.db"), ("LEPTOS_SITE_ADDR", "127.0.0.1:0")],
    );
    assert_eq!(code, 1);
    assert!(told.contains("file/latchkey.db") && told.contains("DATABASE_URL"), "{told}");
}

#[test]
fn in_production_mails_are_not_sent_in_clear_to_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    for (url, refused) in [
        ("smtp://mail.example.com", true),
        ("smtp://mail.example.com?tls=opportunistic", true),
        ("smtp://10.0.0.5:25", true),
        ("smtp://mail.example.com?tls=required", false),
        ("smtps://mail.example.com", false),
        ("smtp://127.0.0.1:25", false),
    ] {
        let production = [
            ("LATCHKEY_ENV", "production"),
            ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
            ("LATCHKEY_MAIL__FROM", "no-reply@example.com"),
            ("SMTP_URL", url),
        ];
        let (code, told) = start(folder.path(), &production);
        assert_eq!(code, 2);
        let next =
            if refused { "SMTP_URL would let mails" } else { "SESSION_JWT_SECRET is not set" };
        assert!(told.contains(next), "{url}: {told}");
    }
}

#[test]
fn in_production_every_line_of_the_log_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    let variables = [
        ("LATCHKEY_ENV", "production"),
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ("LATCHKEY_MAIL__FROM", "no-reply@example.com"),
        ("SMTP_URL", "smtp://127.0.0.1:1"),
        ("SESSION_JWT_SECRET", crate::support::SECRET),
        ("LEPTOS_SITE_ADDR", "127.0.0.1:0"),
    ];
    command.current_dir(folder.path()).env_clear().envs(variables).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(line["timestamp"].is_string() && line["level"] == "INFO", "{line}");
}
