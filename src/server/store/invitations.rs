//! Invitations: made, mailed again, withdrawn and listed. They are accepted where sign-ins are
//! judged (`sign_ins.rs`). Every write holds the lock of the address.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuditEvent, Durability, NewMail, Store, Usage,
    auth_requests::queued,
    bans::{FIND_BAN, banned},
    statement::{Statement, values},
    users::USER_ID,
    waitlist::LEAVE_WAITLIST,
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// Invitations on one page of the list. The statement reads one more, which tells that there are
/// more.
pub const INVITATIONS_ON_A_PAGE: usize = 100;

/// An invitation, whatever its state.
#[derive(Clone, Debug, FromRow)]
pub struct Invitation {
    pub id: String,
    pub address: Address,
    /// Address of an operator, `app:` and the id of an app, or `command`.
    pub invited_by: String,
    /// Words of whoever invited, for the mail. May be empty.
    pub note: String,
    /// Tag of the language of its mails.
    pub language: String,
    /// Seconds that it is open after each mail.
    pub expires_in: i64,
    pub code_salt: Vec<u8>,
    pub code_hash: String,
    /// Wrong codes since its newest mail.
    pub code_tries: i64,
    /// Number of its newest mail, from 1.
    pub mails: i64,
    pub last_mail_at: Millis,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub accepted_at: Option<Millis>,
    pub withdrawn_at: Option<Millis>,
}

impl Invitation {
    /// Reports whether it lets its address in at `now`.
    pub fn is_open(&self, now: Millis) -> bool {
        self.accepted_at.is_none() && self.withdrawn_at.is_none() && now < self.expires_at
    }
}

/// Outcome of making an invitation.
#[derive(Debug)]
pub enum Invited {
    Made,
    /// The address has one that is open.
    Before(Box<Invitation>),
    /// The address belongs to a user.
    IsUser,
    Banned,
}

/// Outcome of mailing an invitation again.
#[derive(Debug, PartialEq, Eq)]
pub enum Remailed {
    Done,
    /// Nobody can accept it any more, or it does not exist.
    Over,
    /// Another mail was faster.
    Overtaken,
}

/// Columns that an [`Invitation`] is read from.
pub(super) const COLUMNS: &str = "i.id, i.address, i.invited_by, i.note, i.language, \
    i.expires_in, i.code_salt, i.code_hash, i.code_tries, i.mails, i.last_mail_at, i.created_at, \
    i.expires_at, i.accepted_at, i.withdrawn_at";

pub static INVITATION: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM latchkey_invitations i WHERE i.id = $1"));
pub static OPEN_INVITATION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_invitations i WHERE i.address = $1 AND i.expires_at > $2 \
         AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL ORDER BY i.created_at DESC LIMIT 1"
    )
});
/// A page before a time and an id, the latest first. The number is a literal, because SQLite plans a
/// statement with a bound LIMIT anew each time.
pub static INVITATIONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_invitations i WHERE (i.created_at, i.id) < ($1, $2) \
         ORDER BY i.created_at DESC, i.id DESC LIMIT 101"
    )
});
pub const INSERT_INVITATION: &str = "INSERT INTO latchkey_invitations (id, address, invited_by, \
    note, language, expires_in, code_salt, code_hash, code_tries, mails, last_mail_at, \
    created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 1, $9, $9, $10)";
pub const RENEW_INVITATION: &str = "UPDATE latchkey_invitations SET code_hash = $1, \
    code_tries = 0, mails = $2, last_mail_at = $3, expires_at = $4 WHERE id = $5";
pub const WITHDRAW_INVITATION: &str = "UPDATE latchkey_invitations SET withdrawn_at = $1 \
    WHERE id = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $1";
pub const ACCEPT_INVITATIONS: &str = "UPDATE latchkey_invitations SET accepted_at = $1 \
    WHERE address = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $1";
pub const COUNT_INVITATION_TRY: &str =
    "UPDATE latchkey_invitations SET code_tries = code_tries + 1 WHERE id = $1";
pub const DELETE_INVITATIONS: &str = "DELETE FROM latchkey_invitations WHERE address = $1";
/// Reads whether an address that the rules for new people keep out may have mail: it belongs to a
/// user or has an open invitation, and is not banned.
pub static IS_ADMITTED: LazyLock<String> = LazyLock::new(|| {
    let (is_banned, is_invited) = (banned("$1"), invited("$1", "$2"));
    format!(
        "SELECT 1 WHERE NOT {is_banned} AND (EXISTS \
         (SELECT 1 FROM latchkey_users u WHERE u.address = $1) OR {is_invited})"
    )
});

/// Returns the condition that an address has an open invitation at a time.
pub(super) fn invited(address: &str, at: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM latchkey_invitations i WHERE i.address = {address} \
         AND i.expires_at > {at} AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL)"
    )
}

impl Store {
    /// Writes an invitation, its mail and the event, and takes its address off the waitlist, all or
    /// nothing. `allow` sees the mails queued in the bucket, newest first, and may refuse.
    pub async fn invite(
        &self,
        new: &Invitation,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&[Usage]) -> Result<(), Error>,
    ) -> Result<Invited, Error> {
        let (address, now) = (&new.address, new.created_at);
        let insert = values![
            &new.id,
            address,
            &new.invited_by,
            &new.note,
            &new.language,
            new.expires_in,
            &new.code_salt,
            &new.code_hash,
            now,
            new.expires_at,
        ];
        let statements = [
            Statement::new(INSERT_INVITATION, insert),
            Statement::new(LEAVE_WAITLIST, values![address]),
            mail.insert(address, event),
            event.insert(),
        ];
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            if let Some(before) = tx.first(&OPEN_INVITATION, &values![address, now]).await? {
                return Ok(Invited::Before(Box::new(before)));
            }
            let user: Option<(String,)> = tx.first(USER_ID, &values![address]).await?;
            if user.is_some() {
                return Ok(Invited::IsUser);
            }
            let nobody: Option<&str> = None;
            let ban: Option<(String,)> = tx.first(FIND_BAN, &values![nobody, address]).await?;
            if ban.is_some() {
                return Ok(Invited::Banned);
            }
            allow(&queued(tx, mail.bucket, now).await?)?;
            tx.finish(&statements).await?;
            Ok(Invited::Made)
        })
        .await
    }

    /// Gives an open invitation its next mail, code and expiry, as `next` has them, and writes the
    /// event, all or nothing. `allow` sees its current state and the mails queued in the bucket,
    /// and may refuse.
    pub async fn renew_invitation(
        &self,
        next: &Invitation,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&Invitation, &[Usage]) -> Result<(), Error>,
    ) -> Result<Remailed, Error> {
        let (address, now) = (&next.address, next.last_mail_at);
        let renew = values![&next.code_hash, next.mails, now, next.expires_at, &next.id];
        let statements =
            [Statement::new(RENEW_INVITATION, renew), mail.insert(address, event), event.insert()];
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            let found = tx.first::<Invitation>(&INVITATION, &values![&next.id]).await?;
            let Some(current) = found.filter(|current| current.is_open(now)) else {
                return Ok(Remailed::Over);
            };
            if current.mails + 1 != next.mails {
                return Ok(Remailed::Overtaken);
            }
            allow(&current, &queued(tx, mail.bucket, now).await?)?;
            tx.finish(&statements).await?;
            Ok(Remailed::Done)
        })
        .await
    }

    /// Ends an open invitation and writes the event. Returns false if it was not open.
    pub async fn withdraw_invitation(
        &self,
        id: &str,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            if tx.execute(WITHDRAW_INVITATION, &values![event.at, id]).await? == 0 {
                return Ok(false);
            }
            tx.finish(&[event.insert()]).await?;
            Ok(true)
        })
        .await
    }

    /// Returns the invitation with this id.
    pub async fn invitation(&self, id: &str) -> Result<Option<Invitation>, Error> {
        self.first(&INVITATION, &values![id]).await
    }

    /// Returns the open invitation of an address.
    pub async fn open_invitation(
        &self,
        address: &Address,
        now: Millis,
    ) -> Result<Option<Invitation>, Error> {
        self.first(&OPEN_INVITATION, &values![address, now]).await
    }

    /// Returns the invitations of a page before a time and an id, the latest first, and one more.
    pub async fn invitations_before(
        &self,
        before: Millis,
        before_id: &str,
    ) -> Result<Vec<Invitation>, Error> {
        self.all(&INVITATIONS, &values![before, before_id]).await
    }

    /// True if the address belongs to a user or has an open invitation, and is not banned.
    pub async fn is_admitted(&self, address: &Address, now: Millis) -> Result<bool, Error> {
        let found: Option<(i32,)> = self.first(&IS_ADMITTED, &values![address, now]).await?;
        Ok(found.is_some())
    }
}
