//! Commands of an operator for the audit table: an export for other programs, and the verification
//! of its seals.

use clap::{Subcommand, ValueEnum};
use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::{stdout, written};
use crate::server::{
    auth::{
        Auth,
        export::{self, Export, Wanted},
        ledger::{self, Anchor, Verified},
    },
    ground::{
        clock::{Millis, rfc_3339},
        error::Error,
        timestamp::parse as time,
    },
    store::By,
    values::address::Address,
};

#[derive(Subcommand)]
pub enum Audit {
    /// Export events, one on each line. Times are given like 2026-01-31, 2026-01-31T12:00:00Z, 12h
    /// or 7d (ago).
    Export {
        #[arg(long, default_value = "1970-01-01")]
        since: String,
        #[arg(long)]
        until: Option<String>,
        /// Export only the events of this address.
        #[arg(long)]
        address: Option<String>,
        /// Export only the events of the address of the user with this id.
        // One in 64 begins with a hyphen.
        #[arg(long, conflicts_with = "address", allow_hyphen_values = true)]
        user: Option<String>,
        /// Export only events of this name, like auth.failed. Can be given several times.
        #[arg(long)]
        event: Vec<String>,
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
    /// Verify that no event was changed, removed or added since it was sealed.
    Verify {
        /// Seal that was written down earlier, as this command prints it: it must still be there.
        #[arg(long)]
        seal: Option<Anchor>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// A line of names, then one for each event, for spreadsheets.
    Csv,
    /// A JSON object for each event.
    Jsonl,
}

/// Error that ended an export early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: Audit) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        Audit::Export { since, until, address, user, event, format } => {
            let now = auth.clock.now();
            let address = match (address, user) {
                (Some(address), _) => Some(Address::parse(&address)?),
                (None, Some(user)) => Some(of_user(auth, &user).await?),
                (None, None) => None,
            };
            let wanted = Wanted {
                since: time(&since, now)?,
                until: until.map_or(Ok(Millis::MAX), |until| time(&until, now))?,
                address,
                events: event,
                by: By::Anybody,
            };
            let format = match format {
                Format::Csv => export::Format::Csv,
                Format::Jsonl => export::Format::Jsonl,
            };
            let export = Export::new(auth, wanted, format);
            written(write(auth, export, &mut stdout()).await)?;
            Ok(ExitCode::SUCCESS)
        }
        Audit::Verify { seal } => verify(auth, seal.as_ref()).await,
    }
}

async fn of_user(auth: &Auth, user: &str) -> Result<Address, Error> {
    auth.store.address_of_user(user).await?.ok_or_else(|| {
        Error::invalid("No user has this id now, or a session: give the address in its place.")
    })
}

async fn write(auth: &Auth, mut export: Export, out: &mut impl Write) -> Result<(), ExportError> {
    while let Some(lines) = export.next(auth).await? {
        out.write_all(lines.as_bytes())?;
    }
    Ok(out.flush()?)
}

async fn verify(
    auth: &Auth,
    seal: Option<&Anchor>,
) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let found = match ledger::verify(auth, seal).await? {
        Ok(found) => found,
        Err(fault) => {
            println!("not as it was sealed: {fault}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let Verified { events, seals, begins, last_id, before, .. } = found;
    let Verified { unsealed, newest, is_anchor_purged, .. } = found;
    println!("{events} events in {seals} seals are as they were sealed");
    if let Some((begun_at, after)) = begins {
        println!("the first seal is of {}, after event {after}", rfc_3339(begun_at));
    }
    if before > 0 {
        println!("{before} events from before that are in no seal: nothing proves them");
    }
    println!("{unsealed} events after event {last_id} are not sealed yet");
    if is_anchor_purged {
        println!("the seal that you wrote down has been purged since, and was not compared");
    }
    if let Some(newest) = newest {
        println!("the newest complete seal, to be written down elsewhere: {newest}");
    }
    Ok(ExitCode::SUCCESS)
}
