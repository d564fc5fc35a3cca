//! People as operators find them, and what is known of one.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuditEvent, AuditRow, Durability, SessionLine, Store, User,
    audit::COLUMNS,
    audit_pages::{End, Stretch},
    bans::banned,
    statement::{Statement, values},
};
use crate::server::{
    ground::{
        clock::{HOUR, Millis, SECOND},
        error::Error,
    },
    values::address::Address,
};

/// People on one page of a search. The statements read one more, which tells that there are more.
pub const FOUND_ON_A_PAGE: usize = 20;
/// Events on one page of a timeline.
pub const EVENTS_ON_A_PAGE: usize = 100;

/// Mail to a person, and what was asked for with it.
#[derive(Clone, Debug, FromRow)]
pub struct MailOfPerson {
    /// Correlation id of the request that asked for it.
    pub request_id: String,
    pub created_at: Millis,
    pub state: String,
    pub attempts: i64,
    /// Of its auth request, while that is kept: what its mails carry, and for how many seconds its
    /// secrets are good.
    pub mode: Option<String>,
    pub expires_in: Option<i64>,
}

/// Characters that sort behind every text that goes on after a beginning.
const BEHIND: &str = "\u{10ffff}";

/// Returns the statement that reads the users whom a condition describes.
pub(super) fn users_that(condition: &str) -> String {
    let is_banned = banned("u.address");
    format!(
        "SELECT u.id, u.address, u.created_at, {is_banned} AS is_banned FROM latchkey_users u \
         WHERE {condition}"
    )
}

/// Users whose address begins so, after one. `found_by` is the address, in the order of its octets.
pub static USERS_BY_BEGINNING: LazyLock<String> = LazyLock::new(|| {
    users_that(
        "u.found_by >= $1 AND u.found_by < $2 AND u.found_by > $3 ORDER BY u.found_by LIMIT 21",
    )
});
/// Users after a domain and an address, up to a domain. There is one lower bound: of two, PostgreSQL
/// begins to read at the lower.
pub static USERS_BY_DOMAIN: LazyLock<String> = LazyLock::new(|| {
    users_that(
        "(u.domain, u.found_by) > ($1, $2) AND u.domain < $3 \
         ORDER BY u.domain, u.found_by LIMIT 21",
    )
});
pub static USER_BY_ID: LazyLock<String> = LazyLock::new(|| users_that("u.id = $1"));
pub static USER_BY_ADDRESS: LazyLock<String> = LazyLock::new(|| users_that("u.address = $1"));
/// Events of one request: those that its index has, and those that only follow one of these, of the
/// same person in the life of a mail (two hours at most).
pub static EVENTS_OF_REQUEST: LazyLock<String> = LazyLock::new(|| {
    let first = "FROM latchkey_audit_events WHERE request_id = $1 AND request_id <> '' \
        AND event NOT IN ('mail.sent', 'session.issued')";
    format!(
        "SELECT {COLUMNS} {first} UNION ALL SELECT {COLUMNS} FROM \
         (SELECT subject AS person, MIN(at) AS since {first} AND subject <> '' GROUP BY subject) \
         AS first JOIN latchkey_audit_events ON subject = person \
         AND list IN ('account', 'attempts', '') AND at BETWEEN since AND since + 7200000 \
         WHERE request_id = $1 AND event IN ('mail.sent', 'session.issued') \
         ORDER BY at, id LIMIT 100"
    )
});
/// Auth requests that got a mail at a time, among those that expire within two hours of it.
pub const ADDRESSES_ASKED_AT: &str = "SELECT address FROM latchkey_auth_requests \
    WHERE expires_at > $1 AND expires_at < $2 AND (created_at = $3 OR last_mail_at = $3) LIMIT 50";
/// Mails of an address, whichever device asked for them (see `users::DELETE_MAILS`).
pub const MAILS_OF_ADDRESS: &str = "SELECT o.request_id, o.created_at, o.state, o.attempts, \
    r.mode, r.expires_in FROM latchkey_outbox o \
    LEFT JOIN latchkey_auth_requests r ON r.id = o.auth_request_id \
    WHERE o.bucket = $1 OR o.bucket > $1 || ' ' AND o.bucket < $1 || '!' \
    ORDER BY o.created_at DESC LIMIT 200";
pub const BANNED_SINCE: &str = "SELECT MIN(created_at) FROM latchkey_bans \
    WHERE user_id = $1 OR user_id = '' AND address = $2";
/// Sessions of a user that are alive, the latest first.
pub const SESSIONS_OF_USER: &str = "SELECT id, user_agent, ip_prefix, created_at AS begun_at, \
    last_seen_at FROM latchkey_sessions WHERE user_id = $1 AND revoked_at IS NULL \
    AND token_expires_at > $2 ORDER BY created_at DESC LIMIT 100";
pub const LAST_SIGN_IN: &str = "SELECT created_at FROM latchkey_sessions \
    WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1";
/// Reads whether an operator has opened a person since a time.
pub const OPENED_BY: &str = "SELECT 1 FROM latchkey_audit_events WHERE subject = $1 AND list = '' \
    AND at > $2 AND event = 'desk.opened' AND operator = $3 LIMIT 1";
/// Counts as many tries against a bucket as pause it.
pub const PAUSE_CODES: &str = "INSERT INTO latchkey_failed_tries (id, bucket, network, at) \
    WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) \
    UNION ALL SELECT i + 1 FROM n WHERE i < CAST($4 AS BIGINT)) \
    SELECT CAST($1 AS TEXT) || '-' || i, $2, '', CAST($3 AS BIGINT) FROM n";

/// Returns the statement that reads a page of the events of one subject: each list by its index,
/// because the index of the table has the list before the time.
fn timeline(from: End) -> String {
    let of = |list: &str| {
        format!(
            "SELECT * FROM (SELECT {COLUMNS} FROM latchkey_audit_events \
             WHERE subject = $4 AND list = '{list}' AND {} ORDER BY {} LIMIT 101) AS of_{}",
            from.condition(),
            from.order(),
            if list.is_empty() { "none" } else { list }
        )
    };
    ["account", "attempts", ""].map(of).join(" UNION ALL ")
}

pub static TIMELINE: LazyLock<String> = LazyLock::new(|| timeline(End::Latest));
pub static EARLIEST_OF_TIMELINE: LazyLock<String> = LazyLock::new(|| timeline(End::Earliest));

impl Store {
    /// Returns the next users whose address begins with `beginning`, after the address `after`; one
    /// more than fit on a page if there are more.
    pub async fn users_by_beginning(
        &self,
        beginning: &str,
        after: &str,
    ) -> Result<Vec<User>, Error> {
        let behind = format!("{beginning}{BEHIND}");
        self.all(&USERS_BY_BEGINNING, &values![beginning, &behind, after]).await
    }

    /// Returns the next users whose domain begins with `beginning`, after a domain and an address.
    pub async fn users_by_domain(
        &self,
        beginning: &str,
        after: (&str, &str),
    ) -> Result<Vec<User>, Error> {
        let behind = format!("{beginning}{BEHIND}");
        let (domain, address) = after.max((beginning, ""));
        self.all(&USERS_BY_DOMAIN, &values![domain, address, &behind]).await
    }

    pub async fn user_by_id(&self, id: &str) -> Result<Option<User>, Error> {
        self.first(&USER_BY_ID, &values![id]).await
    }

    pub async fn user_by_address(&self, address: &Address) -> Result<Option<User>, Error> {
        self.first(&USER_BY_ADDRESS, &values![address]).await
    }

    /// Returns what happened in one request, the earliest first.
    pub async fn events_of_request(&self, request_id: &str) -> Result<Vec<AuditRow>, Error> {
        self.all(&EVENTS_OF_REQUEST, &values![request_id]).await
    }

    /// Returns addresses that a mail was asked for at a time.
    pub async fn addresses_asked_at(&self, at: Millis) -> Result<Vec<Address>, Error> {
        // The shortest life of a mail is a minute, the longest an hour; a resend makes it longer.
        let asked = values![at + 59 * SECOND, at + 2 * HOUR, at];
        let found: Vec<(Address,)> = self.all(ADDRESSES_ASKED_AT, &asked).await?;
        Ok(found.into_iter().map(|(address,)| address).collect())
    }

    /// Returns the mails to an address that are still kept, the latest first.
    pub async fn mails_of_address(&self, address: &Address) -> Result<Vec<MailOfPerson>, Error> {
        self.all(MAILS_OF_ADDRESS, &values![address]).await
    }

    /// Returns since when an address, or the user who has it, is banned.
    pub async fn banned_since(
        &self,
        user_id: Option<&str>,
        address: &Address,
    ) -> Result<Option<Millis>, Error> {
        let (since,) = self.one(BANNED_SINCE, &values![user_id, address]).await?;
        Ok(since)
    }

    /// Returns the sessions of a user that are alive, at most the hundred that began last.
    pub async fn sessions_of_user(
        &self,
        user_id: &str,
        now: Millis,
    ) -> Result<Vec<SessionLine>, Error> {
        self.all(SESSIONS_OF_USER, &values![user_id, now]).await
    }

    /// Returns when a user last signed in, as long as the session is kept.
    pub async fn last_sign_in(&self, user_id: &str) -> Result<Option<Millis>, Error> {
        let found: Option<(Millis,)> = self.first(LAST_SIGN_IN, &values![user_id]).await?;
        Ok(found.map(|(at,)| at))
    }

    /// Returns the events of subjects, as many as fit on a page from the end of the stretch that it
    /// is filled from, and one more if there are more; the latest first.
    pub async fn timeline(
        &self,
        subjects: impl Iterator<Item = String>,
        stretch: Stretch,
    ) -> Result<Vec<AuditRow>, Error> {
        let Stretch { from, place: (at, id), other } = stretch;
        let mut rows: Vec<AuditRow> = Vec::new();
        for subject in subjects {
            let values = values![other, at, id, &subject];
            let sql = from.of(&TIMELINE, &EARLIEST_OF_TIMELINE);
            rows.extend(self.all::<AuditRow>(sql, &values).await?);
        }
        from.keep(&mut rows, EVENTS_ON_A_PAGE + 1);
        Ok(rows)
    }

    /// Reports whether an operator has opened a person since a time.
    pub async fn was_opened(
        &self,
        subject: &str,
        operator: &str,
        since: Millis,
    ) -> Result<bool, Error> {
        let found: Option<(i32,)> =
            self.first(OPENED_BY, &values![subject, since, operator]).await?;
        Ok(found.is_some())
    }

    /// Counts `tries` wrong codes against the bucket of strangers of an address, and writes the
    /// event. `id` names the pause.
    pub async fn pause_codes(
        &self,
        id: &str,
        address: &Address,
        tries: i64,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let pause = Statement::new(PAUSE_CODES, values![id, address, event.at, tries]);
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            tx.finish(&[pause, event.insert()]).await
        })
        .await
    }
}
