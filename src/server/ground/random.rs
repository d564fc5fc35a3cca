//! Randomness as a parameter.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::error::Error;

/// Source of random bytes: the operating system, or a seed that lets a test know every secret in
/// advance.
#[derive(Clone, Debug, Default)]
pub enum Random {
    #[default]
    System,
    Seeded(Arc<AtomicU64>),
}

impl Random {
    /// Creates a source whose every byte follows from `seed`. Only for tests.
    pub fn seeded(seed: u64) -> Self {
        Random::Seeded(Arc::new(AtomicU64::new(seed << 32)))
    }

    /// Returns `N` bytes that nobody can guess (ASVS 5.0 11.5.1). Fails only if the operating
    /// system has no entropy to give.
    #[allow(clippy::disallowed_methods)] // allowed only here
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        match self {
            Random::System => getrandom::fill(&mut bytes).map_err(|error| {
                tracing::error!(%error, "the operating system gives no randomness");
                Error::Internal
            })?,
            Random::Seeded(counter) => {
                for chunk in bytes.chunks_mut(32) {
                    let block =
                        Sha256::digest(counter.fetch_add(1, Ordering::SeqCst).to_le_bytes());
                    chunk.copy_from_slice(&block[..chunk.len()]);
                }
            }
        }
        Ok(bytes)
    }

    /// Returns a random name of 128 bits, as 22 characters of base64url.
    pub fn id(&self) -> Result<String, Error> {
        Ok(URL_SAFE_NO_PAD.encode(self.bytes::<16>()?))
    }

    /// Returns a number below 1,000,000, each equally likely: draws that would favour the low ones
    /// are thrown away.
    pub fn six_digits(&self) -> Result<u32, Error> {
        const CODES: u32 = 1_000_000;
        loop {
            let draw = u32::from_le_bytes(self.bytes()?);
            if draw < u32::MAX - u32::MAX % CODES {
                return Ok(draw % CODES);
            }
        }
    }
}
