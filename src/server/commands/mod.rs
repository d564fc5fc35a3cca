//! The commands of the program: the server, and those for operators.

mod addresses;
pub mod apps;
pub mod audit;
pub mod bounce;
pub mod check;
pub mod desk;
pub mod dkim;
mod invite;
pub mod keys;
pub mod outbox;
pub mod policy;
pub mod serve;
pub mod suppressions;
mod team_users;
pub mod test_mail;
pub mod users;

use std::{
    error::Error,
    io::{self, BufWriter, ErrorKind, Stdout},
};

use audit::ExportError;

/// Standard output, buffered for many lines.
fn stdout() -> BufWriter<Stdout> {
    BufWriter::new(io::stdout())
}

/// Treats a closed pipe as success: a reader that stops early (`| head`) has what it wanted.
fn written<T>(outcome: Result<T, ExportError>) -> Result<(), Box<dyn Error>> {
    match outcome {
        Err(ExportError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}
