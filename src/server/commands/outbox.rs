//! Commands of an operator for the outbox: list mails, send them at once, give them up.

use clap::{Args, Subcommand};

use crate::server::{
    auth::{Auth, Client},
    ground::{clock::SECOND, error::Error},
    store::{Ending, Lease, WaitingMail},
    values::{
        address::masked,
        event::{Event, Reason},
    },
};

/// Mails of one rank that are read together.
const PAGE: i64 = 1_000;

#[derive(Subcommand)]
pub enum Outbox {
    /// List the waiting mails, and why each one waits.
    List,
    /// Retry waiting mails now.
    Retry(Selection),
    /// Give up waiting mails: their content is wiped, and they are never sent.
    Drop(Selection),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Selection {
    /// Id of one mail, as in the list.
    id: Option<String>,
    /// All mails.
    #[arg(long)]
    all: bool,
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: Outbox) -> Result<(), Error> {
    let (done, mails) = match command {
        Outbox::List => {
            list(auth).await?.iter().for_each(|line| println!("{line}"));
            return Ok(());
        }
        Outbox::Retry(selection) => ("due now", retry(auth, &selection).await?),
        Outbox::Drop(selection) => ("given up", give_up(auth, &selection).await?),
    };
    println!("{mails} {} {done}", if mails == 1 { "mail is" } else { "mails are" });
    Ok(())
}

/// Returns a line for each waiting mail, in the order of sending: at most 1,000 sign-in mails and
/// 1,000 notices.
async fn list(auth: &Auth) -> Result<Vec<String>, Error> {
    let now = auth.clock.now();
    let line = |mail: &WaitingMail| {
        let kind = if mail.rank == 0 { "sign-in" } else { "notice" };
        let (asked, left) = ((now - mail.created_at) / SECOND, (mail.expires_at - now) / SECOND);
        let stands = match (mail.due_at - now) / SECOND {
            _ if mail.is_leased(now) => "in hand".to_owned(),
            wait @ 1.. => format!("due in {wait} s"),
            _ => "due".to_owned(),
        };
        let why = mail.last_error.as_deref().unwrap_or("not tried yet");
        format!(
            "{}  {}  {kind}, asked for {asked} s ago, {stands}, expires in {left} s: {why}",
            mail.id,
            masked(mail.address.as_str())
        )
    };
    Ok(auth.store.waiting_mails(PAGE).await?.iter().map(line).collect())
}

/// Makes mails due that wait for a retry, and returns how many. Mails being sent are skipped.
async fn retry(auth: &Auth, selection: &Selection) -> Result<u64, Error> {
    let now = auth.clock.now();
    match &selection.id {
        None => auth.store.retry_mails(now, None).await,
        Some(id) => auth.store.retry_mail(id, now).await,
    }
}

/// Gives up waiting mails and wipes their content. Returns how many. Mails being sent are skipped.
async fn give_up(auth: &Auth, selection: &Selection) -> Result<u64, Error> {
    let mut mails = 0;
    loop {
        let mut page = 0;
        for mail in idle(auth, selection).await? {
            let client = Client { request_id: mail.request_id.clone(), ..Client::default() };
            let event = auth
                .event(Event::MailFailed, Some(&mail.address), &client)
                .because(Reason::Operator);
            let lease = Lease { id: &mail.id, number: mail.attempts };
            page += u64::from(auth.store.mail_ended(lease, Ending::Unsent.into(), &event).await?);
        }
        mails += page;
        if page == 0 {
            return Ok(mails);
        }
    }
}

/// Returns the mails that no worker is sending.
async fn idle(auth: &Auth, selection: &Selection) -> Result<Vec<WaitingMail>, Error> {
    let mut mails = match &selection.id {
        None => auth.store.waiting_mails(PAGE).await?,
        Some(id) => auth.store.waiting_mail(id).await?.into_iter().collect(),
    };
    let now = auth.clock.now();
    mails.retain(|mail| !mail.is_leased(now));
    Ok(mails)
}
