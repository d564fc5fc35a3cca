//! The trust in devices and sessions, and its end.

use std::time::Duration;

use super::{
    AuditEvent, INSERT_MAIL, NewMail, Store, finish, read, run_all,
    sessions::{REVOKE_OTHERS, revoked},
    write,
};
use crate::server::ground::{
    clock::{DAY, Millis},
    error::Error,
};

/// The time left to others between two steps of many.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a device is known after it last signed in, and its distrust is kept.
pub const DEVICES_KNOWN_FOR: Millis = 180 * DAY;

/// Ends the trust in all devices of an address: `$1` is its subject, `$2` the time, `$3` its user.
/// Also in those whose session, by a clock that was set back since, begins later than that.
pub(super) const DISTRUST: &str = "INSERT INTO latchkey_distrust (subject, at) VALUES ($1, \
    (SELECT CASE WHEN MAX(created_at) > $2 THEN MAX(created_at) ELSE $2 END \
    FROM latchkey_sessions WHERE user_id = $3)) \
    ON CONFLICT (subject) DO UPDATE SET at = \
    CASE WHEN excluded.at > latchkey_distrust.at THEN excluded.at ELSE latchkey_distrust.at END";

/// A session that its owner knows nothing of, and what is to end with it.
pub struct Dispute<'a> {
    pub session_id: &'a str,
    pub user_id: &'a str,
    pub address: &'a str,
    /// Every session of the user, not this one alone.
    pub everywhere: bool,
    pub remove_password: bool,
    /// Noted in any case.
    pub disputed: &'a AuditEvent,
    /// Noted if sessions, pending requests, a password ended.
    pub revoked: &'a AuditEvent,
    pub cancelled: &'a AuditEvent,
    pub removed: &'a AuditEvent,
}

/// What a dispute has ended.
#[derive(Debug)]
pub struct Ended {
    pub sessions: bool,
    pub requests: bool,
    pub password: bool,
}

/// A password that its user sets, or removes where there is no hash.
pub struct NewPassword<'a> {
    /// The session that does it. All others end.
    pub session_id: &'a str,
    pub user_id: &'a str,
    pub address: &'a str,
    pub hash: Option<&'a str>,
    pub notice: NewMail<'a>,
    pub changed: &'a AuditEvent,
    /// Noted if other sessions ended.
    pub revoked: &'a AuditEvent,
}

impl Store {
    /// Until when devices of who has this subject are known no more; 0 if they never were put out.
    /// An empty subject is everybody.
    pub async fn distrusted_until(&self, subject: &str) -> Result<Millis, Error> {
        let until: Option<Millis> = read!(self, db => {
            sqlx::query_scalar("SELECT MAX(at) FROM latchkey_distrust WHERE subject IN ($1, '')")
                .bind(subject)
                .fetch_one(db)
                .await?
        });
        Ok(until.unwrap_or(0))
    }

    /// Ends every session that began before the event, in small steps, and the trust in every
    /// device. How many were alive.
    pub async fn revoke_everybody(&self, event: &AuditEvent) -> Result<u64, Error> {
        let page = "SELECT id FROM latchkey_sessions WHERE id > $1 ORDER BY id LIMIT 200";
        let revoke = "UPDATE latchkey_sessions SET revoked_at = $1 WHERE id > $2 AND id <= $3 \
            AND created_at <= $1 AND revoked_at IS NULL RETURNING token_expires_at";
        let distrust = "INSERT INTO latchkey_distrust (subject, at) VALUES ('', $1) \
            ON CONFLICT (subject) DO UPDATE SET at = excluded.at";
        write!(self, tx => {
            finish!(tx, distrust => [event.at]; note event, &event.user_id);
        });
        let (mut alive, mut after) = (0, String::new());
        loop {
            let ids: Vec<String> =
                read!(self, db => sqlx::query_scalar(page).bind(&after).fetch_all(db).await?);
            let Some(last) = ids.into_iter().last() else { return Ok(alive) };
            let ends: Vec<Millis> = write!(self, tx => {
                let revoke = sqlx::query_scalar(revoke).bind(event.at).bind(&after).bind(&last);
                revoke.fetch_all(&mut *tx).await?
            });
            alive += ends.iter().filter(|end| **end > event.at).count() as u64;
            after = last;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends what somebody else may have of an address: the session, or all of them, its pending
    /// requests, the trust in its devices, and the password if that is wished.
    pub async fn dispute(&self, dispute: &Dispute<'_>) -> Result<Ended, Error> {
        let Dispute { session_id, user_id, address, everywhere, remove_password, .. } = dispute;
        let Dispute { disputed, revoked, cancelled, removed, .. } = dispute;
        let now = disputed.at;
        Ok(write!(self, of address, tx => {
            let revoke = "UPDATE latchkey_sessions SET revoked_at = $1 \
                WHERE user_id = $2 AND (id = $3 OR $4) AND revoked_at IS NULL \
                RETURNING token_expires_at";
            let ends: Vec<Millis> = sqlx::query_scalar(revoke)
                .bind(now)
                .bind(user_id)
                .bind(session_id)
                .bind(everywhere)
                .fetch_all(&mut *tx)
                .await?;
            let cancel = "UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'cancelled' \
                WHERE address = $2 AND ended_at IS NULL";
            let cancel = sqlx::query(cancel).bind(now).bind(address).execute(&mut *tx).await?;
            let mut password = false;
            if *remove_password {
                let remove = "UPDATE latchkey_users SET password = NULL \
                    WHERE id = $1 AND password IS NOT NULL";
                let remove = sqlx::query(remove).bind(user_id).execute(&mut *tx).await?;
                password = remove.rows_affected() > 0;
            }
            let ended = Ended {
                sessions: ends.iter().any(|end| *end > now),
                requests: cancel.rows_affected() > 0,
                password,
            };
            for (event, happened) in [
                (revoked, ended.sessions),
                (cancelled, ended.requests),
                (removed, ended.password),
            ] {
                if happened {
                    run_all!(tx; note event, &event.user_id);
                }
            }
            finish!(
                tx,
                DISTRUST => [&disputed.subject, now, user_id];
                note disputed, &disputed.user_id
            );
            ended
        }))
    }

    /// Sets or removes a password, if the session that does it has not ended meanwhile, and has its
    /// user be told; other sessions and the trust in devices end. How many sessions that were alive
    /// ended; nothing if there was no password to remove.
    pub async fn set_password(&self, new: &NewPassword<'_>) -> Result<Option<u64>, Error> {
        let NewPassword { session_id, user_id, address, hash, notice, changed, revoked } = new;
        let now = changed.at;
        Ok(write!(self, of address, tx => {
            let set = "UPDATE latchkey_users SET password = $1 WHERE id = $2 \
                AND COALESCE($1, password) IS NOT NULL AND EXISTS \
                (SELECT 1 FROM latchkey_sessions WHERE id = $3 AND revoked_at IS NULL)";
            let set = sqlx::query(set).bind(hash).bind(user_id).bind(session_id);
            if set.execute(&mut *tx).await?.rows_affected() == 0 {
                return match hash {
                    Some(_) => Err(Error::Unauthenticated),
                    None => Ok(None),
                };
            }
            let ends = revoked!(tx, REVOKE_OTHERS, now, user_id, session_id);
            let alive = ends.iter().filter(|end| **end > now).count() as u64;
            if alive > 0 {
                run_all!(tx; note revoked, &revoked.user_id);
            }
            finish!(
                tx,
                INSERT_MAIL => [
                    notice.id, notice.auth_request_id, address, notice.bucket, notice.rank,
                    notice.payload, notice.attempts(), notice.due_at(now), notice.leased_at(now),
                    now, notice.expires_at, &changed.request_id,
                ],
                DISTRUST => [&changed.subject, now, user_id];
                note changed, &changed.user_id
            );
            Some(alive)
        }))
    }
}
