//! What people are shown of their account: where they are signed in, and what happened lately.

use sqlx::{AssertSqlSafe, FromRow};
use std::cmp::Reverse;

use super::{Store, read};
use crate::{error::Error, server::clock::Millis};

/// Sessions and events of one person, the latest first.
#[derive(Debug)]
pub struct Overview {
    /// Alive ones, at most the thousand that began last.
    pub sessions: Vec<Line>,
    /// The last ten: who asked for mails, was refused, came and went.
    pub activity: Vec<Line>,
}

/// A session, or an event.
#[derive(Debug, FromRow)]
pub struct Line {
    is_session: bool,
    /// A session's id, or an event's name.
    pub name: String,
    /// Of an event.
    pub reason: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub begun_at: Millis,
    /// When a session was last used, or an event happened.
    pub at: Millis,
}

// Each in a SELECT of its own, because what is joined by UNION ALL may not be sorted. Both are read in the order of an index, and
// events are compared one by one: for a sort or an IN, SQLite would make a table each time, which costs more than the read.
const SESSIONS: &str = "SELECT * FROM (SELECT TRUE AS is_session, id AS name, '' AS reason, user_agent, ip_prefix, created_at AS begun_at, \
    last_seen_at AS at FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at DESC LIMIT 1000) AS s";

/// Ten stands in the statement: SQLite plans one with a bound LIMIT anew each time.
const ACTIVITY: &str = "SELECT * FROM (SELECT FALSE AS is_session, event AS name, reason, user_agent, ip_prefix, at AS begun_at, at \
    FROM audit_events WHERE subject = $1 AND (event = 'auth.requested' OR event = 'auth.failed' OR event = 'auth.cancelled' \
    OR event = 'session.issued' OR event = 'session.revoked') ORDER BY at DESC, id DESC LIMIT 10) AS a";

impl Store {
    /// What there is of a user and of the subjects their address goes by, in one round trip: after the secrets were rotated there
    /// are two of them.
    pub async fn overview(&self, user_id: &str, subjects: &[String], now: Millis) -> Result<Overview, Error> {
        let mut sql = SESSIONS.to_owned();
        for n in 0..subjects.len() {
            sql += &format!(" UNION ALL {}", ACTIVITY.replace("$1", &format!("${}", n + 3)));
        }
        let lines: Vec<Line> = read!(self, db => {
            let query = sqlx::query_as(AssertSqlSafe(sql)).bind(user_id).bind(now);
            subjects.iter().fold(query, |query, subject| query.bind(subject)).fetch_all(db).await?
        });
        let (mut sessions, mut activity): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.is_session);
        sessions.sort_by_key(|line| Reverse((line.at, line.begun_at)));
        activity.sort_by_key(|line| Reverse(line.at));
        activity.truncate(10);
        Ok(Overview { sessions, activity })
    }
}
