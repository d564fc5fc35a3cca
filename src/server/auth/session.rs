//! Sessions: a row that can be revoked, presented as a short-lived signed token.

use crate::server::values::event::Event;
use jsonwebtoken::{Algorithm, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::{sync::LazyLock, time::Duration};

use super::{Auth, Client};
use crate::server::{
    ground::{
        clock::{MINUTE, Millis, SECOND},
        error::Error,
        words::say,
    },
    store::{Activity, SessionRow},
};

/// Explicit type of the token (RFC 8725, 3.11): no other token signed with our key passes for a
/// session.
const TYP: &str = "session+jwt";

/// Longest age of a sign-in that may still set or remove the password or delete the account (ASVS
/// 5.0 7.5.1).
const RECENT: Millis = 10 * MINUTE;

/// Time that a request to a guarded host waits for the note that its session is in use.
const PROLONGING: Duration = Duration::from_millis(500);

/// Claims of the token. Times are unix seconds. The address is left out, because a token travels
/// further than a user table.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// User id.
    sub: String,
    /// Session id.
    sid: String,
    iat: u64,
    exp: u64,
}

/// Live session, as the current request presented it.
#[derive(Clone, Debug)]
pub struct Session {
    pub row: SessionRow,
    /// Issue time of the token.
    pub issued_at: Millis,
    /// End of the token, which may be before that of the session.
    pub expires_at: Millis,
    /// True if the token came in a cookie, so it may be renewed in one.
    pub by_cookie: bool,
}

impl Session {
    /// Reports whether it began recently enough to change how its user signs in, or to delete the
    /// account.
    pub fn is_recent(&self, auth: &Auth) -> bool {
        auth.clock.now() - self.row.created_at <= RECENT
    }
}

/// Signed token with its lifetime.
#[derive(Debug)]
pub struct Token {
    pub jwt: String,
    pub expires_at: Millis,
    /// Lifetime in seconds.
    pub ttl: u64,
}

/// Returns the end of a token issued at `at`, for a session that ends at `session_expires_at` at
/// the latest. Rounded down to a whole second, because `exp` has no fractions.
pub fn token_end(auth: &Auth, at: Millis, session_expires_at: Millis) -> Millis {
    let ttl = Millis::from(auth.policy().session.token_ttl) * SECOND;
    (at + ttl).min(session_expires_at) / SECOND * SECOND
}

/// Issues a token for a session, valid from `issued_at` to `expires_at`. The caller must have
/// stored `expires_at` in the session's row.
pub(super) fn issue(
    auth: &Auth,
    session_id: &str,
    user_id: &str,
    issued_at: Millis,
    expires_at: Millis,
) -> Result<Token, Error> {
    let seconds = |at: Millis| u64::try_from(at / SECOND).unwrap_or(0);
    let (iat, exp) = (seconds(issued_at), seconds(expires_at));
    let origin = auth.public_url.origin().to_owned();
    let claims = Claims {
        iss: origin.clone(),
        aud: origin,
        sub: user_id.to_owned(),
        sid: session_id.to_owned(),
        iat,
        exp,
    };
    let header = Header { typ: Some(TYP.to_owned()), ..Header::new(Algorithm::HS256) };
    let key = auth.keys.session().next().ok_or(Error::Internal)?;
    let jwt = encode(&header, &claims, &key.signing).map_err(|error| {
        tracing::error!(%error, "a session token could not be signed");
        Error::Internal
    })?;
    Ok(Token { jwt, expires_at, ttl: exp.saturating_sub(iat) })
}

/// Rule for signatures: one algorithm only (RFC 8725, 3.1). The claims are checked in [`claims`],
/// once they are all known to be there and of the right type.
static SIGNED: LazyLock<Validation> = LazyLock::new(|| {
    let mut rule = Validation::new(Algorithm::HS256);
    rule.set_required_spec_claims(&[] as &[&str]);
    (rule.validate_exp, rule.validate_aud) = (false, false);
    rule
});

/// Returns the claims of a token that is signed with one of our secrets, is for this site and has
/// not expired by our clock. There is no leeway, because this server issued the token. `iat` is not
/// checked, so sessions survive a clock that is set back.
fn claims(auth: &Auth, jwt: &str) -> Option<Claims> {
    let token =
        auth.keys.session().find_map(|key| decode::<Claims>(jwt, &key.verifying, &SIGNED).ok())?;
    let (claims, origin) = (token.claims, auth.public_url.origin());
    let now = u64::try_from(auth.clock.now() / SECOND).ok()?;
    let is_ours =
        token.header.typ.as_deref() == Some(TYP) && claims.iss == origin && claims.aud == origin;
    (is_ours && now < claims.exp).then_some(claims)
}

/// Session token that a request presents.
#[derive(Clone, Debug)]
pub struct Presented {
    pub jwt: String,
    /// True if it came in a cookie, false if as a bearer token.
    pub by_cookie: bool,
}

/// Returns the session a request presents, if it is alive: token valid, row not revoked, user not
/// disabled.
pub async fn present(auth: &Auth, presented: &Presented) -> Result<Option<Session>, Error> {
    let Some(claims) = claims(auth, &presented.jwt) else { return Ok(None) };
    let row = auth.store.session(&claims.sid, auth.team_users.is_none(), auth.clock.now()).await?;
    admitted(auth, &claims, presented.by_cookie, row).await
}

/// Returns the session as [`present`] does, and its user's recent activity, in one read for both.
pub async fn present_with_activity(
    auth: &Auth,
    presented: &Presented,
) -> Result<Option<(Session, Activity)>, Error> {
    let Some(claims) = claims(auth, &presented.jwt) else { return Ok(None) };
    let (own_users, now) = (auth.team_users.is_none(), auth.clock.now());
    let found = auth.store.session_and_activity(&claims.sid, &claims.sub, own_users, now).await?;
    let Some((row, mut activity)) = found else { return Ok(None) };
    let Some(session) = admitted(auth, &claims, presented.by_cookie, Some(row)).await? else {
        return Ok(None);
    };
    // After a rotation of the secrets the address has one subject under each.
    for subject in auth
        .keys
        .subjects(session.row.address.as_str())
        .filter(|subject| *subject != session.row.subject)
    {
        auth.store.add_events(&mut activity, &subject, now).await?;
    }
    Ok(Some((session, activity)))
}

/// Returns the session of an id, if it is alive as in [`present`]. The caller has checked that it is
/// the browser's.
pub async fn by_id(auth: &Auth, id: &str) -> Result<Option<SessionRow>, Error> {
    let row = auth.store.session(id, auth.team_users.is_none(), auth.clock.now()).await?;
    of_a_user(auth, row).await
}

/// Returns the row unless its user has been removed from the team's own table: they are signed out
/// at once.
async fn of_a_user(auth: &Auth, row: Option<SessionRow>) -> Result<Option<SessionRow>, Error> {
    if let (Some(row), Some(mapped)) = (&row, &auth.team_users)
        && mapped.find(&row.address).await?.as_ref() != Some(&row.user_id)
    {
        return Ok(None);
    }
    Ok(row)
}

async fn admitted(
    auth: &Auth,
    claims: &Claims,
    by_cookie: bool,
    row: Option<SessionRow>,
) -> Result<Option<Session>, Error> {
    let row = of_a_user(auth, row.filter(|row| row.user_id == claims.sub)).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Session {
        row,
        issued_at: millis(claims.iat),
        expires_at: millis(claims.exp),
        by_cookie,
    }))
}

/// Returns a fresh token if the one in use is past half its life, and notes in the row that the
/// session is in use. Two tabs that do this at once each get a valid token. If the row cannot be
/// written (a full disk, a read-only database), the token in use stays valid until its end.
pub async fn renew(auth: &Auth, session: &Session) -> Result<Option<Token>, Error> {
    let (now, row) = (auth.clock.now(), &session.row);
    let half = session.issued_at + (session.expires_at - session.issued_at) / 2;
    let expires_at = token_end(auth, now, row.expires_at);
    if now < half || expires_at <= session.expires_at {
        note_use(auth, session).await;
        return Ok(None);
    }
    if let Err(error) = auth.store.prolong_session(&row.id, now, expires_at).await {
        tracing::warn!(%error, "a session could not be renewed");
        return Ok(None);
    }
    issue(auth, &row.id, &row.user_id, now, expires_at).map(Some)
}

/// Notes in its row that a session is in use, at most once a minute. A failed write is only logged,
/// so that it does not break the user's page.
pub async fn note_use(auth: &Auth, session: &Session) {
    let now = auth.clock.now();
    if now - session.row.last_seen_at >= MINUTE
        && let Err(error) = auth.store.touch_session(&session.row.id, now).await
    {
        tracing::warn!(%error, "that a session is in use could not be noted");
    }
}

/// Keeps a session alive that is used by way of another host, as if its token had been renewed; at
/// most once a minute. A failed write is only logged.
pub async fn prolong(auth: &Auth, row: &SessionRow) {
    let now = auth.clock.now();
    if now - row.last_seen_at < MINUTE {
        return;
    }
    let until = token_end(auth, now, row.expires_at);
    let noted = auth.store.prolong_session(&row.id, now, until);
    let noted = tokio::time::timeout(PROLONGING, noted).await;
    if let Err(error) = noted.unwrap_or(Err(Error::Unavailable)) {
        tracing::warn!(%error, "a session could not be prolonged");
    }
}

fn millis(seconds: u64) -> Millis {
    Millis::try_from(seconds).unwrap_or(Millis::MAX / SECOND).saturating_mul(SECOND)
}

/// Selection of a user's sessions to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionsToEnd {
    This,
    Others,
    All,
    /// One session by its id; only the user's own are found.
    One(String),
}

/// Ends sessions of the user who presents `session`: they are dead at their next request. Ending
/// any session but this one also ends the trust in every device of the address.
pub async fn end(
    auth: &Auth,
    session: &Session,
    which: &SessionsToEnd,
    client: &Client,
) -> Result<(), Error> {
    let (user, this) = (&session.row.user_id, &session.row.id);
    let event = auth.event(Event::SessionRevoked, Some(&session.row.address), client).of_user(user);
    let found = match which {
        SessionsToEnd::This => auth.store.sign_out(user, this, &event).await?,
        SessionsToEnd::One(id) => auth.store.revoke_session(user, id, &event).await?,
        SessionsToEnd::Others => auth.store.revoke_sessions_of(user, Some(this), &event).await? > 0,
        SessionsToEnd::All => auth.store.revoke_sessions_of(user, None, &event).await? > 0,
    };
    if found {
        event.emit();
    } else if matches!(which, SessionsToEnd::One(_)) {
        return Err(Error::invalid(say!("detail-no-session")));
    }
    Ok(())
}

/// Deletes the account of the user who presents `session`, if it began recently (ASVS 5.0 7.5.1):
/// somebody who finds a browser signed in cannot.
pub async fn delete_account(auth: &Auth, session: &Session, client: &Client) -> Result<(), Error> {
    if auth.team_users.is_some() {
        return Err(Error::invalid(say!("detail-mapped-account")));
    }
    if !session.is_recent(auth) {
        return Err(Error::invalid(say!("detail-deletion-needs-fresh-sign-in")));
    }
    let SessionRow { user_id, address, .. } = &session.row;
    let event = auth.event(Event::UserDeleted, Some(address), client).of_user(user_id);
    auth.store.delete_user(user_id, address, &event).await?;
    event.emit();
    Ok(())
}
