//! Databases that are slow, silent, read-only or gone, and who notices.

use latchkey::server::{ground::error::Error, store::Store};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{path::Path, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use crate::support::{App, Browser, Program, Road, database};

/// Runs SQL as an operator would, without the server.
async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.unwrap();
}

async fn sends(browser: &Browser, email: &str) -> u16 {
    browser.ask_by_api(email).await.status.as_u16()
}

/// An app whose connection to its database can be cut.
async fn app_by_road() -> Option<(App, Road)> {
    database::postgres()?;
    let (road, url) = Road::to(&database::fresh(Path::new("")).await).await;
    Some((App::with(&[("DATABASE_URL", &url)]).await, road))
}

#[tokio::test]
async fn clients_that_hang_up_cost_hardly_any_database_connections() {
    let Some((app, road)) = app_by_road().await else { return };
    let before = road.opened();
    let host = app.url.trim_start_matches("http://").to_owned();
    for n in 0..400 {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let path = format!("/login/confirm?link_token={}", "A".repeat(43));
        let asked = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        // Some hang up before the request is read, others while it is processed.
        sleep(Duration::from_micros(n % 20 * 100)).await;
    }
    app.signed_in("ada@example.com").await;
    let made = road.opened() - before;
    assert!(made <= 16, "{made} connections were opened, more than the 16 of the pool");
}

#[tokio::test]
async fn the_work_of_a_client_that_hung_up_is_whole_and_delays_nobody() {
    let app = App::start().await;
    for n in 0..40 {
        let request = app.browser().request(Method::POST, "/api/auth/send-passwordless");
        let asked = request.json(&json!({ "email": "ada@example.com" })).send();
        let _ = tokio::time::timeout(Duration::from_micros(500 + n * 100), asked).await;
    }
    assert_eq!(sends(&app.browser(), "ada@example.com").await, 200);
    app.signed_in("bea@example.com").await;
    // No mail waits for the end of a lease.
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
}

#[tokio::test]
async fn connections_forgotten_by_a_firewall_cost_nobody_an_answer() {
    let Some((app, road)) = app_by_road().await else { return };
    let ada = app.signed_in("ada@example.com").await;
    let many = || async {
        let ask = || ada.get("/api/auth/session");
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        [a, b, c, d].map(|answer| answer.status)
    };
    assert_eq!(many().await, [200; 4]);
    road.forget();
    // Waits until the connections are idle for so long that they are checked before use.
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(many().await, [200; 4]);
    assert_eq!(many().await, [200; 4]);
}

#[tokio::test]
async fn a_silent_database_is_given_up_and_reconnected_when_it_answers() {
    let Some((app, road)) = app_by_road().await else { return };
    let ada = app.signed_in("ada@example.com").await;
    road.shut();
    assert_eq!(ada.get("/api/auth/session").await.error(503), "unavailable");
    road.open();
    for _ in 0..200 {
        if ada.get("/api/auth/session").await.status == 200 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    // The outbox worker must recover, too: after a failover TCP alone would keep it waiting for a
    // quarter of an hour.
    app.signed_in("bea@example.com").await;
}

#[tokio::test]
async fn a_read_only_database_is_reported_and_its_connections_are_replaced() {
    if database::postgres().is_none() || database::pooler().is_some() {
        return; // a pooler keeps its connections until it is told RECONNECT
    }
    let app = App::start().await;
    let ada = app.browser();
    assert_eq!(sends(&ada, "ada@example.com").await, 200);
    let name = app.texts("SELECT current_database()::TEXT").await.remove(0);
    let mut operator = database::direct("/postgres").await;
    let set = |to: &str| format!("ALTER DATABASE {name} SET default_transaction_read_only = {to}");
    run(&mut operator, set("on")).await;
    let part =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    run(&mut operator, part).await;
    for _ in 0..200 {
        if ada.get("/readyz").await.status == 503 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ada.get("/readyz").await.error(503), "unavailable");
    assert_eq!(sends(&ada, "bea@example.com").await, 503);
    run(&mut operator, set("off")).await;
    // Existing database sessions stay read-only. Nobody waits half an hour until they are too old.
    for _ in 0..200 {
        if ada.get("/readyz").await.status == 200 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    for n in 0..8 {
        assert_eq!(sends(&app.browser(), &format!("cleo{n}@example.com")).await, 200);
    }
}

#[tokio::test]
async fn a_busy_address_leaves_connections_for_other_addresses() {
    if database::postgres().is_none() {
        return; // SQLite has one writer
    }
    let app = App::with(&[("LATCHKEY_DATABASE__CONNECTIONS", "4")]).await;
    let key = Sha256::digest("hot@example.com");
    let key = i64::from_be_bytes(key[..8].try_into().unwrap());
    let name = app.texts("SELECT current_database()::TEXT").await.remove(0);
    let mut holder = database::direct(&format!("/{name}")).await;
    run(&mut holder, format!("BEGIN; SELECT pg_advisory_xact_lock({key})")).await;
    let asking: Vec<_> = (0..40)
        .map(|_| app.browser())
        .map(|browser| tokio::spawn(async move { sends(&browser, "hot@example.com").await }))
        .collect();
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
        AND datname = current_database()";
    app.until(waits, 1).await;
    // Requests for other addresses are served meanwhile, whatever connection they get.
    for n in 0..8 {
        assert_eq!(sends(&app.browser(), &format!("cold{n}@example.com")).await, 200);
    }
    assert_eq!(app.count(waits).await, 1, "one waits in the database, the others wait for it");
    drop(holder);
    for asked in asking {
        let status = asked.await.unwrap();
        assert!([200, 503].contains(&status), "{status}");
    }
    assert_eq!(sends(&app.browser(), "hot@example.com").await, 200);
}

#[tokio::test]
async fn a_suspended_instance_loses_its_lock_on_an_address() {
    if database::postgres().is_none() {
        return;
    }
    let url = database::fresh(Path::new("")).await;
    let limits = [("LATCHKEY_DATABASE__IDLE_IN_TRANSACTION_TIMEOUT", "1")];
    let mut still = Program::with(url.clone(), &limits).await;
    let other = still.beside();
    other.until_ready().await;
    let mut operator = database::direct(&url).await;
    run(
        &mut operator,
        "CREATE FUNCTION slow() RETURNS TRIGGER LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON latchkey_auth_requests \
         FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    .await;
    let ada = still.browser();
    let asked = tokio::spawn(async move {
        let _ = sends(&ada, "ada@example.com").await;
    });
    let slow = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
        AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(slow).fetch_one(&mut operator).await.unwrap() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    still.signal("-STOP");
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(sends(&other.browser(), "ada@example.com").await);
        if answers.last() == Some(&200) {
            break;
        }
    }
    assert_eq!(answers.last(), Some(&200), "{answers:?}");
    still.signal("-CONT");
    still.kill();
    asked.abort();
}

#[tokio::test]
async fn an_instance_is_not_ready_without_its_outbox_worker() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/readyz").await.status, 200);
    app.worker.abort();
    for _ in 0..200 {
        if app.browser().get("/readyz").await.status == 503 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it reports ready although no mail is sent");
}

#[tokio::test]
async fn an_instance_is_not_ready_without_the_teams_database() {
    let Some(cluster) = database::postgres() else { return };
    let name = database::fresh_in(&cluster, "").await;
    let url = format!("{cluster}/{name}");
    let mut team = PgConnection::connect(&url).await.unwrap();
    run(&mut team, "CREATE TABLE people (id INT PRIMARY KEY, email TEXT UNIQUE)").await;
    team.close().await.unwrap();
    let app = App::with(&[
        ("LATCHKEY_AUTH__SIGN_UP", "closed"),
        ("LATCHKEY_USERS__TABLE", "people"),
        ("LATCHKEY_USERS__ID", "id"),
        ("LATCHKEY_USERS__ADDRESS", "email"),
        ("LATCHKEY_USERS__DATABASE_URL", &url),
    ])
    .await;
    assert_eq!(app.browser().get("/readyz").await.status, 200);
    let mut operator = database::direct("/postgres").await;
    run(&mut operator, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    for _ in 0..200 {
        if app.browser().get("/readyz").await.status == 503 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("it reports ready although no user can be looked up");
}

#[tokio::test]
async fn metrics_are_served_without_a_database() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    let counted = |body: &str| body.lines().any(|line| line.starts_with("latchkey_sessions "));
    while !counted(&app.browser().get("/metrics").await.body) {
        sleep(Duration::from_millis(50)).await;
    }
    app.store.close().await;
    let metrics = app.browser().get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(counted(&metrics.body), "{}", metrics.body);
}

#[tokio::test]
async fn a_text_that_no_column_takes_is_the_callers_mistake() {
    let app = App::start().await;
    let found = app.store.auth_request("a\0b").await;
    match app.store {
        Store::Sqlite { .. } => assert!(matches!(found, Ok(None)), "{found:?}"),
        Store::Postgres(_) => {
            assert!(matches!(found, Err(Error::InvalidRequest { .. })), "{found:?}")
        }
    }
}
