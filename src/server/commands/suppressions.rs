//! Commands of an operator for addresses that get no mail because earlier ones came back.

use clap::Subcommand;

use crate::server::{
    auth::Auth,
    ground::{
        clock::{DAY, Millis},
        error::Error,
    },
    store::Suppression,
    values::address::Address,
};

/// Rows that are read together.
const PAGE: i64 = 1_000;

#[derive(Subcommand)]
pub enum Suppressions {
    /// List the addresses that get no mail, and what was said when theirs came back.
    List,
    /// Send mails to an address again.
    Lift { email: String },
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: Suppressions) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Suppressions::List => list(auth).await?,
        Suppressions::Lift { email } => {
            match auth.lift_suppression(&Address::parse(&email)?).await? {
                true => println!("mails to {email} are sent again"),
                false => println!("nothing held back mails to {email}"),
            }
        }
    }
    Ok(())
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
