//! The commands of the program: which database they act on, and what they do to it.

use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use latchkey::server::{ground::clock::MINUTE, store::Store};

use crate::support::{App, Manners, SECRET, database};

/// Runs the program in a folder and returns its exit code and output.
fn run(folder: &Path, database: &str, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs([("DATABASE_URL", database), ("SESSION_JWT_SECRET", SECRET)])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn no_command_creates_a_database_or_tables() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::canonicalize(folder.path()).unwrap().join("data/latchkey.db");
    let commands = [
        &["users", "disable", "eve@example.com"][..],
        &["users", "add", "eve@example.com"],
        &["users", "list"],
        &["sessions", "revoke", "--all"],
        &["audit", "export"],
        &["backup", "backup.db"],
    ];
    for command in commands {
        let (code, said) = run(folder.path(), "sqlite://data/latchkey.db", command);
        let there_is_none = format!("There is no database at {}", whole.display());
        assert_eq!((code, said.contains(&there_is_none)), (1, true), "{command:?}: {said}");
    }
    let (_, said) = run(folder.path(), "sqlite://data/latchkey.db", &["check"]);
    let line = format!("database: there is none at {}; the server makes it", whole.display());
    assert!(said.contains(&line), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was created");

    fs::write(folder.path().join("empty.db"), "").unwrap();
    for command in &commands[..5] {
        let (code, said) = run(folder.path(), "sqlite://empty.db", command);
        assert_eq!((code, said.contains("lacks tables")), (1, true), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn a_command_says_which_database_it_acts_on() {
    let app = App::start().await;
    let (_, said) = app.command(&["users", "list"]).await;
    let named = match &app.store {
        Store::Sqlite { .. } => format!("SQLite, {}", app.folder().join("latchkey.db").display()),
        Store::Postgres(_) => "PostgreSQL, story_".to_owned(),
    };
    assert!(said.contains(&format!("latchkey: {named}")), "{said}");
}

#[tokio::test]
async fn an_added_user_can_sign_in_while_sign_up_is_closed() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    let add = ["users", "add", "Ada@Example.com", "bea@example.com"];
    for said in ["2 added, 0 there before", "0 added, 2 there before"] {
        let (code, told) = app.command(&add).await;
        assert_eq!((code, told.contains(said)), (0, true), "{told}");
    }
    app.signed_in("ada@example.com").await;
    let added =
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'user.added'").await;
    assert_eq!(added, ["operator", "operator"]);
}

#[tokio::test]
async fn users_are_imported_and_every_line_is_accounted_for() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    let many: String = (0..450).map(|n| format!("{n},user{n}@example.com\n")).collect();
    let file = app.folder().join("users.csv");
    fs::write(&file, format!("id,Email\n{many}x,nobody\n,ada@example.com\n,ADA@example.com\n"))
        .unwrap();
    let import = ["users", "import", file.to_str().unwrap()];
    let (code, said) = app.command(&import).await;
    assert!(said.contains("451 added, 1 there before, 1 not taken"), "{said}");
    assert!(said.contains("line 452: \"nobody\" is no address"), "{said}");
    assert_eq!(code, 1, "one line was refused");
    assert!(app.command(&import).await.1.contains("0 added, 452 there before, 1 not taken"));
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 451);

    // The output of `users list` can be imported.
    app.command(&["users", "disable", "ada@example.com"]).await;
    let listed = app.said_by(&["users", "list"], "").await;
    assert_eq!(listed.lines().count(), 452);
    assert!(listed.starts_with("address,id,created_at,kept_out\nada@example.com,"), "{listed}");
    assert!(listed.lines().nth(1).unwrap().ends_with("Z,true"), "{listed}");
    app.run_sql("DELETE FROM latchkey_users").await;
    let said = app.said_by(&["users", "import", "-"], &listed).await;
    assert_eq!(said, "451 added, 0 there before, 0 not taken\n");
    let kept_out = app.said_by(&["users", "list", "--kept-out"], "").await;
    assert!(kept_out.starts_with("address,id,kept_out_since\nada@example.com,,2"), "{kept_out}");
}

#[tokio::test]
async fn a_deleted_user_is_signed_out_and_removed() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    app.command(&["users", "add", "ada@example.com"]).await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(app.command(&["users", "delete", "ada@example.com"]).await.0, 0);
    assert_eq!(ada.signed_in_as().await, None);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 0);
    assert_eq!(app.command(&["users", "delete", "ada@example.com"]).await.0, 1);
}

/// Under an ICU collation PostgreSQL compares text as people sort names: `ádá … notice` lies
/// between `ada` and any text that continues it.
#[tokio::test]
async fn deleting_a_user_deletes_only_their_mails_under_any_collation() {
    let folder = tempfile::tempdir().unwrap();
    let url = match database::postgres() {
        Some(cluster) => {
            let how = "LOCALE_PROVIDER icu ICU_LOCALE 'und' TEMPLATE template0";
            format!("{cluster}/{}", database::fresh_in(&cluster, how).await)
        }
        None => database::fresh(folder.path()).await,
    };
    let notices = ("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true");
    let app = App::with(&[("DATABASE_URL", &url), notices]).await;
    let mut asked = Vec::new();
    for address in ["ada@example.com", "ádá@example.com"] {
        app.signed_in(address).await;
        let elsewhere = app.browser();
        elsewhere.ask_for_mail(address).await;
        asked.push((elsewhere, app.inbox.nth_to(address, 2).await));
    }
    app.inbox.behave(Manners::RefusesForNow);
    for (elsewhere, mail) in asked {
        assert_eq!(elsewhere.get(mail.link()).await.goes_to(), "/dashboard");
    }
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 2).await;
    assert_eq!(app.command(&["users", "delete", "ada@example.com"]).await.0, 0);
    let queued = "SELECT bucket FROM latchkey_outbox WHERE state = 'queued'";
    assert_eq!(app.texts(queued).await, ["ádá@example.com notice"]);
    app.inbox.behave(Manners::Takes);
    app.clock.advance(2 * MINUTE);
    app.inbox.nth_to("ádá@example.com", 3).await;
}

#[tokio::test]
async fn revoking_all_sessions_ends_them_and_forgets_every_device() {
    let app = App::with(&[("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true")]).await;
    let (ada, bea) =
        (app.signed_in("ada@example.com").await, app.signed_in("bea@example.com").await);
    // Commands use the machine's clock, by which everything in a story is long past.
    app.run_sql("UPDATE latchkey_sessions SET token_expires_at = 9000000000000").await;
    let (code, said) = app.command(&["sessions", "revoke", "--all"]).await;
    assert_eq!((code, said.contains("2 sessions of everybody have ended")), (0, true), "{said}");
    assert_eq!((ada.signed_in_as().await, bea.signed_in_as().await), (None, None));
    // The same browser counts as a new device: its owner gets a notice of the sign-in.
    let mails = app.inbox.count_to("ada@example.com");
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.nth_to("ada@example.com", mails + 1).await.link()).await;
    let notice = app.inbox.nth_to("ada@example.com", mails + 2).await;
    assert!(notice.subject.contains("sign-in") || notice.subject.contains("signed in"));
}

#[tokio::test]
async fn the_audit_table_is_exported_by_time_address_and_event() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    app.signed_in("bea@example.com").await;
    let export = async |filter: &[&str]| -> Vec<Value> {
        let said = app.said_by(&[&["audit", "export"], filter].concat(), "").await;
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = export(&[]).await;
    let rows = app.count("SELECT COUNT(*) FROM latchkey_audit_events").await;
    assert_eq!(all.len() as i64, rows);
    assert!(all.is_sorted_by_key(|event| event["at"].as_str().unwrap().to_owned()));
    let of_ada = export(&["--address", "ada@example.com", "--event", "session.issued"]).await;
    assert_eq!(of_ada.len(), 1);
    assert_eq!(of_ada[0]["event"], "session.issued");
    assert_eq!(of_ada[0]["address"], "a***@example.com");
    assert_eq!(of_ada[0]["at"], "2026-01-01T12:00:00.000Z");
    assert_eq!(export(&["--until", "2026-01-01T12:00:00Z"]).await.len(), 0);
    assert_eq!(export(&["--since", "2026-01-01T12:00:00Z"]).await.len(), all.len());
    assert_eq!(app.command(&["audit", "export", "--since", "yesterday"]).await.0, 1);
}

#[tokio::test]
async fn events_are_exported_for_a_spreadsheet_without_a_formula() {
    let app = App::start().await;
    let ada = app.browser();
    let formula = "=HYPERLINK(\"https://evil.example\",\"a,b\")";
    let ask = ada.request(reqwest::Method::POST, "/api/auth/send-passwordless");
    let ask = ask.json(&serde_json::json!({ "email": "ada@example.com" }));
    ada.send(ask.header("user-agent", formula)).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    ada.get(mail.link()).await;
    app.signed_in("bea@example.com").await;
    let user = app.texts("SELECT id FROM latchkey_users WHERE address = 'ada@example.com'").await;
    let export = ["audit", "export", "--format", "csv", "--user", &user[0]];
    let said = app.said_by(&export, "").await;
    let lines: Vec<&str> = said.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("id,at,event,reason,request_id,subject,address,"), "{said}");
    let asked = lines.iter().find(|line| line.contains(",auth.requested,")).unwrap();
    assert!(asked.contains("\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"a,b\"\")\""), "{asked}");
    assert!(asked.contains(",2026-01-01T12:00:00.000Z,auth.requested,,"), "{asked}");
    assert_eq!(said.matches(",auth.requested,").count(), 1, "{said}");
    for nobody in ["nobody", "-nobody"] {
        let (code, said) = app.command(&["audit", "export", "--user", nobody]).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("give the address"), "{said}");
    }
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_complete() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let file = app.folder().join("backup.db");
    let backup = ["backup", file.to_str().unwrap()];
    let (code, said) = app.command(&backup).await;
    if matches!(app.store, Store::Postgres(_)) {
        assert_eq!((code, said.contains("pg_dump")), (1, true), "{said}");
        return;
    }
    assert_eq!((code, said.contains("bytes of SQLite")), (0, true), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(ada.signed_in_as().await.is_some());
    let (code, said) = app.command(&backup).await;
    assert_eq!((code, said.contains("is there already")), (1, true), "{said}");
    let url = format!("sqlite://{}", file.display());
    let copy = Store::open(&url, &Default::default()).await.unwrap();
    assert_eq!(database::count(&copy, "SELECT COUNT(*) FROM latchkey_sessions").await, 1);
    assert_eq!(
        database::texts(&copy, "SELECT address FROM latchkey_users").await,
        ["ada@example.com"]
    );
    copy.close().await;
}

/// The commands under "By hand" in `docs/operating.md`.
#[tokio::test]
async fn every_command_in_the_manual_works() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(top.join("docs/operating.md")).unwrap();
    let by_hand = manual.split("## By hand").nth(1).unwrap().split("\n## ").next().unwrap();
    let addresses = app.folder().join("addresses.csv");
    fs::write(&addresses, "cyd@example.com\n").unwrap();
    let backup = app.folder().join("backup.db");
    let mut shown = 0;
    for command in by_hand.split('`').skip(1).step_by(2) {
        let Some(command) = command.strip_prefix("latchkey ") else { continue };
        let command = command
            .replace("EMAIL", "ada@example.com")
            .replace("STRANGER", "eva@example.com")
            .replace("ADDRESSES.csv", addresses.to_str().unwrap())
            .replace("KEY.pem", app.folder().join("key.pem").to_str().unwrap())
            .replace("BACKUP.db", backup.to_str().unwrap());
        let (code, said) = app.command(&command.split(' ').collect::<Vec<_>>()).await;
        let may_fail = command == "check"
            || (command.starts_with("backup") && matches!(app.store, Store::Postgres(_)));
        assert!(code == 0 || (may_fail && code == 1), "{command}: {said}");
        shown += 1;
    }
    assert!(shown >= 12, "{shown}");
}

/// Creates a folder of stand-ins for systemd's programs. `systemd-run` runs the given command with
/// the environment and folder of its properties, and prints the properties.
fn systemd(folder: &Path, unit: &str) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(folder.join("unit"), unit).unwrap();
    let run = "#!/bin/sh\nset -a\n\
        while case $1 in --*) ;; *) false ;; esac; do\n  echo \"$1\"\n  case $1 in\n\
        --property=EnvironmentFile=*) . \"${1#--property=EnvironmentFile=}\" ;;\n\
        --property=Environment=*) eval \"${1#--property=Environment=}\" ;;\n\
        --property=WorkingDirectory=*) cd \"${1#--property=WorkingDirectory=}\" ;;\n  esac\n  shift\ndone\n\
        exec \"$@\"\n";
    for (name, text) in [
        ("systemctl", format!("#!/bin/sh\ncat {}\n", folder.join("unit").display())),
        ("systemd-run", run.to_owned()),
    ] {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

#[tokio::test]
async fn latchkeyctl_runs_with_the_units_own_database_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(
        folder.path().join("environment"),
        format!(
            "SESSION_JWT_SECRET=\"{SECRET}\"\nLATCHKEY_PUBLIC_URL=https://login.example.com\n\
             SMTP_URL=smtps://mail.example.com\nLATCHKEY_MAIL__FROM=no-reply@example.com\n"
        ),
    )
    .unwrap();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = fs::read_to_string(top.join("deploy/latchkey.service")).unwrap();
    let unit = unit
        .replace("/opt/latchkey/latchkey", env!("CARGO_BIN_EXE_latchkey"))
        .replace("/etc/latchkey/environment", &at("environment"))
        .replace("/etc/latchkey/Leptos.toml", &top.join("Leptos.toml").display().to_string())
        .replace("/var/lib/latchkey", &folder.path().display().to_string());
    let bin = systemd(folder.path(), &unit);
    let url = format!("sqlite://{}", at("latchkey.db"));
    let store = Store::open(&url, &Default::default()).await.unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = Command::new(top.join("deploy/latchkeyctl"))
        .args(["users", "add", "ada@example.com"])
        .current_dir("/")
        .env_clear()
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("1 added"), "{said}");
    assert_eq!(database::count(&store, "SELECT COUNT(*) FROM latchkey_users").await, 1);
    for property in ["User=latchkey", "DynamicUser=yes", "StateDirectory=latchkey", "UMask=0077"] {
        assert!(said.contains(&format!("--property={property}\n")), "{property}: {said}");
    }
    // The first of the two filters allows system calls, the second removes some of them.
    let filters: Vec<&str> =
        said.lines().filter(|line| line.contains("SystemCallFilter")).collect();
    assert!(filters[0].ends_with("@system-service"), "{filters:?}");
    assert!(!said.contains("--property=Exec") && !said.contains("--property=Restart"), "{said}");
}
