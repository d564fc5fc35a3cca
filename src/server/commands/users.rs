//! Commands of an operator for users: end sessions, add, list and delete users, ban an address and
//! lift the ban.

use clap::Subcommand;
use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    addresses::{Found, of_text},
    audit::ExportError,
    invite, stdout, written,
};
use crate::server::{
    auth::{Auth, Client},
    ground::{clock::rfc_3339, csv::field, error::Error},
    store::{AuditEvent, Ban, NewUser, User},
    values::{
        address::Address,
        event::{Event, Reason},
    },
};

/// Users that are added in one step.
const TOGETHER: usize = 200;

#[derive(Subcommand)]
pub enum Sessions {
    /// End all sessions of the user with this address, or with --all those of all users.
    Revoke {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        email: Option<String>,
        #[arg(long)]
        all: bool,
    },
}

#[derive(Subcommand)]
pub enum Users {
    /// Add users with these addresses, for a server whose sign-up is closed.
    Add {
        #[arg(required = true)]
        emails: Vec<String>,
    },
    /// Add users with the addresses in a file (or - for standard input): one per line, or a CSV.
    Import { file: String },
    /// Invite addresses by mail: they may sign up whatever the policy says about new people.
    Invite {
        #[arg(required = true)]
        emails: Vec<String>,
        /// Words that go with the invitation.
        #[arg(long, default_value = "")]
        note: String,
        /// Language of the mail.
        #[arg(long, default_value = "en")]
        language: String,
        /// Mail open invitations again, with new links and codes.
        #[arg(long, conflicts_with_all = ["note", "language"])]
        again: bool,
    },
    /// Withdraw the open invitation of an address.
    Withdraw { email: String },
    /// List all users as CSV, or with --kept-out all bans.
    List {
        #[arg(long)]
        kept_out: bool,
    },
    /// Delete a user and everything that is theirs.
    Delete { email: String },
    /// Ban an address: its sessions end, it gets no mails, and it cannot sign up.
    Disable { email: String },
    /// Lift the ban of an address.
    Enable { email: String },
}

/// Runs a command for sessions, and prints its result.
pub async fn run_sessions(auth: &Auth, command: Sessions) -> Result<(), Error> {
    let Sessions::Revoke { email, .. } = command;
    let (ended, whose) = match &email {
        Some(email) => (revoke_sessions(auth, email).await?, email.as_str()),
        None => (revoke_everybody(auth).await?, "everybody"),
    };
    match ended {
        1 => println!("1 session of {whose} has ended"),
        many => println!("{many} sessions of {whose} have ended"),
    }
    Ok(())
}

/// Runs a command for users, and prints its result. It fails if an address is not valid.
pub async fn run(auth: &Auth, command: Users) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match command {
        Users::Add { emails } => {
            return add_found(auth, of_text(emails.join("\n").as_bytes())).await;
        }
        Users::Import { file } => {
            let text = match file.as_str() {
                "-" => {
                    let mut text = Vec::new();
                    io::stdin().read_to_end(&mut text).map(|_| text)
                }
                file => std::fs::read(file),
            };
            let text = text.map_err(|error| format!("{file} cannot be read: {error}"))?;
            return add_found(auth, of_text(&text)).await;
        }
        Users::Invite { emails, again: true, .. } => invite::again(auth, &emails).await?,
        Users::Invite { emails, note, language, again: false } => {
            return Ok(invite::invite(auth, &emails, &note, &language).await?);
        }
        Users::Withdraw { email } => invite::withdraw(auth, &email).await?,
        Users::List { kept_out: false } => written(list(auth, &mut stdout()).await)?,
        Users::List { kept_out: true } => written(list_bans(auth, &mut stdout()).await)?,
        Users::Delete { email } => {
            let address = Address::parse(&email)?;
            auth.delete_user_of(&address, &by_operator(auth, &address)).await?;
            println!("{email} is a user no more");
        }
        Users::Disable { email } => {
            let address = Address::parse(&email)?;
            auth.disable(&address, &by_operator(auth, &address)).await?;
            println!("{email} is kept out");
        }
        Users::Enable { email } => {
            let address = Address::parse(&email)?;
            auth.enable(&address, &by_operator(auth, &address)).await?;
            println!("{email} may sign in");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds the addresses that are valid, and reports each line that holds none.
async fn add_found(auth: &Auth, found: Vec<Found>) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (mut addresses, mut bad) = (Vec::new(), 0);
    for (line, found) in found {
        match found {
            Ok(address) => addresses.push(address),
            Err(why) => {
                eprintln!("line {line}: {why}");
                bad += 1;
            }
        }
    }
    let there = addresses.len() as u64;
    let added = add(auth, addresses).await?;
    println!("{added} added, {} there before, {bad} not taken", there - added);
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ends every session of the user with this address, and returns how many there were.
async fn revoke_sessions(auth: &Auth, email: &str) -> Result<u64, Error> {
    let address = Address::parse(email)?;
    auth.end_sessions_of(&address, &by_operator(auth, &address)).await
}

/// Ends every session of every user, and the trust in their devices. Returns the number of
/// sessions.
async fn revoke_everybody(auth: &Auth) -> Result<u64, Error> {
    let event =
        auth.event(Event::SessionRevoked, None, &Client::default()).because(Reason::Everybody);
    auth.store.revoke_everybody(&event).await
}

/// Makes users of the addresses that are not users yet, and returns how many were new.
async fn add(auth: &Auth, mut addresses: Vec<Address>) -> Result<u64, Error> {
    auth.own_users()?;
    // Sorted: two processes that add the same addresses lock them in the same order, so they cannot
    // deadlock.
    addresses.sort();
    let mut added = 0;
    for some in addresses.chunks(TOGETHER) {
        let new = |address: &Address| {
            let id = auth.random.id()?;
            let event = by_operator(auth, address)(Event::UserAdded).of_user(&id);
            Ok(NewUser { id, address: address.clone(), event })
        };
        let users = some.iter().map(new).collect::<Result<Vec<_>, Error>>()?;
        added += auth.store.add_users(&users).await?;
    }
    Ok(added)
}

/// Writes every user as a line of CSV.
async fn list(auth: &Auth, out: &mut impl Write) -> Result<(), ExportError> {
    auth.own_users()?;
    writeln!(out, "address,id,created_at,kept_out")?;
    let mut after = String::new();
    loop {
        let users = auth.store.users_after(&after).await?;
        for User { id, address, created_at, is_banned } in &users {
            let created_at = rfc_3339(*created_at);
            writeln!(out, "{},{id},{created_at},{is_banned}", field(address.as_str()))?;
        }
        let Some(last) = users.into_iter().last() else { return Ok(out.flush()?) };
        after = last.address.as_str().to_owned();
    }
}

/// Writes every ban as a line of CSV. If it has the id of a user in the team's own table, the
/// address is the one they had when they were banned.
async fn list_bans(auth: &Auth, out: &mut impl Write) -> Result<(), ExportError> {
    writeln!(out, "address,id,kept_out_since")?;
    let mut after = (String::new(), String::new());
    loop {
        let bans = auth.store.bans_after(&after.0, &after.1).await?;
        for Ban { user_id, address, created_at } in &bans {
            let since = rfc_3339(*created_at);
            writeln!(out, "{},{},{since}", field(address.as_str()), field(user_id))?;
        }
        let Some(last) = bans.into_iter().last() else { return Ok(out.flush()?) };
        after = (last.address.as_str().to_owned(), last.user_id);
    }
}

/// Makes an event of an address that an operator caused.
pub(super) fn happened(auth: &Auth, event: Event, address: &Address) -> AuditEvent {
    auth.event(event, Some(address), &Client::default()).because(Reason::Operator)
}

/// Returns the maker of the audit rows of a command about an address.
pub fn by_operator<'a>(
    auth: &'a Auth,
    address: &'a Address,
) -> impl Fn(Event) -> AuditEvent + Send + Sync + 'a {
    |event| happened(auth, event, address)
}
