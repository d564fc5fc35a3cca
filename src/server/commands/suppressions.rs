//! Commands of an operator for addresses that get no mail because earlier ones came back.

use clap::Subcommand;

use super::{serve::ServeError, users::by_operator};
use crate::server::{
    auth::Auth,
    config::Settings,
    ground::{
        clock::{Clock, DAY, Millis},
        error::Error,
    },
    mail::{dkim::Dkim, transports::Transports},
    store::Suppression,
    values::address::Address,
};

/// Rows that are read together.
const PAGE: i64 = 1_000;

#[derive(Subcommand)]
pub enum Suppressions {
    /// List the addresses that get no mail, and what was said when theirs came back.
    List,
    /// Send mails to an address again, and take it off the providers' own lists.
    Lift { email: String },
}

/// Runs a command, and prints its result.
pub async fn run(
    settings: &Settings,
    auth: &Auth,
    command: Suppressions,
) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Suppressions::List => list(auth).await?,
        Suppressions::Lift { email } => {
            let address = Address::parse(&email)?;
            let transports = transports(settings)?;
            let happened = by_operator(auth, &address);
            let lifted = auth.lift_everywhere(&transports, &address, &happened).await?;
            match lifted.was_held_back {
                true => println!("mails to {email} are sent again"),
                false => println!("nothing held back mails to {email}"),
            }
            for name in &lifted.off_lists_of {
                println!("{name}: it is on its own list no longer");
            }
            if !lifted.unchanged.is_empty() {
                let unchanged = lifted.unchanged.join("; ");
                return Err(format!("the list of a provider is unchanged: {unchanged}").into());
            }
        }
    }
    Ok(())
}

/// Opens the transports, whose providers keep lists.
fn transports(settings: &Settings) -> Result<Transports, ServeError> {
    let dkim = Dkim::open(&settings.policy.mail, &settings.from, Clock::System)?;
    Ok(Transports::open(settings, &dkim.into(), &Clock::System)?)
}

async fn list(auth: &Auth) -> Result<(), Error> {
    let (now, mut after) = (auth.clock.now(), String::new());
    loop {
        let page = auth.store.suppressions(&after, now, PAGE).await?;
        page.iter().for_each(|one| println!("{}", line(one, now)));
        match page.last() {
            Some(last) if page.len() as i64 == PAGE => after = last.address.as_str().to_owned(),
            _ => return Ok(()),
        }
    }
}

fn line(one: &Suppression, now: Millis) -> String {
    let Suppression { address, kind, said, transport, expires_at, .. } = one;
    let end = match expires_at {
        Some(at) => format!("for {} more days", 1 + (at - now) / DAY),
        None => "until it is lifted".to_owned(),
    };
    format!("{}  {kind}, {end}, by {transport}: {said}", address.as_str())
}
