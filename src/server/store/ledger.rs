//! The chain of seals over the audit table, and the end of what is counted and sealed.

use sqlx::FromRow;

use super::{
    Count, Durability, Store,
    statement::{Statement, values},
};
use crate::server::ground::{clock::Millis, error::Error};

/// The row that says where the chain of seals begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Head {
    /// Position of the newest seal; 0 if there is none.
    pub position: i64,
    /// Last event that is counted and sealed.
    pub last_id: i64,
    /// Code of the newest seal.
    pub mac: String,
    /// Position, last event and code of the last seal that was purged. At first, the event is the
    /// last from before there were seals.
    pub cut_position: i64,
    pub cut_id: i64,
    pub cut_mac: String,
    /// Code over all that; empty until the first seal.
    pub signature: String,
}

/// A seal over the events after one, up to another.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Seal {
    pub position: i64,
    /// Number of the way in which the digest covers the columns.
    pub form: i64,
    pub after_id: i64,
    pub last_id: i64,
    /// Number of events.
    pub events: i64,
    pub begun_at: Millis,
    /// Latest time of its events.
    pub until_at: Millis,
    /// 1 if the head was not one of ours when it was made.
    pub is_broken: i64,
    pub digest: String,
    /// Beginning of the digest after each event.
    pub marks: String,
    pub mac: String,
}

pub const HEAD: &str = "SELECT position, last_id, mac, cut_position, cut_id, cut_mac, signature \
    FROM latchkey_audit_head WHERE id = 1";
/// Compares before it sets: of two instances that work at the same time, one moves it.
pub const MOVE_HEAD: &str = "UPDATE latchkey_audit_head SET position = $1, last_id = $2, mac = $3, \
    cut_position = $4, cut_id = $5, cut_mac = $6, signature = $7 \
    WHERE id = 1 AND position = $8 AND last_id = $9 AND cut_position = $10 AND signature = $11";
pub const NEWEST_EVENT: &str = "SELECT MAX(id) FROM latchkey_audit_events";
/// Transactions of others that may have been handed an id of the audit table: each has locked the
/// table, in the mode of writers, before it drew the id, and holds the lock until it has ended.
pub const WRITERS: &str = "SELECT DISTINCT virtualtransaction FROM pg_locks \
    WHERE relation = 'latchkey_audit_events'::regclass AND mode = 'RowExclusiveLock' \
    AND pid IS DISTINCT FROM pg_backend_pid()";
pub const SEALS: &str = "SELECT position, form, after_id, last_id, events, begun_at, until_at, \
    is_broken, digest, marks, mac FROM latchkey_audit_seals \
    WHERE position > $1 ORDER BY position LIMIT 100";
pub const OLDEST_UNTIL: &str = "SELECT until_at FROM latchkey_audit_seals \
    WHERE position > $1 ORDER BY position LIMIT 1";
pub const PUT_SEAL: &str = "INSERT INTO latchkey_audit_seals (position, form, after_id, last_id, \
    events, begun_at, until_at, is_broken, digest, marks, mac) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (position) DO UPDATE SET \
    last_id = excluded.last_id, events = excluded.events, until_at = excluded.until_at, \
    digest = excluded.digest, marks = excluded.marks, mac = excluded.mac \
    WHERE latchkey_audit_seals.after_id = excluded.after_id";
pub const DELETE_SEALS: &str = "DELETE FROM latchkey_audit_seals WHERE position <= $1";
pub const EVENTS_UNTIL: &str = "SELECT COUNT(*), MIN(id) FROM latchkey_audit_events WHERE id <= $1";
pub const UNSEALED: &str = "SELECT COUNT(*) FROM latchkey_audit_events WHERE id > $1";

impl Head {
    /// Returns the statement that replaces `had` by this one.
    fn replacing<'a>(&'a self, had: &'a Head) -> Statement<'a> {
        let values = values![
            self.position,
            self.last_id,
            &self.mac,
            self.cut_position,
            self.cut_id,
            &self.cut_mac,
            &self.signature,
            had.position,
            had.last_id,
            had.cut_position,
            &had.signature,
        ];
        Statement::new(MOVE_HEAD, values)
    }
}

impl Store {
    /// Returns where the chain of seals begins and ends; `None` if somebody has deleted that.
    pub async fn ledger_head(&self) -> Result<Option<Head>, Error> {
        self.first(HEAD, &[]).await
    }

    /// Returns the id of the newest event that is committed; 0 if there is none.
    pub async fn newest_event(&self) -> Result<i64, Error> {
        let (newest,): (Option<i64>,) = self.one(NEWEST_EVENT, &[]).await?;
        Ok(newest.unwrap_or_default())
    }

    /// Returns names of the transactions in progress that may be about to add events. None on
    /// SQLite, where one writes at a time, and what a reader sees has ended.
    pub async fn event_writers(&self) -> Result<Vec<String>, Error> {
        let Store::Postgres(_) = self else { return Ok(Vec::new()) };
        let found: Vec<(String,)> = self.all(WRITERS, &[]).await?;
        Ok(found.into_iter().map(|(name,)| name).collect())
    }

    /// Returns the next hundred seals after a position.
    pub async fn seals_after(&self, position: i64) -> Result<Vec<Seal>, Error> {
        self.all(SEALS, &values![position]).await
    }

    /// Returns the latest time of the events of the first seal after a position.
    pub async fn oldest_seal_until(&self, position: i64) -> Result<Option<Millis>, Error> {
        let found: Option<(Millis,)> = self.first(OLDEST_UNTIL, &values![position]).await?;
        Ok(found.map(|(until,)| until))
    }

    /// Returns the number of events up to one, and the id of the first of them.
    pub async fn events_until(&self, id: i64) -> Result<(i64, Option<i64>), Error> {
        self.one(EVENTS_UNTIL, &values![id]).await
    }

    /// Returns the number of events after the last sealed one.
    pub async fn unsealed_events(&self, last_id: i64) -> Result<i64, Error> {
        let (count,) = self.one(UNSEALED, &values![last_id]).await?;
        Ok(count)
    }

    /// Writes a seal, adds to the counters and moves the head, all or nothing. Returns false, and
    /// writes nothing, if the head is no longer the one that was read.
    pub async fn put_seal(
        &self,
        had: &Head,
        head: &Head,
        seal: &Seal,
        counts: &[Count],
    ) -> Result<bool, Error> {
        let Seal { position, form, after_id, last_id, events, begun_at, .. } = *seal;
        let put = values![
            position,
            form,
            after_id,
            last_id,
            events,
            begun_at,
            seal.until_at,
            seal.is_broken,
            &seal.digest,
            &seal.marks,
            &seal.mac,
        ];
        let replace = head.replacing(had);
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            if tx.execute(replace.sql, &replace.values).await? == 0 {
                return Ok(false);
            }
            tx.add_counts(counts).await?;
            tx.finish(&[Statement::new(PUT_SEAL, put)]).await?;
            Ok(true)
        })
        .await
    }

    /// Deletes the oldest seals, up to where the new head cuts the chain. Returns false, and
    /// deletes nothing, if the head is no longer the one that was read.
    pub async fn cut_seals(&self, had: &Head, head: &Head) -> Result<bool, Error> {
        let replace = head.replacing(had);
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            if tx.execute(replace.sql, &replace.values).await? == 0 {
                return Ok(false);
            }
            tx.finish(&[Statement::new(DELETE_SEALS, values![head.cut_position])]).await?;
            Ok(true)
        })
        .await
    }
}
