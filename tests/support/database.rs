//! A fresh database for every story: a SQLite file, or a database in a PostgreSQL cluster when
//! `LATCHKEY_TEST_POSTGRES` names one (`scripts/with_postgres.sh` starts a throwaway one).

use latchkey::server::store::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The URL of the cluster, if the stories are to run on PostgreSQL.
pub fn postgres() -> Option<String> {
    std::env::var("LATCHKEY_TEST_POSTGRES").ok()
}

/// The URL of the pooler in front of it, if the stories are to use one.
pub fn pooler() -> Option<String> {
    std::env::var("LATCHKEY_TEST_POOLER").ok()
}

/// Prepares an empty database and returns its URL.
pub async fn fresh(folder: &Path) -> String {
    match postgres() {
        Some(cluster) => {
            let name = fresh_in(&cluster, "").await;
            format!("{}/{name}", pooler().unwrap_or(cluster))
        }
        None => format!("sqlite://{}", folder.join("latchkey.db").display()),
    }
}

/// Creates an empty database in the cluster with the options `how`, and returns its name.
pub async fn fresh_in(cluster: &str, how: &str) -> String {
    let name = format!("story_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let mut connection = PgConnection::connect(&format!("{cluster}/postgres")).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} {how}")))
        .execute(&mut connection)
        .await
        .unwrap();
    name
}

/// Connects to the database that a URL names, bypassing any pooler.
pub async fn direct(url: &str) -> PgConnection {
    let name = url.rsplit('/').next().unwrap();
    PgConnection::connect(&format!("{}/{name}", postgres().unwrap())).await.unwrap()
}

/// Runs code with a connection of the pool.
macro_rules! on {
    ($pool:expr, $db:ident => $body:expr) => {{
        let mut lent = $pool.get().await.unwrap();
        let $db = lent.connection().unwrap();
        let out = $body.unwrap();
        lent.give_back();
        out
    }};
}

/// Runs SQL as an operator would, directly on the database.
pub async fn run(store: &Store, sql: &'static str) {
    match store {
        Store::Sqlite { writer, .. } => {
            on!(writer, db => sqlx::raw_sql(sql).execute(db).await.map(drop))
        }
        Store::Postgres(pool) => on!(pool, db => sqlx::raw_sql(sql).execute(db).await.map(drop)),
    }
}

/// Reads one number from the database.
pub async fn count(store: &Store, sql: &'static str) -> i64 {
    match store {
        Store::Sqlite { readers, .. } => {
            on!(readers, db => sqlx::query_scalar(sql).fetch_one(db).await)
        }
        Store::Postgres(pool) => on!(pool, db => sqlx::query_scalar(sql).fetch_one(db).await),
    }
}

/// Reads one column of text from the database.
pub async fn texts(store: &Store, sql: &'static str) -> Vec<String> {
    match store {
        Store::Sqlite { readers, .. } => {
            on!(readers, db => sqlx::query_scalar(sql).fetch_all(db).await)
        }
        Store::Postgres(pool) => on!(pool, db => sqlx::query_scalar(sql).fetch_all(db).await),
    }
}

/// Waits for part of a story while the database takes no writes.
pub async fn while_nothing_is_written<T>(store: &Store, story: impl Future<Output = T>) -> T {
    match store {
        Store::Sqlite { writer, .. } => {
            let taken = writer.get().await.unwrap();
            let told = story.await;
            taken.give_back();
            told
        }
        Store::Postgres(pool) => {
            let mut taken = Vec::new();
            for _ in 0..16 {
                taken.push(pool.get().await.unwrap());
            }
            let told = story.await;
            taken.into_iter().for_each(|connection| connection.give_back());
            told
        }
    }
}

/// True if a dump of the database, in any form that an attacker could make, holds `text`.
pub async fn holds(store: &Store, url: &str, text: &str) -> bool {
    match store {
        Store::Sqlite { .. } => {
            let path = url.trim_start_matches("sqlite://");
            let mut bytes = std::fs::read(path).unwrap();
            bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        }
        Store::Postgres(pool) => {
            // PostgreSQL shows a bytea in hexadecimal.
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            let mut found = false;
            for table in [
                "latchkey_users",
                "latchkey_bans",
                "latchkey_auth_requests",
                "latchkey_auth_credentials",
                "latchkey_sessions",
                "latchkey_outbox",
                "latchkey_allowances",
                "latchkey_failed_tries",
                "latchkey_distrust",
                "latchkey_audit_events",
                "latchkey_audit_seals",
                "latchkey_audit_head",
                "latchkey_counters",
            ] {
                let rows = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
                let rows: Vec<String> =
                    on!(pool, db => sqlx::query_scalar(rows).fetch_all(db).await);
                found |= rows.iter().any(|row| row.contains(text) || row.contains(&hex));
            }
            found
        }
    }
}
