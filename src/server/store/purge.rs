//! Deletes rows that are no longer needed.

use sqlx::AssertSqlSafe;
use std::time::Duration;

use super::{
    DEVICES_KNOWN_FOR, Store,
    counters::OLD_COUNTERS,
    statement::{Value, values},
};
use crate::server::ground::{
    clock::{DAY, HOUR, Millis},
    error::Error,
};

/// Rows that one statement deletes. With the pause, nobody waits longer than one batch takes, and a
/// million expired rows are gone in minutes.
const BATCH: i64 = 50;
/// Time left to other statements after each batch.
const PAUSE: Duration = Duration::from_millis(5);

/// Statements that delete, each with the time that a row stays after its end. Auth requests stay a
/// day, so that an old link can be explained. Mails stay for three days, because the limits count
/// them, and because bounces come late: most providers give up after that time.
/// Ended sessions stay a week, for users who ask what happened. Distrust stays as long as a device
/// that it applies to could be known.
pub const RULES: [(&str, Millis); 15] = [
    (
        "DELETE FROM latchkey_allowances WHERE name IN (SELECT name FROM latchkey_allowances WHERE full_at < CAST($1 AS BIGINT) * 1000000 LIMIT $2)",
        0,
    ),
    (
        "DELETE FROM latchkey_auth_requests WHERE id IN (SELECT id FROM latchkey_auth_requests WHERE expires_at < $1 LIMIT $2)",
        DAY,
    ),
    (
        "DELETE FROM latchkey_outbox WHERE id IN (SELECT id FROM latchkey_outbox WHERE expires_at < $1 AND state <> 'queued' LIMIT $2)",
        3 * DAY,
    ),
    (
        "DELETE FROM latchkey_suppressions WHERE address IN \
         (SELECT address FROM latchkey_suppressions WHERE expires_at < $1 LIMIT $2)",
        DAY,
    ),
    // A month, in which the link of one that is over says so. Who invited a user is kept as long as
    // the user.
    (
        "DELETE FROM latchkey_invitations WHERE id IN (SELECT id FROM latchkey_invitations \
         WHERE expires_at < $1 AND accepted_at IS NULL LIMIT $2)",
        30 * DAY,
    ),
    (
        "DELETE FROM latchkey_failed_tries WHERE id IN (SELECT id FROM latchkey_failed_tries WHERE at < $1 LIMIT $2)",
        DAY,
    ),
    (
        "DELETE FROM latchkey_authorizations WHERE id IN (SELECT id FROM latchkey_authorizations WHERE expires_at < $1 LIMIT $2)",
        0,
    ),
    (
        "DELETE FROM latchkey_assertions WHERE name IN \
         (SELECT name FROM latchkey_assertions WHERE expires_at < $1 LIMIT $2)",
        0,
    ),
    // An hour, in which a device is told that its code has expired.
    (
        "DELETE FROM latchkey_device_requests WHERE device_hash IN \
         (SELECT device_hash FROM latchkey_device_requests WHERE expires_at < $1 LIMIT $2)",
        HOUR,
    ),
    (
        "DELETE FROM latchkey_entry_codes WHERE code_hash IN \
         (SELECT code_hash FROM latchkey_entry_codes WHERE expires_at < $1 LIMIT $2)",
        0,
    ),
    (
        "DELETE FROM latchkey_grants WHERE id IN (SELECT id FROM latchkey_grants WHERE expires_at < $1 LIMIT $2)",
        DAY,
    ),
    // Before their sessions, whose rows say that they have ended and stay until then.
    (
        "DELETE FROM latchkey_grants WHERE id IN (SELECT g.id FROM latchkey_sessions s \
         JOIN latchkey_grants g ON g.session_id = s.id WHERE s.revoked_at < $1 LIMIT $2)",
        7 * DAY,
    ),
    (
        "DELETE FROM latchkey_sessions WHERE id IN (SELECT s.id FROM latchkey_sessions s \
         WHERE s.expires_at < $1 AND NOT EXISTS \
         (SELECT 1 FROM latchkey_grants g WHERE g.session_id = s.id) LIMIT $2)",
        7 * DAY,
    ),
    (
        "DELETE FROM latchkey_sessions WHERE id IN (SELECT s.id FROM latchkey_sessions s \
         WHERE s.revoked_at < $1 AND NOT EXISTS \
         (SELECT 1 FROM latchkey_grants g WHERE g.session_id = s.id) LIMIT $2)",
        7 * DAY,
    ),
    (
        "DELETE FROM latchkey_distrust WHERE subject IN \
         (SELECT subject FROM latchkey_distrust WHERE at < $1 LIMIT $2)",
        DEVICES_KNOWN_FOR,
    ),
];

/// Events from before there were seals, `$3` being the last of them.
pub const OLD_EVENTS: &str = "DELETE FROM latchkey_audit_events WHERE id IN \
    (SELECT id FROM latchkey_audit_events WHERE at < $1 AND id <= $3 LIMIT $2)";
/// Events whose seals are purged.
pub const CUT_EVENTS: &str = "DELETE FROM latchkey_audit_events WHERE id IN \
    (SELECT id FROM latchkey_audit_events WHERE id <= $1 ORDER BY id LIMIT $2)";

pub const OLD_POLICY_CHANGES: &str = "DELETE FROM latchkey_policy_changes WHERE id IN \
    (SELECT id FROM latchkey_policy_changes WHERE at < $1 LIMIT $2)";
/// Keeps the newest of them: it says what was in force from then on.
pub const OLD_POLICY_STATES: &str = "DELETE FROM latchkey_policy_states WHERE id IN \
    (SELECT s.id FROM latchkey_policy_states s WHERE s.at < $1 AND EXISTS \
    (SELECT 1 FROM latchkey_policy_states n WHERE n.at > s.at AND n.at < $1) LIMIT $2)";
/// Statements that delete what is as old as `audit.keep_days` says.
const OLD: [&str; 2] = [OLD_POLICY_CHANGES, OLD_POLICY_STATES];
pub const OLD_WAITING: &str = "DELETE FROM latchkey_waitlist WHERE address IN \
    (SELECT address FROM latchkey_waitlist WHERE last_asked_at < $1 LIMIT $2)";

impl Store {
    /// Deletes expired rows in batches, and changes of the policy that are older than
    /// `keep_events`. Returns how many rows were deleted.
    pub async fn purge(&self, now: Millis, keep_events: Millis) -> Result<u64, Error> {
        let mut rows = 0;
        let old = OLD.map(|delete| (delete, keep_events));
        for (delete, after) in RULES.into_iter().chain(old) {
            rows += self.purge_by(delete, &values![now - after, BATCH]).await?;
        }
        Ok(rows)
    }

    /// Takes those off the waitlist who have not asked since `since`. Returns how many.
    pub async fn purge_waitlist(&self, since: Millis) -> Result<u64, Error> {
        self.purge_by(OLD_WAITING, &values![since, BATCH]).await
    }

    /// Deletes counters of spans of this length from before a time. Returns how many there were.
    pub async fn purge_counters(&self, span: Millis, before: Millis) -> Result<u64, Error> {
        self.purge_by(OLD_COUNTERS, &values![before, BATCH, span]).await
    }

    /// Deletes events up to an id that are older than a time. Returns how many there were.
    pub async fn purge_old_events(&self, last_id: i64, before: Millis) -> Result<u64, Error> {
        self.purge_by(OLD_EVENTS, &values![before, BATCH, last_id]).await
    }

    /// Deletes all events up to an id. Returns how many there were.
    pub async fn purge_events(&self, last_id: i64) -> Result<u64, Error> {
        self.purge_by(CUT_EVENTS, &values![last_id, BATCH]).await
    }

    /// Runs a statement of this file until it finds no more.
    async fn purge_by(&self, delete: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        // Another instance may purge at the same time, in another order: its rows are skipped.
        let most = match self {
            Store::Sqlite { .. } => "LIMIT $2)",
            Store::Postgres(_) => "LIMIT $2 FOR UPDATE SKIP LOCKED)",
        };
        let mut rows = 0;
        loop {
            let delete = AssertSqlSafe(delete.replace("LIMIT $2)", most));
            let batch = self.execute(delete, values).await?;
            rows += batch;
            if batch < BATCH as u64 {
                return Ok(rows);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
