//! A user's view of the account: where it is signed in, and what happened recently.

use sqlx::FromRow;
use std::{cmp::Reverse, sync::LazyLock};

use super::{
    Store,
    sessions::{ALIVE, SessionRow},
    statement::values,
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// Sessions and events of one user, the latest first.
#[derive(Debug)]
pub struct Activity {
    /// Sessions that are alive, at most the thousand that began last.
    pub sessions: Vec<SessionLine>,
    /// The last ten sign-ins, sign-outs and changes of a password.
    pub account: Vec<EventLine>,
    /// Mails that were requested and sign-ins that were refused in the last week, the latest
    /// [`ATTEMPTS_SHOWN`].
    pub attempts: Vec<EventLine>,
}

/// A session that is alive.
#[derive(Debug, FromRow)]
pub struct SessionLine {
    pub id: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub begun_at: Millis,
    pub last_seen_at: Millis,
}

/// An event of an address.
#[derive(Debug)]
pub struct EventLine {
    pub event: String,
    pub reason: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub at: Millis,
}

/// Number of attempts that are read, to be counted by kind. A week of one attempt per second would
/// be too many to read.
pub const ATTEMPTS_SHOWN: usize = 50;

impl Activity {
    /// Adds events to the lists they belong to.
    fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            let list = if row.kind == "account" { &mut self.account } else { &mut self.attempts };
            list.push(EventLine {
                event: row.name,
                reason: row.reason,
                user_agent: row.user_agent,
                ip_prefix: row.ip_prefix,
                at: row.at,
            });
        }
        for (list, most) in [(&mut self.account, 10), (&mut self.attempts, ATTEMPTS_SHOWN)] {
            list.sort_by_key(|line| Reverse(line.at));
            list.truncate(most);
        }
    }
}

/// A row of the statements below: the current session, another session, or an event.
#[derive(FromRow)]
struct Row {
    /// `this`, `session`, `account` or `attempt`.
    kind: String,
    /// The address of the current session, the id of another, the name of an event.
    name: String,
    /// The subject of the current session, the reason of an event.
    reason: String,
    user_agent: String,
    ip_prefix: String,
    begun_at: Millis,
    /// The time a session was last used or an event happened.
    at: Millis,
    /// The end of a session.
    until: Millis,
}

/// Reads the events of one subject, `$1`: the last ten of the account list, and the last fifty
/// attempts of the week before `$2`. The numbers are literals, because SQLite plans a statement
/// with a bound LIMIT anew each time. Each list is read in the order of its index, so that no
/// refusals have to be skipped on the way to a sign-in.
pub const EVENTS_OF_SUBJECT: &str = "SELECT * FROM (SELECT 'account' AS kind, event AS name, reason, \
    user_agent, ip_prefix, at AS begun_at, at, at AS until FROM latchkey_audit_events \
    WHERE subject = $1 AND list = 'account' ORDER BY at DESC, id DESC LIMIT 10) AS lately \
    UNION ALL SELECT * FROM (SELECT 'attempt' AS kind, event AS name, reason, \
    user_agent, ip_prefix, at AS begun_at, at, at AS until FROM latchkey_audit_events \
    WHERE subject = $1 AND list = 'attempts' AND at > $2 - 604800000 \
    ORDER BY at DESC, id DESC LIMIT 50) AS tried";

/// Reads the current session, if it is alive, and the activity of its user, in one round trip.
///
/// Each list has a SELECT of its own, because a part of a UNION ALL cannot be sorted. All are read
/// in the order of an index: to sort, SQLite would build a temporary table each time, which costs
/// more than the read.
pub static SESSION_AND_ACTIVITY: LazyLock<String> = LazyLock::new(|| {
    let this = "'this' AS kind, address AS name, subject AS reason, user_agent, ip_prefix, \
        created_at AS begun_at, last_seen_at AS at, expires_at AS until";
    let sessions = "'session' AS kind, id AS name, '' AS reason, user_agent, ip_prefix, \
        created_at AS begun_at, last_seen_at AS at, expires_at AS until \
        FROM latchkey_sessions WHERE user_id = $4 AND revoked_at IS NULL \
        AND token_expires_at > $2 ORDER BY created_at DESC LIMIT 1000";
    // NULL for a session without a subject: events without an address have an empty subject too,
    // and would match.
    let activity = EVENTS_OF_SUBJECT
        .replace("$1", "(SELECT NULLIF(subject, '') FROM latchkey_sessions WHERE id = $1)");
    format!(
        "SELECT {this} FROM ({ALIVE} AND s.user_id = $4) AS this \
         UNION ALL SELECT * FROM (SELECT {sessions}) AS latest UNION ALL {activity}"
    )
});

impl Store {
    /// Returns the session, if it is alive and belongs to this user, and the activity of the user.
    pub async fn session_and_activity(
        &self,
        id: &str,
        user_id: &str,
        own_users: bool,
        now: Millis,
    ) -> Result<Option<(SessionRow, Activity)>, Error> {
        let rows: Vec<Row> =
            self.all(&SESSION_AND_ACTIVITY, &values![id, now, own_users, user_id]).await?;
        let (mut this, mut sessions, mut events) = (None, Vec::new(), Vec::new());
        for row in rows {
            match row.kind.as_str() {
                "this" => this = Some(row),
                "session" => sessions.push(SessionLine {
                    id: row.name,
                    user_agent: row.user_agent,
                    ip_prefix: row.ip_prefix,
                    begun_at: row.begun_at,
                    last_seen_at: row.at,
                }),
                _ => events.push(row),
            }
        }
        let Some(this) = this else { return Ok(None) };
        let row = SessionRow {
            id: id.to_owned(),
            user_id: user_id.to_owned(),
            address: Address::stored(this.name),
            subject: this.reason,
            user_agent: this.user_agent,
            ip_prefix: this.ip_prefix,
            created_at: this.begun_at,
            last_seen_at: this.at,
            expires_at: this.until,
        };
        // The current session comes first, whenever its last use was recorded.
        sessions.sort_by_key(|line| (line.id != id, Reverse((line.last_seen_at, line.begun_at))));
        let mut activity = Activity { sessions, account: Vec::new(), attempts: Vec::new() };
        activity.add(events);
        Ok(Some((row, activity)))
    }

    /// Adds the events of another subject to `activity`.
    pub async fn add_events(
        &self,
        activity: &mut Activity,
        subject: &str,
        now: Millis,
    ) -> Result<(), Error> {
        activity.add(self.all(EVENTS_OF_SUBJECT, &values![subject, now]).await?);
        Ok(())
    }
}
