//! Amazon SNS, as far as it is asked: for the certificates that it signs reports with, and to confirm
//! that a topic may report here.
//!
//! Everybody may name a certificate to us before anything is verified, so a certificate is kept once
//! it has verified something, and only a few others are fetched a minute, one after the other.
//! Otherwise a stranger who knows the topic could make us ask Amazon without end, or push the right
//! certificate out.

use reqwest::{Client, redirect::Policy};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

use crate::server::ground::{clock::Clock, error::with_causes};

/// Time that Amazon may take to answer.
const ANSWER: Duration = Duration::from_secs(3);
/// Time that a request waits while another fetches a certificate.
const PATIENCE: Duration = Duration::from_secs(4);
/// Most bytes of a certificate, and most certificates that are kept. Amazon has a few a region.
const MOST_BYTES: usize = 16 * 1024;
const MOST_KEPT: usize = 16;
/// Fetches within a time. One is needed at the first report, and when Amazon changes its key, about
/// once a year.
const MOST_FETCHES: usize = 4;
const WITHIN: Duration = Duration::from_secs(60);

/// Amazon SNS, with its certificates.
#[derive(Debug, Default)]
pub struct Amazon {
    /// Created with the first request: it reads the machine's root certificates.
    client: OnceLock<Client>,
    /// Certificates that have verified something, by their URL.
    kept: Mutex<BTreeMap<String, Arc<[u8]>>>,
    /// Times of the last fetches, on the monotonic clock. Locked while one is made.
    fetches: tokio::sync::Mutex<Vec<Duration>>,
}

/// Absence of an answer of Amazon, or of a right to ask it again so soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

impl Amazon {
    /// Creates one that is asked by this client. It must follow no redirects.
    pub fn by(client: Client) -> Self {
        Amazon { client: client.into(), ..Amazon::default() }
    }

    /// Returns what `read` makes of the certificate at a URL, which was found to be Amazon's. If
    /// that succeeds, the certificate is kept.
    pub async fn with_certificate<T, E>(
        &self,
        url: &str,
        clock: &Clock,
        read: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Result<T, E>, NoAnswer> {
        if let Some(certificate) = self.kept(url) {
            return Ok(read(&certificate));
        }
        let fetches = timeout(PATIENCE, self.fetches.lock()).await;
        let mut fetches = fetches.map_err(|_| NoAnswer)?;
        // Another request may have fetched it meanwhile.
        if let Some(certificate) = self.kept(url) {
            return Ok(read(&certificate));
        }
        let now = clock.monotonic();
        fetches.retain(|at| now.saturating_sub(*at) < WITHIN);
        if fetches.len() >= MOST_FETCHES {
            return Err(NoAnswer);
        }
        fetches.push(now);
        let certificate = self.fetch(url).await?;
        let outcome = read(&certificate);
        if outcome.is_ok() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(url.to_owned(), certificate.into());
        }
        Ok(outcome)
    }

    /// Confirms a subscription by its URL, which was found to be Amazon's.
    pub async fn confirm(&self, url: &str) -> Result<(), NoAnswer> {
        self.fetch(url).await.map(drop)
    }

    fn kept(&self, url: &str) -> Option<Arc<[u8]>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    /// Reads a URL of Amazon.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, NoAnswer> {
        let read = async {
            let mut answer = self.client()?.get(url).timeout(ANSWER).send().await?;
            answer.error_for_status_ref()?;
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MOST_BYTES {
                    break;
                }
            }
            // A redirect leads elsewhere, and is not followed.
            let is_whole = answer.status().is_success() && bytes.len() <= MOST_BYTES;
            Ok::<_, reqwest::Error>(is_whole.then_some(bytes))
        };
        match read.await {
            Ok(bytes) => bytes.ok_or(NoAnswer),
            Err(error) => {
                let why = with_causes(&error.without_url());
                tracing::warn!(event = "hook.unanswered", why, "Amazon SNS does not answer");
                Err(NoAnswer)
            }
        }
    }

    fn client(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(self.client.get_or_init(|| client))
    }
}
