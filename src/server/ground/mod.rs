//! The foundations: clocks, randomness, keys, words, logs, metrics, and the one error enum.

pub mod clock;
pub mod csv;
pub mod error;
pub mod files;
pub mod jose;
pub mod keys;
pub mod logging;
pub mod metrics;
pub mod mode;
pub mod public_address;
pub mod public_key;
pub mod random;
pub mod timestamp;
pub mod unicode;
pub mod user_agent;
pub mod webhook;
pub mod words;
