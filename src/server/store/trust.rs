//! The trust in devices and sessions, and how it ends.

use std::time::Duration;

use super::{
    AuditEvent, Durability, NewMail, Store,
    sessions::REVOKE_OTHERS,
    statement::{Statement, values},
};
use crate::server::{
    ground::{
        clock::{DAY, Millis},
        error::Error,
    },
    values::address::Address,
};

/// Time left to others between two steps of a long series.
const PAUSE: Duration = Duration::from_millis(5);

/// Time for which a device is known after its last sign-in, and for which distrust is kept.
pub const DEVICES_KNOWN_FOR: Millis = 180 * DAY;

/// Ends the trust in all devices of an address: `$1` is its subject, `$2` the time, `$3` its user.
/// Uses the beginning of the user's latest session if that is later than `$2`, because the clock
/// may have been set back since.
pub const DISTRUST: &str = "INSERT INTO latchkey_distrust (subject, at) VALUES ($1, \
    (SELECT CASE WHEN MAX(created_at) > $2 THEN MAX(created_at) ELSE $2 END \
    FROM latchkey_sessions WHERE user_id = $3)) \
    ON CONFLICT (subject) DO UPDATE SET at = \
    CASE WHEN excluded.at > latchkey_distrust.at THEN excluded.at ELSE latchkey_distrust.at END";

pub const DISTRUSTED_UNTIL: &str =
    "SELECT MAX(at) FROM latchkey_distrust WHERE subject IN ($1, '')";
pub const DISTRUST_EVERYBODY: &str = "INSERT INTO latchkey_distrust (subject, at) VALUES ('', $1) \
    ON CONFLICT (subject) DO UPDATE SET at = excluded.at";
pub const SESSION_IDS: &str =
    "SELECT id FROM latchkey_sessions WHERE id > $1 ORDER BY id LIMIT 200";
pub const REVOKE_SOME: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE id > $2 AND id <= $3 AND created_at <= $1 AND revoked_at IS NULL \
    RETURNING token_expires_at";
pub const REVOKE_DISPUTED: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND (id = $3 OR $4) AND revoked_at IS NULL RETURNING token_expires_at";
pub const CANCEL_ALL: &str = "UPDATE latchkey_auth_requests \
    SET ended_at = $1, ended_by = 'cancelled' WHERE address = $2 AND ended_at IS NULL";
pub const REMOVE_PASSWORD: &str =
    "UPDATE latchkey_users SET password = NULL WHERE id = $1 AND password IS NOT NULL";
pub const SET_PASSWORD: &str = "UPDATE latchkey_users SET password = $1 WHERE id = $2 \
    AND COALESCE($1, password) IS NOT NULL AND EXISTS \
    (SELECT 1 FROM latchkey_sessions WHERE id = $3 AND revoked_at IS NULL)";

/// Returns the statement that ends the trust in all devices of an address.
pub fn distrust<'a>(subject: &'a str, now: Millis, user_id: &'a str) -> Statement<'a> {
    Statement::new(DISTRUST, values![subject, now, user_id])
}

/// A session that its owner does not recognise, and what is to end with it.
pub struct Dispute<'a> {
    pub session_id: &'a str,
    pub user_id: &'a str,
    pub address: &'a Address,
    /// True to end every session of the user, not only this one.
    pub everywhere: bool,
    pub remove_password: bool,
    /// Written in any case.
    pub disputed: &'a AuditEvent,
    /// Written if sessions ended.
    pub revoked: &'a AuditEvent,
    /// Written if pending requests ended.
    pub cancelled: &'a AuditEvent,
    /// Written if a password ended.
    pub removed: &'a AuditEvent,
}

/// Outcome of a dispute: what it has ended.
#[derive(Debug)]
pub struct DisputeOutcome {
    pub sessions: bool,
    pub requests: bool,
    pub password: bool,
}

/// A new password of a user; without a hash, the password is removed.
pub struct NewPassword<'a> {
    /// The session that makes the change. All others end.
    pub session_id: &'a str,
    pub user_id: &'a str,
    pub address: &'a Address,
    pub hash: Option<&'a str>,
    pub notice: NewMail<'a>,
    pub changed: &'a AuditEvent,
    /// Written if other sessions ended.
    pub revoked: &'a AuditEvent,
}

/// Outcome of setting or removing a password.
#[derive(Debug)]
pub enum PasswordChange {
    /// Done; `ended` counts the other sessions that were alive.
    Done { ended: u64 },
    /// There was no password to remove, or the session has ended meanwhile.
    Nothing,
    /// The session that asked to set a password has ended meanwhile.
    SessionEnded,
}

impl Store {
    /// Returns the time up to which the trust in devices of a subject has ended, or 0 if it never
    /// did: a device that signed in later is trusted. The empty subject stands for all users.
    pub async fn distrusted_until(&self, subject: &str) -> Result<Millis, Error> {
        let (until,): (Option<Millis>,) = self.one(DISTRUSTED_UNTIL, &values![subject]).await?;
        Ok(until.unwrap_or(0))
    }

    /// Ends every session that began before the event, in small steps, and the trust in every
    /// device. Returns how many sessions were alive.
    pub async fn revoke_everybody(&self, event: &AuditEvent) -> Result<u64, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let distrust = Statement::new(DISTRUST_EVERYBODY, values![event.at]);
            tx.finish(&[distrust, event.insert()]).await
        })
        .await?;
        let (mut alive, mut after) = (0, String::new());
        loop {
            let ids: Vec<(String,)> = self.all(SESSION_IDS, &values![&after]).await?;
            let Some((last,)) = ids.into_iter().last() else { return Ok(alive) };
            let revoke = values![event.at, &after, &last];
            let ends: Vec<(Millis,)> = self
                .transaction(Durability::PowerCut, None, async |tx| {
                    tx.all(REVOKE_SOME, &revoke).await
                })
                .await?;
            alive += ends.iter().filter(|(end,)| *end > event.at).count() as u64;
            after = last;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends what an attacker may hold of an address: the session or all sessions, its pending
    /// requests, the trust in its devices and, if asked for, the password.
    pub async fn dispute(&self, dispute: &Dispute<'_>) -> Result<DisputeOutcome, Error> {
        let Dispute { session_id, user_id, address, everywhere, remove_password, .. } = dispute;
        let Dispute { disputed, revoked, cancelled, removed, .. } = dispute;
        let now = disputed.at;
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            let revoke = values![now, *user_id, *session_id, *everywhere];
            let ends: Vec<(Millis,)> = tx.all(REVOKE_DISPUTED, &revoke).await?;
            let cancelled_some = tx.execute(CANCEL_ALL, &values![now, *address]).await? > 0;
            let password =
                *remove_password && tx.execute(REMOVE_PASSWORD, &values![*user_id]).await? > 0;
            let ended = DisputeOutcome {
                sessions: ends.iter().any(|(end,)| *end > now),
                requests: cancelled_some,
                password,
            };
            // One by one: in a batch, PostgreSQL would write the last one first.
            for (event, happened) in
                [(revoked, ended.sessions), (cancelled, ended.requests), (removed, ended.password)]
            {
                if happened {
                    tx.run(&[event.insert()]).await?;
                }
            }
            tx.finish(&[distrust(&disputed.subject, now, user_id), disputed.insert()]).await?;
            Ok(ended)
        })
        .await
    }

    /// Sets or removes a password, unless the session that does it has ended meanwhile, and queues
    /// a notice to the user. Ends all other sessions and the trust in devices.
    pub async fn set_password(&self, new: &NewPassword<'_>) -> Result<PasswordChange, Error> {
        let NewPassword { session_id, user_id, address, hash, notice, changed, revoked } = new;
        let now = changed.at;
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            if tx.execute(SET_PASSWORD, &values![*hash, *user_id, *session_id]).await? == 0 {
                return Ok(match hash {
                    Some(_) => PasswordChange::SessionEnded,
                    None => PasswordChange::Nothing,
                });
            }
            let ends = tx.revoked(REVOKE_OTHERS, now, user_id, session_id).await?;
            let ended = ends.iter().filter(|end| **end > now).count() as u64;
            if ended > 0 {
                tx.run(&[revoked.insert()]).await?;
            }
            tx.finish(&[
                notice.insert(address, changed),
                distrust(&changed.subject, now, user_id),
                changed.insert(),
            ])
            .await?;
            Ok(PasswordChange::Done { ended })
        })
        .await
    }
}
