//! Hosts that a proxy guards with our sign-in (forward authentication). The proxy asks about each
//! request; the session cookie stays with our own host. A guarded host has a cookie of its own,
//! which a browser gets for a one-time code: the session is ended in one place, and an app that is
//! broken into holds nothing that opens another.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hashlink::LruCache;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq;
use url::Url;

use super::{Apps, authorize::hash};
use crate::server::{
    auth::{
        Client,
        session::{self, Session},
    },
    config::forward_auth::GuardedHost,
    ground::{
        clock::{MINUTE, Millis, SECOND},
        error::Error,
        jose::Algorithm,
        keys::Purpose,
        words::say,
    },
    store::{EntryCode, SessionRow},
    values::destination::with_query,
};

/// Path at which a browser brings its code to a guarded host. The app behind never sees it.
pub const ENTRY: &str = "/.latchkey";
/// Path here that gives the code.
pub const BEGIN: &str = "/forward-auth";
/// Page here that says why somebody was not let in.
pub const STOPPED: &str = "/forward-auth/stopped";
/// Time in which a code is used.
const CODE_LIVES: Millis = MINUTE;
/// Lifetime of an assertion in seconds: the app reads it at once.
const ASSERTION_LIVES: i64 = 60;
/// Time in seconds in which a browser's requests get the same assertion: a page and what it loads
/// need one signature.
const ASSERTION_REPEATS: i64 = 30;
/// Most assertions that are kept to be repeated, of 1 KiB each.
const MOST_ASSERTIONS: usize = 4_096;
/// Type of assertions: none passes for a token of another kind.
const ASSERTION: &str = "forward-auth+jwt";
/// Letters of a state: SHA-256 in base64url.
const STATE: usize = 43;
/// Most bytes of the path and query that is wanted: it travels in URLs, encoded twice.
const LONGEST: usize = 600;

/// Page of a guarded host that a browser asks for.
#[derive(Debug)]
pub struct Wanted {
    pub host: GuardedHost,
    /// Path and query.
    pub path: String,
}

impl Wanted {
    /// Returns it as a URL.
    pub fn url(&self) -> String {
        format!("{}{}", self.host.host.origin(), self.path)
    }
}

/// A browser that is let in at a guarded host.
#[derive(Debug)]
pub struct Entry {
    /// Value of the host's own cookie.
    pub cookie: String,
    /// Seconds that the cookie is kept.
    pub seconds: u64,
    /// URL that the user wanted.
    pub onward: String,
}

/// Assertions that were signed a moment ago, by key and claims, with the time in seconds.
pub(super) struct RecentAssertions(Mutex<LruCache<String, (i64, String)>>);

impl RecentAssertions {
    pub(super) fn new() -> Self {
        RecentAssertions(Mutex::new(LruCache::new(MOST_ASSERTIONS)))
    }

    fn get(&self, told: &str, now: i64) -> Option<String> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, assertion) = recent.get(told)?;
        (*at..*at + ASSERTION_REPEATS).contains(&now).then(|| assertion.clone())
    }

    fn keep(&self, told: String, now: i64, assertion: &str) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.insert(told, (now, assertion.to_owned()));
    }
}

impl fmt::Debug for RecentAssertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecentAssertions")
    }
}

impl Apps {
    /// Returns the guarded host of this name.
    pub fn guarded_host(&self, name: &str) -> Option<GuardedHost> {
        let policy = self.auth.policy();
        policy.forward_auth.iter().find(|host| host.host.as_str() == name).cloned()
    }

    /// Returns what a browser wants, if it is a page of a guarded host. One whose path is too long
    /// to be carried along becomes the first page.
    pub fn wanted(&self, host: GuardedHost, path: &str) -> Wanted {
        let is_path = path.starts_with('/')
            && !path.starts_with(ENTRY)
            && path.len() <= LONGEST
            && path.bytes().all(|byte| byte.is_ascii_graphic());
        Wanted { host, path: if is_path { path.to_owned() } else { "/".to_owned() } }
    }

    /// Reads a URL of a guarded host, as [`Wanted::url`] writes it.
    pub fn wanted_url(&self, url: &str) -> Option<Wanted> {
        let parsed = Url::parse(url).ok()?;
        let host = self.guarded_host(parsed.authority())?;
        let path = url.strip_prefix(&host.host.origin())?.to_owned();
        Some(self.wanted(host, &path))
    }

    /// Returns who is at a guarded host, by the host's own cookie. `None` without a live session.
    /// Using the host counts as using the session.
    pub async fn session_at(
        &self,
        host: &GuardedHost,
        cookie: &str,
    ) -> Result<Option<SessionRow>, Error> {
        let Some(id) = self.read_cookie(host, cookie) else { return Ok(None) };
        let row = session::by_id(&self.auth, id).await?;
        if let Some(row) = &row {
            session::prolong(&self.auth, row).await;
        }
        Ok(row)
    }

    /// Returns a signed token that tells the app behind the proxy who is there: for a while the
    /// same one.
    pub async fn assertion(
        &self,
        host: &GuardedHost,
        session: &SessionRow,
    ) -> Result<String, Error> {
        let key = self.keys.signing(Algorithm::Es256).await?;
        let mut claims = json!({
            "iss": self.issuer(),
            "aud": host.host.as_str(),
            "sub": session.user_id,
            "email": session.address.as_str(),
            "sid": session.id,
        });
        let now = self.auth.clock.now() / SECOND;
        let told = format!("{} {claims}", key.kid);
        if let Some(assertion) = self.recent_assertions.get(&told, now) {
            return Ok(assertion);
        }
        claims["iat"] = now.into();
        claims["exp"] = (now + ASSERTION_LIVES).into();
        let assertion = key.sign(ASSERTION, &claims)?;
        self.recent_assertions.keep(told, now, &assertion);
        Ok(assertion)
    }

    /// Returns where a browser goes for its code. `nonce` is what it keeps in a cookie of the host:
    /// a code that was begun in another browser does not let it in (login CSRF).
    pub fn begin_at(&self, wanted: &Wanted, nonce: &str) -> String {
        let state = URL_SAFE_NO_PAD.encode(Sha256::digest(nonce));
        let to = with_query(BEGIN, "to", &wanted.url());
        format!("{}{to}&state={state}", self.issuer())
    }

    /// Returns the URL at a guarded host that lets this browser in. `None` if its user may not open
    /// the host.
    pub async fn give_code(
        &self,
        wanted: &Wanted,
        state: &str,
        session: &Session,
        client: &Client,
    ) -> Result<Option<String>, Error> {
        if !wanted.host.admits(&session.row.address) {
            return Ok(None);
        }
        if state.len() != STATE {
            return Err(Error::invalid(say!("detail-no-guarded-host")));
        }
        // A row for each.
        self.auth.one_more_verify(client).await?;
        let code = URL_SAFE_NO_PAD.encode(self.auth.random.bytes::<32>()?);
        let row = EntryCode {
            host: wanted.host.host.as_str().to_owned(),
            session_id: session.row.id.clone(),
            state: state.to_owned(),
            wanted: wanted.path.clone(),
            expires_at: self.auth.clock.now() + CODE_LIVES,
        };
        self.auth.store.keep_entry_code(&hash(&code), &row).await?;
        Ok(Some(format!("{}{}", wanted.host.host.origin(), with_query(ENTRY, "code", &code))))
    }

    /// Lets a browser in for a code, once. `None` if the code is wrong, was used, has expired, is of
    /// another host or another browser, or its session has ended.
    pub async fn enter(
        &self,
        host: &GuardedHost,
        code: &str,
        nonce: &str,
    ) -> Result<Option<Entry>, Error> {
        let Some(found) = self.auth.store.take_entry_code(&hash(code)).await? else {
            return Ok(None);
        };
        let now = self.auth.clock.now();
        let state = URL_SAFE_NO_PAD.encode(Sha256::digest(nonce));
        let is_right = found.host == host.host.as_str()
            && now < found.expires_at
            && bool::from(state.as_bytes().ct_eq(found.state.as_bytes()));
        let session = match is_right {
            true => session::by_id(&self.auth, &found.session_id).await?,
            false => None,
        };
        let Some(session) = session else { return Ok(None) };
        tracing::info!(event = "host.entered", host = found.host, user = session.user_id);
        Ok(Some(Entry {
            cookie: self.write_cookie(host, &session.id)?,
            seconds: u64::try_from((session.expires_at - now) / SECOND).unwrap_or(0),
            onward: format!("{}{}", host.host.origin(), found.wanted),
        }))
    }

    /// Returns the cookie of a session at a host: the session's id, and a code that only this server
    /// can make and that is of this host alone. How long it counts is in the session's row.
    fn write_cookie(&self, host: &GuardedHost, session_id: &str) -> Result<String, Error> {
        let code = self.auth.keys.sign(Purpose::HostCookie, &bound(host, session_id))?;
        Ok(format!("{session_id}.{code}"))
    }

    fn read_cookie<'a>(&self, host: &GuardedHost, cookie: &'a str) -> Option<&'a str> {
        let (session_id, code) = cookie.split_once('.')?;
        let is_ours = self.auth.keys.verify(Purpose::HostCookie, &bound(host, session_id), code);
        is_ours.then_some(session_id)
    }
}

fn bound(host: &GuardedHost, session_id: &str) -> String {
    format!("{} {session_id}", host.host.as_str())
}
