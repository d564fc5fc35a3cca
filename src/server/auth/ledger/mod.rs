//! The ledger of the audit table: each event that is settled is counted and sealed exactly once.
//!
//! An event is settled once no other with a lower id can appear any more. On PostgreSQL ids are
//! handed out before their transactions commit, and those may commit in any order. Whoever was
//! handed an id holds the table's lock of writers until the end of its transaction, and took it
//! before it drew the id. So if one has seen an event, and then the transactions that hold that
//! lock, all events up to the one are settled as soon as those have ended. Nobody waits for that.
//! (That no older transaction number is running would not do: PostgreSQL numbers a transaction when
//! it first writes a row, which is after it has drawn the row's id.)
//!
//! Counters, seals and how far they go are written in one step, under a comparison with the head
//! that was read: an instance that was stopped, or was slower than another, has written nothing.

mod seals;
mod tally;
mod verify;

pub use tally::{Counter, LIMITS, OTHERS, quantile};
pub use verify::{Anchor, Fault, Verified, verify};

use super::Auth;
use crate::server::{
    ground::{
        clock::{DAY, HOUR, Millis},
        error::Error,
    },
    store::{Head, Seal},
};
use tally::Tally;

/// Time for which counters of hours are kept, and those of days.
const KEPT: [(Millis, Millis); 2] = [(HOUR, 40 * DAY), (DAY, 400 * DAY)];

/// Knowledge of one instance of the events that are not settled.
#[derive(Debug, Default)]
pub struct Seen {
    /// Event up to which all are settled.
    settled: i64,
    /// An event, and the transactions to wait for until all are settled up to it.
    waiting: Option<(i64, Vec<String>)>,
    /// True once the head was signed. One that is as the migration left it is then none of ours:
    /// whoever put it back would have the server seal what they have changed.
    has_seals: bool,
}

impl Seen {
    /// Looks again, and returns the event up to which all are settled.
    async fn look(&mut self, auth: &Auth) -> Result<i64, Error> {
        // In this order: whoever holds an id up to this one is among the writers, or has ended.
        let newest = auth.store.newest_event().await?;
        let writers = auth.store.event_writers().await?;
        if writers.is_empty() {
            (self.settled, self.waiting) = (newest, None);
            return Ok(newest);
        }
        let has_ended = |of: &[String]| !of.iter().any(|writer| writers.contains(writer));
        match self.waiting.take() {
            Some((event, of)) if !has_ended(&of) => self.waiting = Some((event, of)),
            waited => {
                self.settled = waited.map_or(self.settled, |(event, _)| event);
                self.waiting = Some((newest, writers));
            }
        }
        Ok(self.settled)
    }
}

/// Counts and seals the next thousand settled events. Returns true if there may be more.
pub async fn pass(auth: &Auth, seen: &mut Seen) -> Result<bool, Error> {
    let Some(had) = auth.store.ledger_head().await? else {
        tracing::error!(
            event = "audit.broken",
            "the row of latchkey_audit_head is gone: no event is counted or sealed until it is \
             restored from a backup"
        );
        return Ok(false);
    };
    seen.has_seals |= !had.signature.is_empty();
    // By a read: an idle server must not take SQLite's only writer every time.
    let settled = seen.look(auth).await?;
    if settled <= had.last_id {
        return Ok(false);
    }
    let rows = auth.store.events_by_id(had.last_id, settled).await?;
    let Some(last) = rows.last() else { return Ok(false) };
    let is_full = rows.len() == 1_000;
    let last_id = if is_full { last.id } else { settled };
    let is_ours =
        seals::is_ours(&auth.keys, &had) && (!had.signature.is_empty() || !seen.has_seals);
    if !is_ours {
        tracing::error!(
            event = "audit.broken",
            "the head of the audit table's seals was changed, or signed under a secret that is no \
             longer in SESSION_JWT_SECRET: run `latchkey audit verify`"
        );
    }
    // The newest seal, and the one before it.
    let tail = match had.position {
        0 => Vec::new(),
        position => auth.store.seals_after(position - 2).await?,
    };
    let at = |position: i64| tail.iter().find(|seal| seal.position == position);
    let code_of = |position: i64| match position {
        newest if newest == had.position => had.mac.as_str(),
        cut if cut == had.cut_position => had.cut_mac.as_str(),
        before => at(before).map_or("", |seal| &seal.mac),
    };
    let newest = at(had.position).filter(|seal| is_ours && seal.mac == had.mac);
    // One that does not fit its code is left as it is, to be found: had it grown, what somebody
    // wrote into it would be sealed as ours.
    let is_right = |seal: &&Seal| seals::is_right(&auth.keys, seal, code_of(seal.position - 1));
    if newest.is_some_and(|seal| !is_right(&seal)) {
        tracing::error!(
            event = "audit.broken",
            "the newest of the audit table's seals was changed: run `latchkey audit verify`"
        );
    }
    let grows = |seal: &&Seal| seals::may_grow(seal, auth.clock.now()) && is_right(seal);
    let base = newest.filter(grows).cloned().unwrap_or_else(|| Seal {
        is_broken: i64::from(!is_ours),
        ..seals::begun(&had, auth.clock.now())
    });
    let previous = code_of(base.position - 1);
    let seal = seals::over(&auth.keys, base, previous, &rows, last_id)?;
    let head = seals::signed(
        &auth.keys,
        Head { position: seal.position, last_id, mac: seal.mac.clone(), ..had.clone() },
    )?;
    let mut tally = Tally::default();
    rows.iter().for_each(|row| tally.add(row));
    let counts = tally.counts(&auth.store).await?;
    if !auth.store.put_seal(&had, &head, &seal, &counts).await? {
        tracing::debug!("another instance counted these events");
    }
    Ok(is_full)
}

/// Deletes events that are older than `keep`, in whole seals, and counters that are too old.
/// Returns how many rows there were.
pub async fn purge(auth: &Auth, keep: Millis) -> Result<u64, Error> {
    let (store, now) = (&auth.store, auth.clock.now());
    let mut rows = 0;
    for (span, kept) in KEPT {
        rows += store.purge_counters(span, now - kept).await?;
    }
    let Some(mut had) = store.ledger_head().await? else { return Ok(rows) };
    let before = now - keep;
    rows += store.purge_old_events(had.cut_id, before).await?;
    loop {
        let oldest = store.oldest_seal_until(had.cut_position).await?;
        if oldest.is_none_or(|until| until >= before) {
            break;
        }
        let seals = store.seals_after(had.cut_position).await?;
        let old = seals.iter().take_while(|seal| seal.until_at < before);
        let (mut cut, mut is_ours) = (had.clone(), seals::is_ours(&auth.keys, &had));
        for seal in old {
            let follows = seal.position == cut.cut_position + 1 && seal.after_id == cut.cut_id;
            is_ours &= follows && seals::is_right(&auth.keys, seal, &cut.cut_mac);
            (cut.cut_position, cut.cut_id) = (seal.position, seal.last_id);
            cut.cut_mac.clone_from(&seal.mac);
        }
        if cut == had {
            break;
        }
        // Events that were tampered with are purged too, and leave a head that is not ours: that
        // they were must not be forgotten.
        let head = if is_ours { seals::signed(&auth.keys, cut)? } else { cut };
        if !store.cut_seals(&had, &head).await? {
            // Another instance moved the head. The rest is deleted the next time.
            break;
        }
        had = head;
    }
    if had.cut_position > 0 {
        rows += store.purge_events(had.cut_id).await?;
    }
    Ok(rows)
}
