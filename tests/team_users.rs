//! Users that sign in, where the team's own table holds them.

use latchkey::server::{store::TeamUsers, values::address::Address};
use sqlx::SqlitePool;

use crate::support::{
    Team,
    team::{Pool, RAILS},
};

/// The id of the only user with an address.
async fn id_of(mapped: &TeamUsers, address: &str) -> Option<String> {
    mapped.find(&Address::parse(address).unwrap()).await.unwrap()
}

#[tokio::test]
async fn users_of_a_rails_table_sign_in_under_their_own_id() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get("/api/auth/session").await.json()["user_id"], "7");
    app.browser().ask_for_mail("bob@example.com").await;
    app.signed_in("ada@example.com").await;
    assert_eq!(app.inbox.count_to("bob@example.com"), 0);
}

#[tokio::test]
async fn addresses_stored_in_any_case_are_found_by_an_index_on_lower() {
    let team = Team::new(
        "CREATE TABLE accounts (id TEXT PRIMARY KEY, email TEXT);
         CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
         INSERT INTO accounts VALUES ('a-1', 'Ada@Example.com'), ('b-1', NULL);",
    )
    .await;
    let app = team.app("accounts").await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get("/api/auth/session").await.json()["user_id"], "a-1");
}

#[tokio::test]
async fn a_user_removed_by_the_team_is_signed_out_at_the_next_request() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    let ada = app.signed_in("ada@example.com").await;
    team.run("DELETE FROM users").await;
    assert_eq!(ada.signed_in_as().await, None);
    assert!(ada.get("/dashboard").await.goes_to().starts_with("/login"));
}

#[tokio::test]
async fn the_teams_database_is_never_written() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    let Pool::Sqlite(pool) = team.pool.clone() else { unreachable!() };
    let version = |pool: SqlitePool| async move {
        let (schema, data): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM sqlite_master), (SELECT COUNT(*) FROM users)",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        let changes: i64 =
            sqlx::query_scalar("PRAGMA data_version").fetch_one(&pool).await.unwrap();
        (schema, data, changes)
    };
    let before = version(pool.clone()).await;
    app.signed_in("ada@example.com").await.post_form("/actions/sign-out", &[]).await;
    assert_eq!(version(pool.clone()).await, before);
}

#[tokio::test]
async fn a_table_that_cannot_be_mapped_is_refused_with_advice() {
    let team = Team::new(
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE doubled (id INTEGER PRIMARY KEY, email TEXT);
         CREATE INDEX doubled_email ON doubled (email);
         INSERT INTO doubled (email) VALUES ('ada@example.com'), ('ADA@example.com');",
    )
    .await;
    let refusal = team.refusal("plain", "email").await;
    assert!(refusal.contains("CREATE UNIQUE INDEX ON plain (lower(email))"), "{refusal}");
    let refusal = team.refusal("doubled", "email").await;
    assert!(refusal.contains("several rows with the same email"), "{refusal}");
    let refusal = team.refusal("nothing", "email").await;
    assert!(refusal.contains("[users] nothing cannot be read"), "{refusal}");
    let refusal = team.refusal("plain", "mail").await;
    assert!(refusal.contains("cannot be read"), "{refusal}");
}

#[tokio::test]
async fn a_million_users_are_looked_up_by_index() {
    let team = Team::new(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL); CREATE UNIQUE INDEX users_email ON users (email);",
    )
    .await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) INSERT INTO users SELECT i, 'user' || i || '@example.com' FROM n";
    team.run(fill).await;
    let app = team.app("users").await;
    let user = app.signed_in("user999999@example.com").await;
    assert_eq!(user.get("/api/auth/session").await.json()["user_id"], "999999");
}

/// Runs only with a PostgreSQL cluster: SQLite has nothing of this shape.
#[tokio::test]
async fn users_of_a_supabase_table_sign_in_under_their_own_id() {
    let schema = "CREATE SCHEMA auth;
        CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, email varchar(255), is_sso_user boolean NOT NULL DEFAULT false);
        CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email) WHERE is_sso_user = false;
        CREATE INDEX users_email ON auth.users (lower(email));
        INSERT INTO auth.users (id, email) VALUES ('6f1c1fd4-6a4c-4a0e-9a51-0f8e3d2c1b0a', 'ada@example.com');
        CREATE ROLE reader LOGIN;
        GRANT USAGE ON SCHEMA auth TO reader;
        GRANT SELECT ON auth.users TO reader;";
    let Some(team) = Team::on_postgres(schema).await else { return };
    let app = team.app_of("auth.users", "reader").await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(
        ada.get("/api/auth/session").await.json()["user_id"],
        "6f1c1fd4-6a4c-4a0e-9a51-0f8e3d2c1b0a"
    );
}

#[tokio::test]
async fn an_address_is_found_by_index_in_a_column_of_any_text_type() {
    let schema = "CREATE EXTENSION citext;
        CREATE DOMAIN mailbox AS citext CHECK (VALUE LIKE '%@example.test');
        CREATE DOMAIN short_mailbox AS mailbox CHECK (length(VALUE) < 40);
        CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);";
    let Some(team) = Team::on_postgres(schema).await else { return };
    for (n, (column, kept)) in [
        ("citext", "Ada@Example.test"),
        ("mailbox", "Ada@Example.test"),
        ("short_mailbox", "Ada@Example.test"),
        ("text COLLATE any_case", "Ada@Example.test"),
        ("varchar(60)", "ada@example.test"),
        ("char(60)", "ada@example.test"),
        ("text COLLATE \"C\"", "ada@example.test"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("users_{n}");
        team.run(&format!(
            "CREATE TABLE {table} (id BIGINT PRIMARY KEY, email {column});
             CREATE UNIQUE INDEX ON {table} (email); INSERT INTO {table} VALUES (7, '{kept}');"
        ))
        .await;
        let mapped = team.mapped(&table, "email").await.unwrap_or_else(|error| panic!("{error}"));
        let found = id_of(&mapped, "ada@example.test").await;
        assert_eq!(found.as_deref(), Some("7"), "{column}");
        // Not found and no error, even where the domain rejects the value or the type cannot hold
        // all of it.
        let long = format!("{}@example.org", "a".repeat(60));
        assert_eq!(id_of(&mapped, &long).await, None, "{column}");
    }
}

#[tokio::test]
async fn a_column_that_is_not_text_is_refused_with_its_type() {
    let schema = "CREATE TABLE users (id BIGINT PRIMARY KEY, email uuid, data jsonb);
        CREATE UNIQUE INDEX ON users (email);";
    let Some(team) = Team::on_postgres(schema).await else { return };
    let refusal = team.refusal("users", "email").await;
    assert!(refusal.contains("email of users is of the type uuid"), "{refusal}");
    assert!(team.refusal("users", "data").await.contains("is of the type jsonb"));
}

#[tokio::test]
async fn both_spellings_of_a_domain_are_looked_up() {
    let team = Team::new(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
         CREATE UNIQUE INDEX users_email ON users (email);
         INSERT INTO users VALUES (7, 'ada@bücher.example'), (8, 'bea@xn--bcher-kva.example'),
             (9, 'cyd@bücher.example'), (10, 'cyd@xn--bcher-kva.example');",
    )
    .await;
    let app = team.app("users").await;
    for (address, id) in [("ada@xn--bcher-kva.example", "7"), ("bea@xn--bcher-kva.example", "8")] {
        let user = app.signed_in(address).await;
        assert_eq!(user.get("/api/auth/session").await.json()["user_id"], id);
    }
    let mapped = team.mapped("users", "email").await.unwrap();
    assert_eq!(id_of(&mapped, "cyd@xn--bcher-kva.example").await, None, "two users match");
    team.run("DELETE FROM users WHERE id = 9").await;
    assert_eq!(id_of(&mapped, "cyd@xn--bcher-kva.example").await.as_deref(), Some("10"));
}

#[tokio::test]
async fn a_nocase_index_of_sqlite_finds_any_spelling() {
    let team = Team::new(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
         CREATE UNIQUE INDEX users_email ON users (email COLLATE NOCASE);
         INSERT INTO users VALUES (7, 'Ada@Example.com');",
    )
    .await;
    let mapped = team.mapped("users", "email").await.unwrap();
    assert_eq!(id_of(&mapped, "ada@example.com").await.as_deref(), Some("7"));
}

#[tokio::test]
async fn users_who_are_never_found_are_reported_at_the_start_and_by_check() {
    for (index, row, example, remedy) in [
        ("email", "Ada@Example.com", "A***@Example.com", "INDEX ON users (lower(email))"),
        ("lower(email)", "JÜRGEN@example.com", "J***@example.com", "in lower case"),
        ("lower(email)", " ada@example.com", "a***@example.com", "without spaces around it"),
    ] {
        let team = Team::new(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
             CREATE UNIQUE INDEX users_email ON users ({index});
             INSERT INTO users (email) VALUES ('{row}'), ('Bea@Example.com'), ('none'), (NULL), ('cyd@example.com');"
        ))
        .await;
        let count = if index == "email" { "2 users, " } else { "1 user, " };
        let app = team.app("users").await;
        let (_, said) = app.command(&["check"]).await;
        let line = said.lines().find(|line| line.starts_with("BAD  users"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        for text in [count, example, "never found", remedy] {
            assert!(line.contains(text), "{text}: {said}");
        }
        assert!(!said.contains(row.trim()), "{said}");
        // A start logs it, and so does a command.
        let (_, said) = app.command(&["users", "disable", "nobody@example.com"]).await;
        assert!(said.contains("WARN") && said.contains(example), "{said}");
    }
}

/// Grouping ten million rows at each start is expensive, and pointless where a unique index forbids
/// duplicates: rows that only look like duplicates are no error there.
#[tokio::test]
async fn no_start_looks_for_duplicates_under_a_unique_index() {
    let schema = "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT);
        CREATE UNIQUE INDEX users_email ON users (email);
        INSERT INTO users VALUES (7, 'ada@example.com'), (8, 'ADA@example.com');";
    let teams = [Some(Team::new(schema).await), Team::on_postgres(schema).await];
    for team in teams.into_iter().flatten() {
        let mapped = team.mapped("users", "email").await.unwrap();
        assert_eq!(id_of(&mapped, "ada@example.com").await.as_deref(), Some("7"));
        team.run("DROP INDEX users_email; CREATE INDEX users_email ON users (lower(email));").await;
        assert!(team.refusal("users", "email").await.contains("several rows with the same email"));
    }
}

#[tokio::test]
async fn a_ban_follows_the_user_and_not_a_later_owner_of_the_address() {
    let team = Team::new(RAILS).await;
    team.run("INSERT INTO users (id, email) VALUES (9, 'bea@example.com')").await;
    let app = team.app("users").await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(app.command(&["users", "disable", "ada@example.com"]).await.0, 0);
    assert_eq!(ada.signed_in_as().await, None);

    team.run("UPDATE users SET email = 'augusta@example.com' WHERE id = 7").await;
    team.run("UPDATE users SET email = 'ada@example.com' WHERE id = 9").await;
    let heir = app.signed_in("ada@example.com").await;
    assert_eq!(heir.get("/api/auth/session").await.json()["user_id"], "9");
    let withheld = "SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'not_a_user'";
    app.browser().ask_for_mail("augusta@example.com").await;
    app.until(withheld, 1).await;

    // Disabling the user once more by the new address is no error. There is no ban on the other
    // user.
    assert_eq!(app.command(&["users", "disable", "augusta@example.com"]).await.0, 0);
    assert!(heir.signed_in_as().await.is_some());
    assert_eq!(app.command(&["users", "enable", "ada@example.com"]).await.0, 1);
    app.browser().ask_for_mail("augusta@example.com").await;
    app.until(withheld, 2).await;
    assert_eq!(app.command(&["users", "enable", "augusta@example.com"]).await.0, 0);
    let augusta = app.signed_in("augusta@example.com").await;
    assert_eq!(augusta.get("/api/auth/session").await.json()["user_id"], "7");
}

#[tokio::test]
async fn a_mail_requested_before_the_ban_signs_nobody_in() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    let (ada, mail) = app.asked("ada@example.com").await;
    app.command(&["users", "disable", "ada@example.com"]).await;
    ada.get(mail.link()).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 0);
}

#[tokio::test]
async fn an_address_without_a_user_can_be_banned_and_unbanned() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    app.command(&["users", "disable", "eve@example.com"]).await;
    team.run("INSERT INTO users (id, email) VALUES (13, 'eve@example.com')").await;
    app.browser().ask_for_mail("eve@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE reason = 'not_a_user'", 1).await;
    app.command(&["users", "enable", "eve@example.com"]).await;
    app.signed_in("eve@example.com").await;

    // A user removed by the team is unbanned by the address they had.
    app.command(&["users", "disable", "ada@example.com"]).await;
    team.run("DELETE FROM users WHERE id = 7").await;
    assert_eq!(app.command(&["users", "enable", "ada@example.com"]).await.0, 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_bans").await, 0);
}
