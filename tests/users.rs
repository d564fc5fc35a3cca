//! Whose sign-in it is: Latchkey's own users, or the team's.

use latchkey::server::{
    config::Users,
    store::{MappedUsers, Store},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, SqlitePool};

use crate::support::{App, database};

#[tokio::test]
async fn the_first_sign_in_makes_the_user_and_later_ones_find_it() {
    let app = App::start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let ada = app.signed_in("ada@example.com").await;
        ids.push(ada.get("/api/auth/session").await.json()["user_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn fifty_first_sign_ins_at_once_make_one_user() {
    let app = App::start().await;
    let mut sent = Vec::new();
    for n in 1..=50 {
        let answer = app
            .browser()
            .post_json("/api/auth/send-passwordless", json!({ "email": "ada@example.com" }))
            .await;
        let mail = app.inbox.nth_to("ada@example.com", n).await;
        sent.push(
            json!({ "code": mail.code(), "auth_request_id": answer.json()["auth_request_id"] }),
        );
    }
    let tries: Vec<_> = sent
        .into_iter()
        .map(|body| (app.browser(), body))
        .map(|(browser, body)| {
            tokio::spawn(async move { browser.post_json("/api/auth/verify", body).await.status })
        })
        .collect();
    let mut won = 0;
    for attempt in tries {
        won += usize::from(attempt.await.unwrap() == 200);
    }
    // The first to succeed ends the others, which are of the same address.
    assert_eq!(won, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 1);
}

#[tokio::test]
async fn when_sign_up_is_closed_strangers_get_the_same_answer_and_no_mail() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    app.run_sql(
        "INSERT INTO latchkey_users (id, address, created_at) VALUES ('u1', 'ada@example.com', 1)",
    )
    .await;
    let answers = [
        app.browser()
            .post_json("/api/auth/send-passwordless", json!({ "email": "bob@example.com" }))
            .await,
        app.browser()
            .post_json("/api/auth/send-passwordless", json!({ "email": "ada@example.com" }))
            .await,
    ];
    let [mut unknown, mut known] = answers.map(|answer| {
        (
            answer.status,
            answer.json(),
            answer.headers.keys().map(|name| name.to_string()).collect::<Vec<_>>(),
        )
    });
    for answer in [&mut unknown, &mut known] {
        let id = answer.1["auth_request_id"].take();
        assert_eq!(id.as_str().map(str::len), Some(22));
    }
    assert_eq!(unknown, known);
    app.inbox.first_to("ada@example.com").await;
    assert_eq!(app.inbox.count(), 1);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox").await,
        2,
        "the same rows are written"
    );
}

#[tokio::test]
async fn a_disabled_user_gets_no_mail_and_no_session() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    app.run_sql("UPDATE latchkey_users SET disabled_at = 1").await;
    assert_eq!(ada.signed_in_as().await, None);
    ada.get(mail.link()).await;
    assert_eq!(ada.signed_in_as().await, None);
    ada.ask_for_mail("ada@example.com").await;
    app.signed_in("bea@example.com").await;
    assert_eq!(app.inbox.count_to("ada@example.com"), 2);
}

/// A team's database beside ours.
struct Team {
    folder: tempfile::TempDir,
    pool: SqlitePool,
}

impl Team {
    async fn new(schema: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("team.db").display());
        let pool = SqlitePool::connect(&url).await.unwrap();
        let team = Team { folder, pool };
        team.run(schema).await;
        team
    }

    async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("team.db").display())
    }

    async fn app(&self, table: &str) -> App {
        App::with(&[
            ("LATCHKEY_AUTH__SIGN_UP", "closed"),
            ("LATCHKEY_USERS__TABLE", table),
            ("LATCHKEY_USERS__ID", "id"),
            ("LATCHKEY_USERS__ADDRESS", "email"),
            ("LATCHKEY_USERS__DATABASE_URL", &self.url()),
        ])
        .await
    }

    /// Why it cannot be mapped.
    async fn refusal(&self, table: &str, address: &str) -> String {
        let own = Store::open(&format!("sqlite://{}", self.folder.path().join("own.db").display()))
            .await
            .unwrap();
        let users = Users {
            table: table.to_owned(),
            id: "id".to_owned(),
            address: address.to_owned(),
            database_url: Some(self.url()),
        };
        MappedUsers::open(&users, &own).await.unwrap_err().to_string()
    }
}

const RAILS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
    CREATE UNIQUE INDEX users_email ON users (email);
    INSERT INTO users (id, email) VALUES (7, 'ada@example.com');";

#[tokio::test]
async fn users_of_a_table_like_a_rails_apps_sign_in_under_their_own_id() {
    let team = Team::new(RAILS).await;
    let app = team.app("users").await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get("/api/auth/session").await.json()["user_id"], "7");
    app.browser().ask_for_mail("bob@example.com").await;
    app.signed_in("ada@example.com").await;
    assert_eq!(app.inbox.count_to("bob@example.com"), 0);
}

#[tokio::test]
async fn addresses_the_team_keeps_in_any_case_are_found_by_an_index_on_lower() {
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
async fn a_user_the_team_removes_is_out_at_the_next_request() {
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
    let before = version(team.pool.clone()).await;
    app.signed_in("ada@example.com").await.post_form("/actions/sign-out", &[]).await;
    assert_eq!(version(team.pool.clone()).await, before);
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
    sqlx::query(AssertSqlSafe(fill)).execute(&team.pool).await.unwrap();
    let app = team.app("users").await;
    let user = app.signed_in("user999999@example.com").await;
    assert_eq!(user.get("/api/auth/session").await.json()["user_id"], "999999");
}

/// Runs where there is a PostgreSQL cluster: on SQLite there is nothing shaped like it.
#[tokio::test]
async fn users_of_a_table_like_supabases_sign_in_under_their_own_id() {
    if database::postgres().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(folder.path()).await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let schema = "CREATE SCHEMA auth;
        CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, email varchar(255), is_sso_user boolean NOT NULL DEFAULT false);
        CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email) WHERE is_sso_user = false;
        CREATE INDEX users_email ON auth.users (lower(email));
        INSERT INTO auth.users (id, email) VALUES ('6f1c1fd4-6a4c-4a0e-9a51-0f8e3d2c1b0a', 'ada@example.com');
        CREATE ROLE reader LOGIN;
        GRANT USAGE ON SCHEMA auth TO reader;
        GRANT SELECT ON auth.users TO reader;";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    let url = url.replacen("://postgres@", "://reader@", 1);
    let app = App::with(&[
        ("LATCHKEY_AUTH__SIGN_UP", "closed"),
        ("LATCHKEY_USERS__TABLE", "auth.users"),
        ("LATCHKEY_USERS__ID", "id"),
        ("LATCHKEY_USERS__ADDRESS", "email"),
        ("LATCHKEY_USERS__DATABASE_URL", &url),
    ])
    .await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(
        ada.get("/api/auth/session").await.json()["user_id"],
        "6f1c1fd4-6a4c-4a0e-9a51-0f8e3d2c1b0a"
    );
}
