//! Latchkey's tables in a database: who creates them, who shares it, and what prevents it.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr, SqliteConnection, migrate::*};
use std::{path::Path, process::Command};

use latchkey::server::ground::clock::MINUTE;

use crate::support::{App, Inbox, Manners, SECRET, database, pg_dump};

/// Runs the program in a folder and returns its exit code and output.
async fn program(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let inbox = Inbox::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SMTP_URL", inbox.smtp_url())
        .env("SESSION_JWT_SECRET", SECRET)
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.unwrap();
}

#[tokio::test]
async fn the_previous_version_runs_and_restarts_after_a_newer_one_migrated() {
    let mut app = App::start().await;
    app.signed_in("ada@example.com").await;
    app.run_sql(
        "INSERT INTO latchkey_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'newer', TRUE, checksum, 0 FROM latchkey_migrations WHERE version = 1; \
         ALTER TABLE latchkey_auth_requests ADD COLUMN newer TEXT; \
         ALTER TABLE latchkey_auth_credentials ADD COLUMN newer TEXT; \
         ALTER TABLE latchkey_sessions ADD COLUMN newer TEXT; \
         ALTER TABLE latchkey_outbox ADD COLUMN newer TEXT; \
         ALTER TABLE latchkey_users ADD COLUMN newer TEXT",
    )
    .await;
    // On connections that were opened before the tables changed.
    app.signed_in("ada@example.com").await.get("/dashboard").await;
    app.restart().await;
    app.signed_in("ada@example.com").await;
}

#[tokio::test]
async fn a_program_that_migrates_with_sqlx_can_share_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(folder.path()).await;
    let theirs = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE sessions (id TEXT); \
        CREATE TABLE outbox (id TEXT)";
    let kind = MigrationType::Simple;
    let migration = Migration::new(
        1,
        "users".into(),
        kind,
        AssertSqlSafe(theirs.to_owned()).into_sql_str(),
        false,
    );
    let team = Migrator::with_migrations(vec![migration]);
    // Before our migrations and after them: neither takes the other's for its own.
    for _ in 0..2 {
        if url.starts_with("sqlite:") {
            let mut connection =
                SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
            team.run(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            team.run(&mut database::direct(&url).await).await.unwrap();
        }
        let mut app = App::with(&[("DATABASE_URL", &url)]).await;
        assert_eq!(app.browser().get("/readyz").await.status, 200);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_server_needs_no_right_to_create_tables() {
    let Some(cluster) = database::postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let name = database::fresh_in(&cluster, "").await;
    let owner = format!("{cluster}/{name}");
    let role = format!("serves_{name}");
    let served = owner.replace("postgres@", &format!("{role}@"));
    let mut operator = PgConnection::connect(&owner).await.unwrap();
    run(&mut operator, format!("CREATE ROLE {role} LOGIN")).await;
    run(&mut operator, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let serving = [("DATABASE_URL", served.as_str())];
    for arguments in [&["check"][..], &[]] {
        let (code, said) = program(folder.path(), arguments, &serving).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("and we may not. Run `latchkey migrate`"), "{said}");
    }
    let migrating = [serving[0], ("LATCHKEY_DATABASE__MIGRATE_URL", owner.as_str())];
    let (code, said) = program(folder.path(), &["migrate"], &migrating).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("made"), "{said}");
    run(
        &mut operator,
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"),
    )
    .await;
    let (code, said) = program(folder.path(), &["migrate"], &migrating).await;
    assert_eq!((code, said.contains("nothing to migrate")), (0, true), "{said}");
    let app = App::with(&serving).await;
    app.signed_in("ada@example.com").await;
}

#[tokio::test]
async fn a_database_that_cannot_store_every_address_is_refused() {
    let Some(cluster) = database::postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let how = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let url = format!("{cluster}/{}", database::fresh_in(&cluster, how).await);
    for arguments in [&["check"][..], &[]] {
        let (code, said) = program(folder.path(), arguments, &[("DATABASE_URL", &url)]).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("keeps its texts as LATIN1"), "{said}");
    }
}

#[tokio::test]
async fn an_unwritable_or_unnamed_database_file_is_refused() {
    if database::postgres().is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.db");
    let url = format!("sqlite://{}", path.display());
    let made = App::with(&[("DATABASE_URL", &url)]).await;
    made.store.close().await;
    let read_only = format!("{url}?mode=ro");
    for (url, code, says) in [
        (read_only.as_str(), 1, "readonly database"),
        ("sqlite://", 2, "names no file"),
        ("sqlite:", 2, "names no file"),
    ] {
        let (exit, said) = program(folder.path(), &[], &[("DATABASE_URL", url)]).await;
        assert_eq!(exit, code, "{url}: {said}");
        assert!(said.contains(says), "{url}: {said}");
        let (exit, said) = program(folder.path(), &["check"], &[("DATABASE_URL", url)]).await;
        assert_ne!(exit, 0, "{url}: {said}");
    }
}

#[tokio::test]
async fn no_part_of_a_url_with_an_unencoded_password_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://latchkey:hun@ter2/x@db.invalid/latchkey",
        "postgres://latchkey:hun/ter2@db.invalid/latchkey",
        "postgres://latchkey:hun?ter2@db.invalid/latchkey",
        "postgres://latchkey:hun#ter2@db.invalid/latchkey",
        "postgres://latchkey:12/ter2@db.invalid/latchkey",
        "latchkey:hunter2@db.invalid/latchkey",
        "hunter2",
    ] {
        for arguments in [&["check"][..], &[], &["migrate"]] {
            for setting in ["DATABASE_URL", "LATCHKEY_DATABASE__MIGRATE_URL"] {
                if setting != "DATABASE_URL" && arguments != ["migrate"] {
                    continue;
                }
                let (code, said) = program(folder.path(), arguments, &[(setting, url)]).await;
                assert_ne!(code, 0, "{url}: {said}");
                assert!(!said.contains("ter2") && !said.contains("hun"), "{url}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn locked_tables_are_reported_and_not_waited_for() {
    if database::postgres().is_none() {
        return;
    }
    let app = App::with(&[("LATCHKEY_DATABASE__LOCK_TIMEOUT", "1")]).await;
    app.signed_in("ada@example.com").await;
    let name = app.texts("SELECT current_database()::TEXT").await.remove(0);
    let mut holder = database::direct(&format!("/{name}")).await;
    run(&mut holder, "BEGIN; LOCK TABLE latchkey_sessions, latchkey_migrations").await;
    for arguments in [
        &["check"][..],
        &["sessions", "revoke", "ada@example.com"],
        &["users", "disable", "a@b.example"],
    ] {
        let (code, said) = app.command(arguments).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("somebody else holds a lock"), "{said}");
    }
}

#[tokio::test]
async fn several_instances_can_purge_at_the_same_time() {
    let app = App::start().await;
    app.run_sql(
        "INSERT INTO latchkey_failed_tries (id, bucket, network, at) WITH RECURSIVE n(n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000) \
         SELECT 'try' || n, 'bucket', '', n FROM n",
    )
    .await;
    let purge = || app.store.purge(app.clock.now(), 1);
    let (a, b, c) = tokio::join!(purge(), purge(), purge());
    let purged = a.unwrap() + b.unwrap() + c.unwrap();
    assert!(purged >= 900, "{purged}");
}

/// The fixture: our filled tables as an earlier version left them, as SQL for either database,
/// written by `scripts/fixture.sh`. The story below runs every later migration on them.
fn kept() -> std::path::PathBuf {
    let kind = if database::postgres().is_some() { "postgres" } else { "sqlite" };
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{kind}.sql"))
}

#[tokio::test]
async fn a_filled_database_of_an_earlier_version_migrates_and_keeps_working() {
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(folder.path()).await;
    let dump = AssertSqlSafe(std::fs::read_to_string(kept()).unwrap());
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        sqlx::raw_sql(dump).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        sqlx::raw_sql(dump).execute(&mut database::direct(&url).await).await.unwrap();
    }
    let mut app = App::with(&[("DATABASE_URL", &url)]).await;
    // The restart draws ids that are not in the database yet.
    app.restart().await;
    let of_ada = "SELECT COUNT(*) FROM latchkey_sessions s JOIN latchkey_users u ON u.id = s.user_id \
        WHERE u.address = 'ada@example.com'";
    assert_eq!(app.count(of_ada).await, 1);
    app.signed_in("ada@example.com").await;
    assert_eq!(app.count(of_ada).await, 2, "the same user, and her earlier session is kept");
    // The mail that waited in the outbox is sent.
    app.clock.advance(2 * MINUTE);
    let mail = app.inbox.first_to("late@example.com").await;
    assert_eq!(mail.code().len(), 6);
}

/// Writes the fixture for the story above, from today's tables.
#[tokio::test]
#[ignore = "run by scripts/fixture.sh"]
async fn the_fixture_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(folder.path()).await;
    let mut app = App::with(&[("DATABASE_URL", &url)]).await;
    app.signed_in("ada@example.com").await;
    app.browser().ask_for_mail("pending@example.com").await;
    app.inbox.first_to("pending@example.com").await;
    app.inbox.behave(Manners::RefusesForNow);
    app.browser().ask_for_mail("late@example.com").await;
    let refused =
        "SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued' AND last_error IS NOT NULL";
    app.until(refused, 1).await;
    app.stop().await;
    let mut dump = match url.strip_prefix("sqlite://") {
        Some(file) => {
            let mut python = Command::new("python3");
            let script = "import sqlite3, sys; print('PRAGMA foreign_keys = OFF;', \
                 *sqlite3.connect(sys.argv[1]).iterdump(), sep=chr(10))";
            python.args(["-c", script, file]);
            python
        }
        None => {
            let mut dump = Command::new(pg_dump());
            dump.args(["--inserts", "--no-owner", "--no-privileges", "--no-comments", &url]);
            dump
        }
    };
    let dumped = String::from_utf8(dump.output().unwrap().stdout).unwrap();
    // Commands of psql itself are not SQL.
    let lines: Vec<&str> = dumped.lines().filter(|line| !line.starts_with('\\')).collect();
    std::fs::create_dir_all(kept().parent().unwrap()).unwrap();
    std::fs::write(kept(), lines.join("\n") + "\n").unwrap();
}
