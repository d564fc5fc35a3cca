//! What people are shown of their account: where they are signed in, and what happened lately.

use sqlx::FromRow;
use std::{cmp::Reverse, sync::LazyLock};

use super::{
    Store,
    sessions::{ALIVE, SessionRow},
    statement::values,
};
use crate::server::ground::{clock::Millis, error::Error};

/// Sessions and events of one person, the latest first.
#[derive(Debug)]
pub struct Overview {
    /// Alive ones, at most the thousand that began last.
    pub sessions: Vec<Line>,
    /// The last ten sign-ins, sign-outs and changes of a password.
    pub activity: Vec<Line>,
    /// What was asked for and refused in the last week, the latest [`ATTEMPTS_SHOWN`].
    pub attempts: Vec<Line>,
}

/// How many attempts are looked at, to be counted by their kind. One a second for a week could not
/// be.
pub const ATTEMPTS_SHOWN: usize = 50;

impl Overview {
    /// Puts more events in their places.
    fn add(&mut self, events: Vec<Line>) {
        for event in events {
            let list =
                if event.kind == "account" { &mut self.activity } else { &mut self.attempts };
            list.push(event);
        }
        for (list, most) in [(&mut self.activity, 10), (&mut self.attempts, ATTEMPTS_SHOWN)] {
            list.sort_by_key(|line| Reverse(line.at));
            list.truncate(most);
        }
    }
}

/// A session, or an event.
#[derive(Debug, FromRow)]
pub struct Line {
    kind: String,
    /// A session's id, or an event's name. Of the session that asks: its address.
    pub name: String,
    /// Of an event. Of the session that asks: its subject.
    pub reason: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub begun_at: Millis,
    /// When a session was last used, or an event happened.
    pub at: Millis,
    /// When a session ends.
    until: Millis,
}

/// What happened to one subject, `$1`: the last ten of one list, and of the other fifty of the week
/// before `$2`. The numbers stand in the statement: SQLite plans one with a bound LIMIT anew each
/// time. Each list is read in the order of its index, so no refusal is passed over on the way to a
/// sign-in.
pub const ACTIVITY: &str = "SELECT * FROM (SELECT 'account' AS kind, event AS name, reason, \
    user_agent, ip_prefix, at AS begun_at, at, at AS until FROM latchkey_audit_events \
    WHERE subject = $1 AND list = 'account' ORDER BY at DESC, id DESC LIMIT 10) AS lately \
    UNION ALL SELECT * FROM (SELECT 'attempt' AS kind, event AS name, reason, \
    user_agent, ip_prefix, at AS begun_at, at, at AS until FROM latchkey_audit_events \
    WHERE subject = $1 AND list = 'attempts' AND at > $2 - 604800000 \
    ORDER BY at DESC, id DESC LIMIT 50) AS tried";

/// The session that asks, if it is alive, and what there is to show of its user, in one round trip.
///
/// Each in a SELECT of its own, because what is joined by UNION ALL may not be sorted. All are read
/// in the order of an index: for a sort, SQLite would make a table each time, which costs more than
/// the read.
pub static OVERVIEW: LazyLock<String> = LazyLock::new(|| {
    let this = "'this' AS kind, address AS name, subject AS reason, user_agent, ip_prefix, \
        created_at AS begun_at, last_seen_at AS at, expires_at AS until";
    let sessions = "'session' AS kind, id AS name, '' AS reason, user_agent, ip_prefix, \
        created_at AS begun_at, last_seen_at AS at, expires_at AS until \
        FROM latchkey_sessions WHERE user_id = $4 AND revoked_at IS NULL \
        AND token_expires_at > $2 ORDER BY created_at DESC LIMIT 1000";
    // None, of a session that began before they had a subject: events of nobody's address have
    // none, too.
    let activity =
        ACTIVITY.replace("$1", "(SELECT NULLIF(subject, '') FROM latchkey_sessions WHERE id = $1)");
    format!(
        "SELECT {this} FROM ({ALIVE} AND s.user_id = $4) AS this \
         UNION ALL SELECT * FROM (SELECT {sessions}) AS latest UNION ALL {activity}"
    )
});

impl Store {
    /// The session, if it is alive and of this user, and what there is to show of the user.
    pub async fn session_and_overview(
        &self,
        id: &str,
        user_id: &str,
        own_users: bool,
        now: Millis,
    ) -> Result<Option<(SessionRow, Overview)>, Error> {
        let lines: Vec<Line> = self.all(&OVERVIEW, &values![id, now, own_users, user_id]).await?;
        let (mut this, mut sessions, mut events) = (None, Vec::new(), Vec::new());
        for line in lines {
            match line.kind.as_str() {
                "this" => this = Some(line),
                "session" => sessions.push(line),
                _ => events.push(line),
            }
        }
        let Some(this) = this else { return Ok(None) };
        let row = SessionRow {
            id: id.to_owned(),
            user_id: user_id.to_owned(),
            address: this.name,
            subject: this.reason,
            user_agent: this.user_agent,
            ip_prefix: this.ip_prefix,
            created_at: this.begun_at,
            last_seen_at: this.at,
            expires_at: this.until,
        };
        // The one in use first, whenever that was last noted.
        sessions.sort_by_key(|line| (line.name != id, Reverse((line.at, line.begun_at))));
        let mut overview = Overview { sessions, activity: Vec::new(), attempts: Vec::new() };
        overview.add(events);
        Ok(Some((row, overview)))
    }

    /// Adds what is known of another subject.
    pub async fn add_activity(
        &self,
        overview: &mut Overview,
        subject: &str,
        now: Millis,
    ) -> Result<(), Error> {
        overview.add(self.all(ACTIVITY, &values![subject, now]).await?);
        Ok(())
    }
}
