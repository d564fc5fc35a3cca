//! The seals of the audit table: what they prove, and how long.

use latchkey::server::{
    auth::ledger,
    ground::clock::{DAY, HOUR, MINUTE},
};

use crate::{
    ledger::sealed,
    support::{App, SECRET, database},
};

const NEW: &str = "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC";

/// Two sign-ins in each of three hours, a seal for each hour.
async fn three_seals() -> App {
    let app = App::start().await;
    for hour in 0..3 {
        for n in 0..2 {
            app.signed_in(&format!("ada{hour}{n}@example.com")).await;
            let sent = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'";
            app.until(sent, 2 * hour + n + 1).await;
            sealed(&app).await;
            app.clock.advance(30 * MINUTE);
        }
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_audit_seals").await, 3);
    let sealed = "SELECT CAST(SUM(events) AS BIGINT) FROM latchkey_audit_seals";
    assert_eq!(app.count(sealed).await, 24);
    app
}

/// The words of the command on the table. It fails exactly if something is wrong.
async fn verified(app: &App) -> String {
    let (code, said) = app.command(&["audit", "verify"]).await;
    assert_eq!(code, i32::from(said.contains("not as it was sealed")), "{said}");
    said
}

#[tokio::test]
async fn each_kind_of_tampering_is_found_and_the_event_is_named() {
    let app = three_seals().await;
    let said = verified(&app).await;
    assert!(said.contains("24 events in 3 seals are as they were sealed"), "{said}");
    for (tampering, undo, told) in [
        (
            "UPDATE latchkey_audit_events SET reason = reason || 'x' WHERE id = 4",
            "UPDATE latchkey_audit_events SET reason = REPLACE(reason, 'x', '') WHERE id = 4",
            "event 4 was changed",
        ),
        (
            "UPDATE latchkey_audit_events SET took = 1 WHERE id = 1",
            "UPDATE latchkey_audit_events SET took = NULL WHERE id = 1",
            "event 1 was changed",
        ),
        (
            "CREATE TABLE taken AS SELECT * FROM latchkey_audit_events WHERE id = 11; \
             DELETE FROM latchkey_audit_events WHERE id = 11",
            RESTORE,
            "an event after 10 and before 12 was removed",
        ),
        (
            "CREATE TABLE taken AS SELECT * FROM latchkey_audit_events WHERE id > 22; \
             DELETE FROM latchkey_audit_events WHERE id > 22",
            RESTORE,
            "an event after 22 and before 25 was removed",
        ),
        (
            "UPDATE latchkey_audit_seals SET events = 7 WHERE position = 2",
            "UPDATE latchkey_audit_seals SET events = 8 WHERE position = 2",
            "seal 2, of events 9 to 16, was changed or added",
        ),
        (
            "UPDATE latchkey_audit_head SET last_id = 16, position = 2",
            "UPDATE latchkey_audit_head SET last_id = 24, position = 3",
            "the row of latchkey_audit_head was changed",
        ),
    ] {
        app.run_sql(tampering).await;
        let said = verified(&app).await;
        assert!(said.contains(told), "{tampering}: {said}");
        app.run_sql(match (undo, database::postgres()) {
            (RESTORE, Some(_)) => {
                "INSERT INTO latchkey_audit_events OVERRIDING SYSTEM VALUE SELECT * FROM taken; \
                 DROP TABLE taken"
            }
            (undo, _) => undo,
        })
        .await;
        assert!(verified(&app).await.contains("24 events in 3 seals"), "{undo}");
    }
}

const RESTORE: &str = "INSERT INTO latchkey_audit_events SELECT * FROM taken; DROP TABLE taken";

#[tokio::test]
async fn an_event_that_was_added_between_two_others_is_found() {
    let app = three_seals().await;
    // An id that no event has, as those of transactions that were rolled back.
    app.clock.advance(HOUR);
    app.run_sql(match database::postgres() {
        Some(_) => "SELECT setval('latchkey_audit_events_id_seq', 30)",
        None => "UPDATE sqlite_sequence SET seq = 30 WHERE name = 'latchkey_audit_events'",
    })
    .await;
    app.signed_in("bea@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 7).await;
    sealed(&app).await;
    assert!(verified(&app).await.contains("28 events in 4 seals"));
    app.run_sql(match database::postgres() {
        Some(_) => {
            "INSERT INTO latchkey_audit_events (id, at, event, reason, request_id, subject, \
             address, user_agent, ip_prefix, list) OVERRIDING SYSTEM VALUE \
             VALUES (27, 1767276000000, 'session.issued', '', '', '', '', '', '', '')"
        }
        None => {
            "INSERT INTO latchkey_audit_events (id, at, event, reason, request_id, subject, \
             address, user_agent, ip_prefix, list) \
             VALUES (27, 1767276000000, 'session.issued', '', '', '', '', '', '', '')"
        }
    })
    .await;
    assert!(verified(&app).await.contains("event 27 was added"));
}

#[tokio::test]
async fn the_newest_seals_cannot_be_taken_off_with_their_events() {
    let app = three_seals().await;
    app.run_sql(
        "DELETE FROM latchkey_audit_seals WHERE position = 3; \
         DELETE FROM latchkey_audit_events WHERE id > 16",
    )
    .await;
    assert!(verified(&app).await.contains("seal 3 was removed: what follows event 16"));
    // With the row that names it, too: the server goes on, and what it found stays told.
    app.run_sql(
        "UPDATE latchkey_audit_head SET position = 2, last_id = 16, \
         mac = (SELECT mac FROM latchkey_audit_seals WHERE position = 2)",
    )
    .await;
    assert!(verified(&app).await.contains("the row of latchkey_audit_head was changed"));
    app.signed_in("bea@example.com").await;
    sealed(&app).await;
    assert!(verified(&app).await.contains("seal 3 says that the head before it was not"));
}

#[tokio::test]
async fn what_somebody_wrote_into_the_newest_seal_does_not_grow_with_it() {
    let app = three_seals().await;
    let sent = "SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'";
    app.signed_in("bea@example.com").await;
    app.until(sent, 7).await;
    sealed(&app).await;
    assert!(verified(&app).await.contains("28 events in 4 seals"));
    // The digest of no events needs no secret.
    app.run_sql(
        "DELETE FROM latchkey_audit_events WHERE id > 24; \
         UPDATE latchkey_audit_seals SET digest = '', marks = '', events = 0 WHERE position = 4",
    )
    .await;
    app.signed_in("cyd@example.com").await;
    app.until(sent, 7).await;
    sealed(&app).await;
    assert!(verified(&app).await.contains("seal 4, of events 25 to 28, was changed or added"));
}

#[tokio::test]
async fn a_chain_that_is_begun_anew_is_no_new_one_to_a_server_that_has_sealed() {
    let app = three_seals().await;
    let mut seen = ledger::Seen::default();
    assert!(!ledger::pass(&app.auth, &mut seen).await.unwrap());
    // As the migration leaves the head, so that the server seals what is left.
    app.run_sql(
        "DELETE FROM latchkey_audit_seals; DELETE FROM latchkey_audit_events WHERE id = 4; \
         UPDATE latchkey_audit_head SET position = 0, last_id = 0, mac = '', cut_position = 0, \
         cut_id = 0, cut_mac = '', signature = ''",
    )
    .await;
    ledger::pass(&app.auth, &mut seen).await.unwrap();
    assert!(verified(&app).await.contains("seal 1 says that the head before it was not"));
}

#[tokio::test]
async fn an_event_that_was_added_before_all_others_is_found() {
    let app = three_seals().await;
    let columns = "(id, at, event, reason, request_id, subject, address, user_agent, ip_prefix, \
                   list) OVERRIDING SYSTEM VALUE VALUES (0, 1767268800000, 'desk.opened', '', '', \
                   '', '', '', '', '')";
    let add: &'static str = match database::postgres() {
        Some(_) => format!("INSERT INTO latchkey_audit_events {columns}").leak(),
        None => format!("INSERT INTO latchkey_audit_events {columns}")
            .replace("OVERRIDING SYSTEM VALUE ", "")
            .leak(),
    };
    app.run_sql(add).await;
    assert!(verified(&app).await.contains("event 0 was added"));
}

#[tokio::test]
async fn an_old_copy_of_the_database_is_known_by_a_seal_that_was_written_down() {
    let app = three_seals().await;
    let said = verified(&app).await;
    let noted =
        said.split("written down elsewhere: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert!(noted.starts_with("2:"), "{said}");
    let (code, _) = app.command(&["audit", "verify", "--seal", &noted]).await;
    assert_eq!(code, 0);
    for other in [noted.replace("2:", "1:"), noted.replace("2:", "12:")] {
        let (code, said) = app.command(&["audit", "verify", "--seal", &other]).await;
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("is not the one that was written down"), "{said}");
    }
    assert_eq!(app.command(&["audit", "verify", "--seal", "nothing"]).await.0, 2);
}

#[tokio::test]
async fn events_are_purged_by_whole_seals_and_the_rest_stays_verified() {
    let app = three_seals().await;
    let left = "SELECT COUNT(*) FROM latchkey_audit_events";
    // Half of an hour is past its time, and none of it is purged.
    app.clock.advance(DAY - 3 * HOUR + 10 * MINUTE);
    ledger::purge(&app.auth, DAY - HOUR).await.unwrap();
    assert_eq!(app.count(left).await, 16);
    assert!(verified(&app).await.contains("16 events in 2 seals"));
    app.run_sql("DELETE FROM latchkey_audit_seals WHERE position = 2").await;
    assert!(verified(&app).await.contains("seal 2 was removed: what follows event 8"));
}

#[tokio::test]
async fn what_was_tampered_with_is_purged_and_not_forgotten() {
    let app = three_seals().await;
    app.run_sql("UPDATE latchkey_audit_seals SET until_at = 0 WHERE position = 1").await;
    app.clock.advance(MINUTE);
    ledger::purge(&app.auth, DAY).await.unwrap();
    assert!(verified(&app).await.contains("the row of latchkey_audit_head was changed"));
    app.signed_in("bea@example.com").await;
    sealed(&app).await;
    assert!(verified(&app).await.contains("seal 4 says that the head before it was not"));
}

#[tokio::test]
async fn all_events_may_be_purged_and_the_next_are_sealed_after_them() {
    let app = three_seals().await;
    app.clock.advance(10 * DAY);
    ledger::purge(&app.auth, DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_audit_events").await, 0);
    assert!(verified(&app).await.contains("0 events in 0 seals"));
    app.signed_in("bea@example.com").await;
    sealed(&app).await;
    let said = verified(&app).await;
    assert!(said.contains("events in 1 seals") && said.contains("after event 24"), "{said}");
}

#[tokio::test]
async fn seals_are_verified_across_a_rotation_of_the_secret() {
    let mut app = three_seals().await;
    for secrets in [&[SECRET, NEW][..], &[NEW, SECRET]] {
        app.restart_with_secrets(secrets).await;
        app.signed_in("bea@example.com").await;
        sealed(&app).await;
        app.clock.advance(HOUR);
        assert!(ledger::verify(&app.auth, None).await.unwrap().is_ok());
    }
    // The command has the old secret alone.
    let said = verified(&app).await;
    assert!(said.contains("a secret that SESSION_JWT_SECRET no longer lists"), "{said}");
}

#[tokio::test]
async fn events_from_before_there_were_seals_are_kept_and_not_sealed() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 1).await;
    // As the migration leaves it.
    app.run_sql(
        "DELETE FROM latchkey_audit_seals; DELETE FROM latchkey_audit_head; \
         INSERT INTO latchkey_audit_head SELECT 1, 0, MAX(id), '', 0, MAX(id), '', '' \
         FROM latchkey_audit_events",
    )
    .await;
    app.clock.advance(HOUR);
    app.signed_in("bea@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 2).await;
    sealed(&app).await;
    let said = verified(&app).await;
    assert!(said.contains("4 events in 1 seals"), "{said}");
    assert!(said.contains("4 events from before that are in no seal"), "{said}");
    app.clock.advance(DAY);
    ledger::purge(&app.auth, DAY + MINUTE).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_audit_events").await, 4);
    assert!(verified(&app).await.contains("4 events in 1 seals"));
}

#[tokio::test]
async fn a_running_server_is_verified_while_it_seals() {
    let app = App::start().await;
    let asking = async {
        for n in 0..30 {
            app.browser().ask_for_mail(&format!("ada{n}@example.com")).await;
            let mut seen = ledger::Seen::default();
            ledger::pass(&app.auth, &mut seen).await.unwrap();
        }
    };
    let verifying = async {
        loop {
            let found = ledger::verify(&app.auth, None).await.unwrap();
            assert!(found.is_ok(), "{found:?}");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = asking => {}
        () = verifying => {}
    }
}
