//! How the databases find rows: by an index, however many rows there are.

use latchkey::server::store::{Store, statements};
use sqlx::{AssertSqlSafe, Row};
use std::{fs, path::Path};

use crate::support::App;

/// Statements that may read a whole table: those that count rows for `/metrics`, and those that
/// read the signing keys, the operators and the overrides, of which there are a handful.
const WHOLE: [&str; 7] = [
    "SELECT address, role FROM latchkey_operators",
    "SELECT key, value, set_by, reason, at, version FROM latchkey_overrides",
    "SELECT kid, algorithm, sealed, signs_from FROM latchkey_signing_keys",
    "SELECT COUNT(*) FROM latchkey_sessions",
    "SELECT COUNT(*) FROM latchkey_logouts",
    "SELECT transport, COUNT(*), MIN(created_at) FROM latchkey_outbox",
    "SELECT COUNT(*), COUNT(CASE WHEN kind = 'complaint' THEN 1 END) FROM latchkey_suppressions",
];

/// Every statement of the store. Fails if one is missing from its list.
fn listed() -> Vec<&'static str> {
    let statements = statements();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store");
    let sources = fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    let sources = sources.filter(|path| path.is_file()).map(fs::read_to_string);
    let list = sources.map(Result::unwrap).collect::<String>();
    let declared = list.lines().filter_map(|line| {
        let (name, kind) = line
            .strip_prefix("pub const ")
            .or(line.strip_prefix("pub static "))?
            .split_once(": ")?;
        (kind.starts_with("&str") || kind.starts_with("LazyLock<String>")).then_some(name)
    });
    let missing: Vec<&str> =
        declared.filter(|name| !list.contains(&format!("::{name},"))).collect();
    assert_eq!(missing, [""; 0], "missing in store::statements()");
    statements
}

/// The query plan of a statement, one step per line.
async fn plan(store: &Store, statement: &str) -> Vec<String> {
    match store {
        Store::Sqlite { readers, writer } => {
            let mut steps = Vec::new();
            // Each connection plans by itself.
            for lent in [readers.get().await, writer.get().await] {
                let mut lent = lent.unwrap();
                let explained =
                    sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
                let rows = explained.fetch_all(lent.connection().unwrap()).await;
                lent.give_back();
                let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
                steps.extend(rows.iter().map(|row| row.get::<String, _>("detail")));
            }
            steps
        }
        Store::Postgres(pool) => {
            // PostgreSQL reads small tables whole in any case, so a sequential scan is made the
            // last resort in this transaction.
            let mut lent = pool.get().await.unwrap();
            let connection = lent.connection().unwrap();
            let setting = "BEGIN; SET LOCAL enable_seqscan = off; \
                SET LOCAL plan_cache_mode = force_generic_plan";
            sqlx::raw_sql(setting).execute(&mut *connection).await.unwrap();
            let count = (1..=20).take_while(|n| statement.contains(&format!("${n}"))).count();
            let nothing = if count == 0 {
                String::new()
            } else {
                format!("({})", vec!["NULL"; count].join(", "))
            };
            sqlx::raw_sql(AssertSqlSafe(format!("PREPARE it AS {statement}")))
                .execute(&mut *connection)
                .await
                .unwrap();
            let rows = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE it{nothing}")))
                .fetch_all(&mut *connection)
                .await;
            let steps = rows.unwrap().iter().map(|row| row.get(0)).collect();
            connection.say("DEALLOCATE it; ROLLBACK").await.unwrap();
            lent.give_back();
            steps
        }
    }
}

/// Asserts that no statement of an app reads a whole table.
async fn reads_by_index(app: &App) {
    let statements = listed();
    let is_postgres = matches!(app.store, Store::Postgres(_));
    let hot = |statement: &&&str| {
        !WHOLE.iter().any(|count| statement.starts_with(count))
            && (is_postgres
                || !["SKIP LOCKED", "UNNEST", "pg_locks"].iter().any(|own| statement.contains(own)))
    };
    for statement in statements.iter().filter(hot) {
        let plan = plan(&app.store, statement).await;
        // A co-routine is not a table: its rows come one by one from a SELECT that has steps of its
        // own.
        let parts: Vec<&str> =
            plan.iter().filter_map(|step| step.strip_prefix("CO-ROUTINE ")).collect();
        let scanned = |step: &str| {
            step.strip_prefix("SCAN ")
                .is_some_and(|what| what != "CONSTANT ROW" && !parts.contains(&what))
        };
        let whole = |step: &&String| scanned(step) || step.contains("Seq Scan");
        assert_eq!(plan.iter().find(whole), None, "{statement}\n{}", plan.join("\n"));
    }
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    reads_by_index(&App::start().await).await;
}

/// SQLite reads a table whole if it counted it while it was small, by an ANALYZE or when the
/// database was closed.
#[tokio::test]
async fn no_statement_reads_a_whole_table_analyzed_while_it_was_small() {
    for analyzed in [false, true] {
        let mut app = App::start().await;
        app.signed_in("ada@example.com").await;
        if analyzed {
            app.run_sql("ANALYZE").await;
        }
        app.restart().await;
        app.signed_in("bob@example.com").await;
        reads_by_index(&app).await;
    }
}

/// SQLite reads a page along an index, in its order, from either end. PostgreSQL decides that by the
/// number of rows that it counted.
#[tokio::test]
async fn no_page_of_events_is_made_by_sorting_them_all() {
    let app = App::start().await;
    if matches!(app.store, Store::Postgres(_)) {
        return;
    }
    let is_page = |statement: &&str| {
        ["(at, id) < ($2", "(at, id) > ($2"].iter().any(|place| statement.contains(place))
    };
    let pages: Vec<&str> = statements().into_iter().filter(is_page).collect();
    assert_eq!(pages.len(), 12, "of all events and of those of one person, either way");
    for statement in pages {
        let plan = plan(&app.store, statement).await.join("\n");
        assert!(!plan.contains("TEMP B-TREE"), "{statement}\n{plan}");
    }
}
