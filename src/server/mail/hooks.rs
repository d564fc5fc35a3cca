//! Hooks of the transports, by which providers report what became of mails.

use axum::http::HeaderMap;
use reqwest::{Client, redirect::Policy};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::reports::{Hook, HookError, Outcome, Provider, Report};
use crate::server::{
    config::{
        ConfigError,
        transports::{Hidden, MailTransport},
    },
    ground::clock::Millis,
};

/// Path below which the hooks are.
pub const PREFIX: &str = "/hooks/mail/";

/// Time that Amazon may take to answer.
const ANSWER: Duration = Duration::from_secs(3);
/// Most bytes of a certificate, and most certificates that are kept. Amazon has a few a region.
const MOST_BYTES: usize = 16 * 1024;
const MOST_KEPT: usize = 16;

/// The hooks of this server's transports.
#[derive(Default)]
pub struct Hooks {
    by_transport: BTreeMap<String, Hook>,
    /// Certificates of Amazon SNS, by their URL.
    certificates: Mutex<BTreeMap<String, Arc<[u8]>>>,
}

/// Reason that a request to a hook has no reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    Refused(HookError),
    /// Amazon does not answer. The request may be sent again.
    Later,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_transport.keys()).finish()
    }
}

impl Hooks {
    /// Reads the key of each transport that has a hook. Several keys, separated by commas, are each
    /// believed, while one replaces another.
    pub fn open(entries: &[MailTransport]) -> Result<Self, ConfigError> {
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
            by_transport.insert(name.to_owned(), hook);
        }
        Ok(Hooks { by_transport, certificates: Mutex::default() })
    }

    /// Verifies and reads a request to the hook of a transport. `None` if it has none.
    pub async fn read(
        &self,
        transport: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: Millis,
    ) -> Option<Result<Vec<Report>, Unread>> {
        let hook = self.by_transport.get(transport)?;
        Some(self.read_with(hook, headers, body, now).await)
    }

    async fn read_with(
        &self,
        hook: &Hook,
        headers: &HeaderMap,
        body: &[u8],
        now: Millis,
    ) -> Result<Vec<Report>, Unread> {
        let mut outcome = hook.read(headers, body, None, now).map_err(Unread::Refused)?;
        if let Outcome::NeedsCertificate(url) = &outcome {
            let certificate = self.certificate(url).await?;
            let read = hook.read(headers, body, Some(&certificate), now);
            outcome = read.map_err(Unread::Refused)?;
        }
        match outcome {
            Outcome::Reports(reports) => Ok(reports),
            Outcome::Confirm(url) => {
                fetch(&url).await?;
                tracing::info!(
                    event = "hook.confirmed",
                    "the topic of Amazon SNS sends from now on"
                );
                Ok(Vec::new())
            }
            Outcome::NeedsCertificate(_) => Err(Unread::Later),
        }
    }

    async fn certificate(&self, url: &str) -> Result<Arc<[u8]>, Unread> {
        let kept = || self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = kept().get(url) {
            return Ok(certificate.clone());
        }
        let certificate: Arc<[u8]> = fetch(url).await?.into();
        let mut kept = kept();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(url.to_owned(), certificate.clone());
        Ok(certificate)
    }
}

/// Reads a URL that was found to be Amazon's. No redirect leads elsewhere.
async fn fetch(url: &str) -> Result<Vec<u8>, Unread> {
    let read = async {
        let client =
            Client::builder().redirect(Policy::none()).timeout(ANSWER).no_proxy().build()?;
        let mut answer = client.get(url).send().await?.error_for_status()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                break;
            }
        }
        Ok::<_, reqwest::Error>(bytes)
    };
    match read.await {
        Ok(bytes) if bytes.len() <= MOST_BYTES => Ok(bytes),
        Ok(_) => Err(Unread::Later),
        Err(error) => {
            tracing::warn!(%error, "Amazon SNS does not answer");
            Err(Unread::Later)
        }
    }
}
