//! Hooks of the transports, by which providers report what became of mails.

use axum::http::HeaderMap;
use metrics::{Counter, counter};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    amazon::{Amazon, NoAnswer},
    reports::{Hook, HookError, Outcome, Provider, Report},
};
use crate::server::{
    config::{
        ConfigError,
        transports::{Hidden, MailTransport},
    },
    ground::clock::Clock,
};

/// Path below which the hooks are.
pub const PREFIX: &str = "/hooks/mail/";

/// Requests with verified reports that are worked on at once, and the time that another waits for
/// its turn: a provider that catches up must not take the database from people who sign in. It gets
/// half of the connections that PostgreSQL has by default.
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two lines about requests that a hook refused: anybody may send them.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// The hooks of this server's transports.
pub struct Hooks {
    by_transport: BTreeMap<String, OfTransport>,
    amazon: Amazon,
    turns: Semaphore,
}

struct OfTransport {
    hook: Hook,
    /// Time of the last line about a refusal, on the monotonic clock.
    told_at: Mutex<Option<Duration>>,
}

/// Reason that a request to a hook has no reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    Refused(HookError),
    /// It cannot be read now, and may be sent again.
    Later,
}

impl From<HookError> for Unread {
    fn from(error: HookError) -> Self {
        Unread::Refused(error)
    }
}

impl From<NoAnswer> for Unread {
    fn from(_: NoAnswer) -> Self {
        Unread::Later
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_transport.keys()).finish()
    }
}

impl Hooks {
    /// Reads the key of each transport that has a hook. Several keys, separated by commas, are each
    /// believed, while one replaces another. Amazon's certificates come from `amazon`.
    pub fn open(entries: &[MailTransport], amazon: Amazon) -> Result<Self, ConfigError> {
        let mut by_transport = BTreeMap::new();
        for entry in entries {
            let provider = Provider::named(entry.kind.name());
            let Some((provider, keys)) = provider.zip(entry.hook_key.as_ref()) else { continue };
            let keys: Vec<String> =
                Hidden::expose(keys).split(',').map(|key| key.trim().to_owned()).collect();
            let name = entry.name.as_str();
            let hook = Hook::parse(provider, &keys).map_err(|why| {
                ConfigError(format!("hook_key of {name:?} in mail.transports: {why}."))
            })?;
            // From zero, so that Prometheus sees the first one.
            HookError::NAMES.into_iter().for_each(|why| refusals(name, why).increment(0));
            let told_at = Mutex::default();
            by_transport.insert(name.to_owned(), OfTransport { hook, told_at });
        }
        Ok(Hooks { by_transport, amazon, turns: Semaphore::new(AT_ONCE) })
    }

    /// Returns the names of the transports that have a hook.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_transport.keys().map(String::as_str)
    }

    /// Waits for the turn of a request whose reports were verified. `None` if too many wait.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        timeout(PATIENCE, self.turns.acquire()).await.ok()?.ok()
    }

    /// Verifies and reads a request to the hook of a transport. `None` if it has none.
    pub async fn read(
        &self,
        transport: &str,
        headers: &HeaderMap,
        body: &[u8],
        clock: &Clock,
    ) -> Option<Result<Vec<Report>, Unread>> {
        let known = self.by_transport.get(transport)?;
        let read = self.read_with(&known.hook, headers, body, clock).await;
        if let Err(Unread::Refused(error)) = &read {
            known.note(transport, error, clock);
        }
        Some(read)
    }

    async fn read_with(
        &self,
        hook: &Hook,
        headers: &HeaderMap,
        body: &[u8],
        clock: &Clock,
    ) -> Result<Vec<Report>, Unread> {
        let mut outcome = hook.read(headers, body, None, clock.now())?;
        if let Outcome::NeedsCertificate(url) = &outcome {
            let read =
                |certificate: &[u8]| hook.read(headers, body, Some(certificate), clock.now());
            outcome = self.amazon.with_certificate(url, clock, read).await??;
        }
        match outcome {
            Outcome::Reports(reports) => Ok(reports),
            Outcome::Confirm(url) => {
                self.amazon.confirm(&url).await?;
                tracing::info!(
                    event = "hook.confirmed",
                    "the topic of Amazon SNS sends from now on"
                );
                Ok(Vec::new())
            }
            Outcome::NeedsCertificate(_) => Err(Unread::Later),
        }
    }
}

/// Returns the counter of requests to a hook that were refused.
fn refusals(transport: &str, why: &'static str) -> Counter {
    let transport = transport.to_owned();
    counter!("latchkey_hooks_refused_total", "transport" => transport, "why" => why)
}

impl OfTransport {
    /// Counts a refused request, and logs it at most once a minute.
    fn note(&self, transport: &str, error: &HookError, clock: &Clock) {
        refusals(transport, error.name()).increment(1);
        let now = clock.monotonic();
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| now >= at + BETWEEN_LINES) {
            *told_at = Some(now);
            tracing::warn!(event = "hook.refused", transport, %error);
        }
    }
}
