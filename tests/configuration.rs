//! The program's configuration: what it reports when it cannot start.

use std::{
    io::{BufRead, BufReader},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{SECRET, Teller};

/// Runs the program in an empty folder and returns its exit code and error output.
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
        (vec![("LATCHKEY_SERVER__KEEP_ALIVE", "0")], "must be 1 to 3600"),
        (vec![("LATCHKEY_ENV", "staging")], "LATCHKEY_ENV must be development or production"),
        (vec![("LATCHKEY_PUBLIC_URL", "http://example.com")], "LATCHKEY_PUBLIC_URL must be https"),
        (
            vec![("SESSION_JWT_SECRET", "short")],
            "SESSION_JWT_SECRET is 5 bytes long and must be at least 32",
        ),
        (
            vec![("SESSION_JWT_SECRET", "your-256-bit-secretyour-256-bit-secret")],
            "SESSION_JWT_SECRET is an example value",
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
fn a_server_on_port_0_reports_its_real_port_and_links_to_it() {
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
fn a_mistake_in_a_mail_template_prevents_the_start() {
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
fn a_bad_url_is_a_configuration_mistake_and_its_password_is_not_quoted() {
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
fn a_database_url_with_an_unencoded_password_is_refused_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let mapped = [
        ("LATCHKEY_AUTH__SIGN_UP", "closed"),
        ("LATCHKEY_USERS__TABLE", "people"),
        ("LATCHKEY_USERS__ID", "id"),
        ("LATCHKEY_USERS__ADDRESS", "email"),
    ];
    for url in [
        "postgres://ada:hunter/two@db.example.com/app",
        "postgres://ada:12/hunter@db.example.com/app",
        "postgres://ada:hunter#two@db.example.com/app",
        "postgres://ada:hunter?two@db.example.com/app",
        "postgres://ada:hunter@two@db.example.com/app",
        "postgres://ada:hunter%two@db.example.com/app",
        "hunter",
    ] {
        for variable in ["DATABASE_URL", "LATCHKEY_USERS__DATABASE_URL"] {
            let all = [&mapped[..], &[(variable, url)]].concat();
            let (code, told) = start(folder.path(), &all);
            assert_eq!(code, 2, "{told}");
            assert!(told.contains(variable) && told.lines().count() == 1, "{told}");
            assert!(
                !["hunter", "two", "ada", "db."].iter().any(|part| told.contains(part)),
                "{told}"
            );
        }
    }
}

#[test]
fn development_mode_serves_only_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ("LATCHKEY_SERVER__PUBLIC_URL", "https://login.example.com"),
        ("LEPTOS_SITE_ADDR", "0.0.0.0:0"),
        ("LEPTOS_SITE_ADDR", "[::]:0"),
        ("LEPTOS_SITE_ADDR", "203.0.113.7:0"),
    ] {
        let (code, told) = start(folder.path(), &[(variable, value)]);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains("Set LATCHKEY_ENV=production"), "{told}");
    }
}

#[test]
fn every_variable_may_end_in_white_space() {
    let folder = tempfile::tempdir().unwrap();
    let secret = format!("{} \n", crate::support::SECRET);
    let url = format!("sqlite://{}/trimmed.db\n", folder.path().display());
    let server = Teller::start(
        folder.path(),
        &[
            ("LATCHKEY_ENV", "production\r\n"),
            ("LATCHKEY_PUBLIC_URL", " https://login.example.com\n"),
            ("LATCHKEY_MAIL__FROM", "no-reply@example.com\n"),
            ("LATCHKEY_AUTH__MODE", "OTP\n"),
            ("LATCHKEY_SERVER__TRUSTED_PROXIES", " 10.0.0.0/8\n"),
            ("LEPTOS_SITE_ADDR", "127.0.0.1:0\n"),
            ("LEPTOS_SITE_ROOT", "site\n"),
            ("METRICS_TOKEN", "a token for the metrics\n"),
            ("RUST_LOG", "info\n"),
            ("SMTP_URL", "smtp://127.0.0.1:1\n"),
            ("SESSION_JWT_SECRET", &secret),
            ("DATABASE_URL", &url),
        ],
    );
    server.until("sign-in page: https://login.example.com/login");
    assert!(folder.path().join("trimmed.db").exists());
}

#[test]
fn secrets_may_come_from_files_and_systemd_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(path("credentials")).unwrap();
    std::fs::write(path("credentials/smtp_url"), "smtp://127.0.0.1:1\n").unwrap();
    let url = format!("sqlite://{}\n", path("named.db"));
    std::fs::write(path("credentials/DATABASE_URL"), url).unwrap();
    std::fs::write(path("secrets"), format!("{}\n{}\n", SECRET, SECRET.to_lowercase())).unwrap();
    let files = [
        ("SESSION_JWT_SECRET_FILE", path("secrets")),
        ("CREDENTIALS_DIRECTORY", path("credentials")),
    ];
    let given = files.each_ref().map(|(name, path)| (*name, path.as_str()));
    // Takes back the stories' own settings: a secret may be set only once.
    let unset = ["DATABASE_URL", "SMTP_URL", "SESSION_JWT_SECRET"].map(|name| (name, ""));
    let server = Teller::start(folder.path(), &[&given[..], &unset[..]].concat());
    let told = server.until("secrets: ");
    assert!(
        told["fields"]["message"].as_str().unwrap().ends_with("verifies"),
        "two secrets: {told}"
    );
    assert!(folder.path().join("named.db").exists());
    let (code, told) = start(folder.path(), &[given[0], ("SESSION_JWT_SECRET", SECRET)]);
    assert_eq!(code, 2);
    assert!(told.contains("SESSION_JWT_SECRET is set twice"), "{told}");
}

#[test]
fn a_variable_that_is_not_text_is_a_mistake_only_if_it_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, says) in [("SMTP_URL", "SMTP_URL holds a byte"), ("LS_COLORS", "is not set")] {
        let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .current_dir(folder.path())
            .env_clear()
            .env("LATCHKEY_ENV", "production")
            .env(variable, std::ffi::OsStr::from_bytes(b"\xff"))
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(says), "{told}");
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
    assert!(told.contains("file/latchkey.db") && told.contains("Check DATABASE_URL"), "{told}");
}

#[test]
fn mails_are_not_sent_in_clear_to_another_machine_in_production() {
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
fn a_database_file_needs_an_absolute_path_in_production() {
    let folder = tempfile::tempdir().unwrap();
    let production = [
        ("LATCHKEY_ENV", "production"),
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ("LATCHKEY_MAIL__FROM", "no-reply@example.com"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("SESSION_JWT_SECRET", crate::support::SECRET),
    ];
    let (code, told) = start(folder.path(), &production);
    assert_eq!((code, told.contains("DATABASE_URL is not set")), (2, true), "{told}");
    for url in ["sqlite://data/latchkey.db", "sqlite:latchkey.db", "sqlite::memory:"] {
        let (code, told) =
            start(folder.path(), &[&production[..], &[("DATABASE_URL", url)]].concat());
        assert_eq!((code, told.contains("Give its whole path")), (2, true), "{url}: {told}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was created");
}

#[test]
fn every_line_of_the_log_is_json_in_production() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("latchkey.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    let variables = [
        ("LATCHKEY_ENV", "production"),
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ("LATCHKEY_MAIL__FROM", "no-reply@example.com"),
        ("SMTP_URL", "smtp://127.0.0.1:1"),
        ("SESSION_JWT_SECRET", crate::support::SECRET),
        ("DATABASE_URL", database.as_str()),
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
