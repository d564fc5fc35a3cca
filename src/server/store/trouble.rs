//! Faults of a database, described for operators.

// Connections and answers age in real time, even when a test moves the clock.
#![allow(clippy::disallowed_methods)]

use tokio::time::Instant;

use crate::server::ground::error::Error;

/// A fault of the database that no request has caused.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub at: Instant,
    pub sentence: String,
    /// True if its disk is full or broken, which a small write may not notice.
    pub is_full: bool,
}

impl Trouble {
    /// Returns what an error says about the database, or `None` if the error concerns only its
    /// statement.
    pub fn of(error: &sqlx::Error) -> Option<Self> {
        let (sentence, is_full) = match error {
            sqlx::Error::Database(told) => {
                let (sentence, is_full) = of_code(&told.code().unwrap_or_default())?;
                (format!("{sentence}: {told}"), is_full)
            }
            sqlx::Error::PoolTimedOut => {
                ("every connection to it is in use, or none can be made".to_owned(), false)
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                (format!("it does not answer: {error}"), false)
            }
            sqlx::Error::WorkerCrashed => ("its thread has ended".to_owned(), false),
            _ => return None,
        };
        Some(Trouble { at: Instant::now(), sentence, is_full })
    }

    /// Returns a sentence about an error, or its own text if there is no sentence for it.
    pub fn sentence_of(error: &sqlx::Error) -> String {
        Self::of(error).map_or_else(|| error.to_string(), |trouble| trouble.sentence)
    }
}

/// Tells users to try again later, and logs the reason for operators.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL cannot store NUL in a text (character_not_in_repertoire,
        // untranslatable_character). The sender gets an error, should the checks at an endpoint
        // have missed it.
        if let sqlx::Error::Database(told) = &error
            && told.code().is_some_and(|code| code == "22021" || code == "22P05")
        {
            return Error::invalid("A text has a character that cannot be kept.");
        }
        match Trouble::of(&error) {
            Some(trouble) => tracing::error!(why = %trouble.sentence, "the database failed"),
            None => tracing::error!(%error, "the database failed"),
        }
        match error {
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_) => Error::Internal,
            _ => Error::Unavailable,
        }
    }
}

/// Describes a SQLSTATE (five characters) or a result code of SQLite (a number). The flag is
/// [`Trouble::is_full`].
fn of_code(code: &str) -> Option<(&'static str, bool)> {
    if code.len() == 5 && code.parse::<u32>().map_or(true, |code| code > 9_999) {
        return Some(match code {
            "25006" => ("it takes no writes now (a standby, or made read-only)", false),
            "53100" => ("its disk is full", true),
            "58030" => ("its disk fails", true),
            "55P03" => (
                "somebody else holds a lock on what we need (pg_stat_activity says who); it did not \
                 come free within database.lock_timeout",
                false,
            ),
            "57014" => ("a statement took longer than database.statement_timeout", false),
            _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
                ("it refuses us", false)
            }
            _ => return None,
        });
    }
    // The lower eight bits are the primary code, the rest details it.
    Some(match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => ("somebody else holds a lock on its file", false),
        8 => ("its file cannot be written", false),
        10 => ("its disk fails", true),
        11 | 26 => ("its file is damaged", false),
        13 => ("its disk is full", true),
        14 => ("its file cannot be opened", false),
        _ => return None,
    })
}

/// True if the error says that a file of SQLite cannot be written.
pub fn is_read_only(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|told| told.code());
    code.is_some_and(|code| {
        code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == 8)
    })
}

/// True if an error makes a connection, and those like it, useless: the server is gone, is no
/// longer the one that accepts writes, or has lost its prepared statements.
pub fn spends(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(told) => told.code().is_some_and(|code| match &*code {
            // Read-only; a transaction that was idle for too long; a plan whose columns have
            // changed; a named statement that does not exist, or exists already.
            "25006" | "25P03" | "0A000" | "26000" | "42P05" => true,
            code if code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")) => true,
            // The file is read-only, and so is a connection opened while it was.
            _ => is_read_only(error),
        }),
        _ => false,
    }
}
