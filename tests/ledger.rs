//! The ledger of the audit table: what is counted of its events, each exactly once.

use latchkey::server::{
    auth::ledger::{self, Counter, LIMITS, OTHERS, Seen, quantile},
    ground::clock::{DAY, HOUR, SECOND},
    store::Sum,
};
use reqwest::Method;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{collections::BTreeMap, time::Duration};

use crate::support::{App, Manners, START, database};

/// Waits until every event is counted and sealed.
pub async fn sealed(app: &App) {
    let open = "SELECT COUNT(*) FROM latchkey_audit_events \
        WHERE id > (SELECT last_id FROM latchkey_audit_head)";
    let mut seen = Seen::default();
    while app.count(open).await > 0 {
        while ledger::pass(&app.auth, &mut seen).await.unwrap() {}
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The counters of the day on which every story begins, as `name` or `name label`.
async fn counted(app: &App) -> BTreeMap<String, i64> {
    let sums = app.store.sums(DAY, START - START % DAY).await.unwrap();
    let named = |Sum { name, label, count }| (format!("{name} {label}").trim().to_owned(), count);
    sums.into_iter().map(named).collect()
}

/// Asserts what is counted under these names.
fn are(counted: &BTreeMap<String, i64>, expected: &[(&str, i64)]) {
    for (name, count) in expected {
        assert_eq!(counted.get(*name).copied().unwrap_or(0), *count, "{name}: {counted:#?}");
    }
}

#[tokio::test]
async fn a_sign_in_is_counted_from_the_ask_to_the_session() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 1).await;
    app.clock.advance(9 * SECOND);
    ada.get(mail.link()).await;
    let bea = app.browser();
    bea.ask_for_mail("bea@example.net").await;
    let mail = app.inbox.first_to("bea@example.net").await;
    bea.type_code(mail.wrong_code()).await;
    bea.type_code(mail.code()).await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 2).await;
    sealed(&app).await;
    let counted = counted(&app).await;
    are(
        &counted,
        &[
            ("asked", 2),
            ("asked.domain example.com", 1),
            ("sent", 2),
            ("sent.domain example.net", 1),
            ("opened", 2),
            ("opened.domain example.net", 1),
            ("signed_in", 2),
            ("signed_in.method link", 1),
            ("signed_in.method code", 1),
            ("signed_in.took 10000", 1),
            ("signed_in.took 50", 1),
            ("refused.reason code_wrong", 1),
            ("returned", 0),
        ],
    );
    // By the hour, too.
    let of_hour = app.store.sums(HOUR, START).await.unwrap();
    let asked = of_hour.iter().find(|sum| sum.name == Counter::Asked.name()).unwrap();
    assert_eq!((asked.label.as_str(), asked.count), ("", 2));
    let took = |sum: &&Sum| sum.name == Counter::SignedIn.by("took");
    let classes: Vec<_> =
        of_hour.iter().filter(took).map(|sum| (sum.label.parse().ok(), sum.count)).collect();
    let slow = quantile(&classes, 0.95).unwrap();
    assert!((8 * SECOND..=10 * SECOND).contains(&slow), "{slow}");
    assert!(LIMITS.is_sorted());
}

#[tokio::test]
async fn a_mail_is_opened_once_whoever_opens_it_first() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let scanner = app.browser();
    for _ in 0..3 {
        let look = scanner.request(Method::HEAD, mail.link());
        assert_eq!(scanner.send(look).await.status, 204);
    }
    app.browser().get(mail.link()).await;
    ada.get(mail.link()).await;
    ada.get(mail.link()).await;
    sealed(&app).await;
    are(&counted(&app).await, &[("opened", 1), ("signed_in", 1)]);
    let told = app.texts("SELECT event FROM latchkey_audit_events WHERE opens = 1").await;
    assert_eq!(told, ["link.opened"], "the scanner was the first");
    // The next mail counts by itself.
    let (_, mail) = app.asked("ada@example.com").await;
    app.browser().get(mail.link()).await;
    sealed(&app).await;
    are(&counted(&app).await, &[("opened", 2), ("signed_in", 1)]);
}

#[tokio::test]
async fn a_notice_is_no_mail_that_somebody_asked_for() {
    let app = App::with(&[("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true")]).await;
    app.signed_in("ada@example.com").await;
    app.signed_in("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 3).await;
    sealed(&app).await;
    are(&counted(&app).await, &[("asked", 2), ("sent", 2), ("sent.took 50", 2)]);
}

#[tokio::test]
async fn a_mail_that_was_refused_for_good_is_counted_by_its_domain() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForGood);
    app.browser().ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.failed'", 1).await;
    sealed(&app).await;
    are(&counted(&app).await, &[("failed", 1), ("failed.domain example.com", 1), ("sent", 0)]);
}

#[tokio::test]
async fn a_flood_of_domains_adds_a_bounded_number_of_rows_and_takes_no_place() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    sealed(&app).await;
    app.clock.advance(HOUR);
    // A flood begins with the hour, before anybody else is there.
    let flood = match database::postgres() {
        Some(_) => {
            "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, \
            address, user_agent, ip_prefix, list) SELECT 1767272400000, 'auth.requested', '', '', \
            '', 'x***@made-up' || n || '.example', '', '', '' FROM generate_series(1, 2500) AS n"
        }
        None => {
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers \
            WHERE n < 2500) INSERT INTO latchkey_audit_events (at, event, reason, request_id, \
            subject, address, user_agent, ip_prefix, list) SELECT 1767272400000, \
            'auth.requested', '', '', '', 'x***@made-up' || n || '.example', '', '', '' FROM numbers"
        }
    };
    app.run_sql(flood).await;
    sealed(&app).await;
    app.signed_in("ada@example.com").await;
    sealed(&app).await;
    let of_hour = app.store.sums(HOUR, START + HOUR).await.unwrap();
    let of = |name: &str, label: &str| {
        let found = of_hour.iter().find(|sum| sum.name == name && sum.label == label);
        found.map_or(0, |sum| sum.count)
    };
    let asked = Counter::Asked.by("domain");
    assert_eq!(of_hour.iter().filter(|sum| sum.name == asked).count(), 102);
    assert_eq!(of(&asked, OTHERS), 2_400);
    assert_eq!((of(&asked, "example.com"), of("asked", "")), (1, 2_501));
}

#[tokio::test]
async fn events_of_transactions_that_commit_in_any_order_are_counted_once() {
    let Some(_) = database::postgres() else { return };
    let app = App::start().await;
    let name = app.texts("SELECT current_database()::TEXT").await.remove(0);
    let url = format!("/{name}");
    let ask = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, address, \
        user_agent, ip_prefix, list) SELECT 1767268800000, 'auth.requested', '', '', '', \
        'x***@example.com', '', '', '' FROM generate_series(1, 7)";
    let mut slow = database::direct(&url).await;
    sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {ask}"))).execute(&mut slow).await.unwrap();
    let writers: Vec<_> = (0..6)
        .map(|n| {
            let url = url.clone();
            tokio::spawn(async move {
                let mut writer = database::direct(&url).await;
                for m in 0..20 {
                    let end = if (n + m) % 5 == 0 { "ROLLBACK" } else { "COMMIT" };
                    let sql = format!("BEGIN; {ask}; SELECT pg_sleep(0.0{m:02}); {end}");
                    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut writer).await.unwrap();
                }
            })
        })
        .collect();
    // Beside the worker of the server, and one of another instance.
    let beside = app.beside().await.unwrap();
    let passes = async {
        let mut seen = (Seen::default(), Seen::default());
        loop {
            ledger::pass(&app.auth, &mut seen.0).await.unwrap();
            ledger::pass(&beside.auth, &mut seen.1).await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let all = async {
        for writer in writers {
            writer.await.unwrap();
        }
    };
    tokio::select! {
        () = all => {}
        () = passes => {}
    }
    are(&counted(&app).await, &[("asked", 0)]);
    sqlx::raw_sql("COMMIT").execute(&mut slow).await.unwrap();
    sealed(&app).await;
    let there = app.count("SELECT COUNT(*) FROM latchkey_audit_events").await;
    assert_eq!(there, 7 * (1 + 6 * 16));
    are(&counted(&app).await, &[("asked", there)]);
    assert_eq!(app.count("SELECT SUM(events)::BIGINT FROM latchkey_audit_seals").await, there);
    assert!(ledger::verify(&app.auth, None).await.unwrap().is_ok());
}

/// PostgreSQL numbers a transaction when it writes its first row, which is after it has drawn the
/// row's id: for a while, no transaction that is numbered has the id.
#[tokio::test]
async fn an_event_of_a_transaction_without_a_number_is_not_missed() {
    let Some(_) = database::postgres() else { return };
    let app = App::start().await;
    // The first id of a sequence, and each thirty-second, is drawn by a transaction with a number.
    app.browser().ask_for_mail("ada@example.com").await;
    let name = app.texts("SELECT current_database()::TEXT").await.remove(0);
    let mut slow: PgConnection = database::direct(&format!("/{name}")).await;
    let slow = tokio::spawn(async move {
        let ask = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, \
            address, user_agent, ip_prefix, list) VALUES (1767268800000, 'auth.requested', \
            pg_sleep(2)::TEXT, '', '', 'x***@example.com', '', '', '')";
        sqlx::raw_sql(ask).execute(&mut slow).await.unwrap();
        slow.close().await.unwrap();
    });
    app.until(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
         AND datname = current_database()",
        1,
    )
    .await;
    let unnumbered = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
        AND datname = current_database() AND backend_xid IS NOT NULL";
    assert_eq!(app.count(unnumbered).await, 0);
    let number = async |of: &'static str| app.texts(of).await[0].parse::<u64>().unwrap();
    let next = number("SELECT pg_snapshot_xmax(pg_current_snapshot())::TEXT").await;
    let mut seen = Seen::default();
    for n in 0..5 {
        app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
        ledger::pass(&app.auth, &mut seen).await.unwrap();
    }
    let oldest = number("SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT").await;
    assert!(oldest >= next, "by their numbers alone, all transactions of before have ended");
    let asked = counted(&app).await.get("asked").copied().unwrap_or(0);
    assert!(asked <= 1, "{asked}");
    slow.await.unwrap();
    sealed(&app).await;
    are(&counted(&app).await, &[("asked", 7)]);
}

#[tokio::test]
async fn a_pass_that_was_cut_off_has_counted_nothing() {
    let mut app = App::start().await;
    for n in 0..5 {
        app.signed_in(&format!("ada{n}@example.com")).await;
        for patience in [0, 50, 200, 500, 1_000, 2_000] {
            let (auth, mut seen) = (app.auth.clone(), Seen::default());
            let pass = async move { ledger::pass(&auth, &mut seen).await };
            let _ = tokio::time::timeout(Duration::from_micros(patience), pass).await;
        }
        app.restart().await;
    }
    sealed(&app).await;
    are(&counted(&app).await, &[("asked", 5), ("sent", 5), ("opened", 5), ("signed_in", 5)]);
    assert!(ledger::verify(&app.auth, None).await.unwrap().is_ok());
}

#[tokio::test]
async fn counters_of_days_outlive_those_of_hours() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    sealed(&app).await;
    let spans =
        async || app.texts("SELECT DISTINCT CAST(span AS TEXT) FROM latchkey_counters").await;
    assert_eq!(spans().await.len(), 2);
    app.clock.advance(50 * DAY);
    ledger::purge(&app.auth, DAY).await.unwrap();
    assert_eq!(spans().await, [DAY.to_string()]);
    app.clock.advance(400 * DAY);
    ledger::purge(&app.auth, DAY).await.unwrap();
    assert_eq!(spans().await, [""; 0]);
}
