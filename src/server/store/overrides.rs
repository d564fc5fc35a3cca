//! Overrides of the policy, and the history of what was in force.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    config::overrides::Override,
    ground::{clock::Millis, error::Error},
};

/// A change of the policy.
#[derive(Clone, Debug, FromRow)]
pub struct PolicyChange {
    pub id: i64,
    pub at: Millis,
    /// `set` or `taken_back`, by an operator, or `file`.
    pub kind: String,
    pub key: String,
    /// Values as people read them, never a secret. `None`: the key had, or has, none.
    pub old: Option<String>,
    pub new: Option<String>,
    /// Operator who made the change; empty for a change of the file.
    pub changed_by: String,
    pub reason: String,
}

/// The policy in force from a time on, as JSON.
#[derive(Debug, FromRow)]
pub struct PolicyState {
    pub id: i64,
    pub at: Millis,
    pub policy: String,
}

/// Changes of overrides, made in one act.
#[derive(Debug)]
pub struct Steering {
    /// Overrides to set. Their version is that of the act, which the store knows.
    pub set: Vec<Override>,
    /// Keys whose overrides are taken back.
    pub taken_back: Vec<String>,
    pub record: Record,
    pub event: AuditEvent,
}

/// Record of changes, and of the policy that they lead to, as JSON.
#[derive(Debug)]
pub struct Record {
    pub changes: Vec<PolicyChange>,
    pub policy: String,
}

pub const POLICY_VERSION: &str = "SELECT version FROM latchkey_policy WHERE one = 1";
pub const OVERRIDES: &str = "SELECT key, value, set_by, reason, at, version \
    FROM latchkey_overrides ORDER BY version, key";
/// Also locks the row: acts on the policy, of all instances, come one after the other.
pub const LOCK_POLICY: &str = "UPDATE latchkey_policy SET version = version WHERE one = 1 \
    RETURNING version, file";
pub const NEXT_VERSION: &str = "UPDATE latchkey_policy SET version = $1 WHERE one = 1";
pub const KEEP_FILE: &str = "UPDATE latchkey_policy SET file = $1 WHERE one = 1";
pub const SET_OVERRIDE: &str = "INSERT INTO latchkey_overrides \
    (key, value, set_by, reason, at, version) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, \
    reason = excluded.reason, at = excluded.at, version = excluded.version";
pub const TAKE_BACK: &str = "DELETE FROM latchkey_overrides WHERE key = $1";
pub const INSERT_CHANGE: &str = "INSERT INTO latchkey_policy_changes \
    (at, kind, key, old, new, changed_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub const INSERT_STATE: &str = "INSERT INTO latchkey_policy_states (at, policy) VALUES ($1, $2)";
pub const POLICY_CHANGES: &str = "SELECT id, at, kind, key, old, new, changed_by, reason \
    FROM latchkey_policy_changes WHERE id < $1 ORDER BY id DESC LIMIT $2";
pub const POLICY_AT: &str = "SELECT policy FROM latchkey_policy_states WHERE at <= $1 \
    ORDER BY at DESC, id DESC LIMIT 1";
/// The policies in force at the asks of a subject from `$2` to `$3`, each once: however often the
/// policy changed meanwhile, no more of them are read than there were asks.
pub const STATES_AT_ASKS: &str = "SELECT s.id, s.at, s.policy FROM latchkey_policy_states s \
    WHERE s.id IN (SELECT (SELECT p.id FROM latchkey_policy_states p WHERE p.at <= e.at \
    ORDER BY p.at DESC, p.id DESC LIMIT 1) FROM latchkey_audit_events e \
    WHERE e.subject = $1 AND e.list = 'attempts' AND e.at >= $2 AND e.at <= $3 \
    AND e.event = 'auth.requested')";

impl PolicyChange {
    fn insert(&self) -> Statement<'_> {
        let PolicyChange { at, kind, key, old, new, changed_by, reason, .. } = self;
        Statement::new(INSERT_CHANGE, values![*at, kind, key, old, new, changed_by, reason])
    }
}

impl Record {
    fn inserts(&self, at: Millis) -> impl Iterator<Item = Statement<'_>> {
        let state = Statement::new(INSERT_STATE, values![at, &self.policy]);
        self.changes.iter().map(PolicyChange::insert).chain([state])
    }
}

impl Store {
    /// Returns the number of the last act on overrides.
    pub async fn policy_version(&self) -> Result<i64, Error> {
        let (version,) = self.one(POLICY_VERSION, &[]).await?;
        Ok(version)
    }

    /// Returns every override, those of older acts first.
    pub async fn overrides(&self) -> Result<Vec<Override>, Error> {
        self.all(OVERRIDES, &[]).await
    }

    /// Changes overrides as `judge` says, which sees those there are. Nobody else changes them
    /// meanwhile. Returns the event of the act, or the judge's refusal, and then nothing changes.
    pub async fn steer<T>(
        &self,
        at: Millis,
        judge: impl FnOnce(&[Override]) -> Result<Steering, T>,
    ) -> Result<Result<AuditEvent, T>, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let locked: Option<(i64, String)> = tx.first(LOCK_POLICY, &[]).await?;
            let (version, _) = locked.ok_or(Error::Internal)?;
            let overrides: Vec<Override> = tx.all(OVERRIDES, &[]).await?;
            let steering = match judge(&overrides) {
                Ok(steering) => steering,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let Steering { set, taken_back, record, event } = &steering;
            let next = version + 1;
            let sets = set.iter().map(|one| {
                let Override { key, value, set_by, reason, at, .. } = one;
                Statement::new(SET_OVERRIDE, values![key, value, set_by, reason, *at, next])
            });
            let takes = taken_back.iter().map(|key| Statement::new(TAKE_BACK, values![key]));
            let mut statements: Vec<Statement<'_>> = sets.chain(takes).collect();
            statements.extend(record.inserts(at));
            statements.push(event.insert());
            statements.push(Statement::new(NEXT_VERSION, values![next]));
            tx.finish(&statements).await?;
            Ok(Ok(steering.event))
        })
        .await
    }

    /// Records that the file and the variables make another policy, `file` as JSON, unless another
    /// instance was faster. `record` makes the record from the one before. Returns false if there
    /// was nothing to record.
    pub async fn note_policy_file(
        &self,
        at: Millis,
        file: &str,
        record: impl FnOnce(&str) -> Record,
    ) -> Result<bool, Error> {
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            let locked: Option<(i64, String)> = tx.first(LOCK_POLICY, &[]).await?;
            let (_, before) = locked.ok_or(Error::Internal)?;
            if before == file {
                return Ok(false);
            }
            let record = record(&before);
            let mut statements = vec![Statement::new(KEEP_FILE, values![file])];
            statements.extend(record.inserts(at));
            tx.finish(&statements).await?;
            Ok(true)
        })
        .await
    }

    /// Returns changes of the policy before that of this id, the newest first.
    pub async fn policy_changes(
        &self,
        before: i64,
        limit: i64,
    ) -> Result<Vec<PolicyChange>, Error> {
        self.all(POLICY_CHANGES, &values![before, limit]).await
    }

    /// Returns the policy that was in force at a time, as JSON; `None` if it is not known.
    pub async fn policy_at(&self, at: Millis) -> Result<Option<String>, Error> {
        let found: Option<(String,)> = self.first(POLICY_AT, &values![at]).await?;
        Ok(found.map(|(policy,)| policy))
    }

    /// Returns the policies that were in force when mails were asked for under a subject, from a
    /// time to another, in no order.
    pub async fn states_at_asks(
        &self,
        subject: &str,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<PolicyState>, Error> {
        self.all(STATES_AT_ASKS, &values![subject, from, to]).await
    }
}
