//! Commands of an operator for invitations: invite addresses, mail one again, withdraw one.

use std::process::ExitCode;

use super::users::happened;
use crate::server::{
    auth::{
        Auth,
        invitations::{self, BY_COMMAND, Invite, Inviter},
    },
    ground::{error::Error, words::Language},
    store::{AuditEvent, Invitation},
    values::{
        address::{Address, masked},
        event::Event,
    },
};

/// Invites each address, and reports each that could not be.
pub async fn invite(
    auth: &Auth,
    emails: &[String],
    note: &str,
    language: &str,
) -> Result<ExitCode, Error> {
    let known = || Language::ALL.map(Language::tag).join(", ");
    let language = Language::of_tag(language)
        .ok_or_else(|| Error::invalid(format!("--language may be one of {}.", known())))?;
    let event = |event: Event, address: &Address| -> AuditEvent { happened(auth, event, address) };
    let by = Inviter { name: BY_COMMAND, event: &event };
    let mut code = ExitCode::SUCCESS;
    for email in emails {
        let invite = Invite { email, note, language, expires_in: None };
        match invitations::invite(auth, &invite, &by).await {
            Ok((_, true)) => println!("{email} is invited"),
            Ok((_, false)) => println!(
                "{email} was invited before, and nothing was sent: `latchkey users invite --again` \
                 mails an invitation again"
            ),
            Err(error) => {
                eprintln!("{}: {error}", masked(email));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Mails the open invitation of each address again.
pub async fn again(auth: &Auth, emails: &[String]) -> Result<(), Error> {
    let event = |event: Event, address: &Address| -> AuditEvent { happened(auth, event, address) };
    let by = Inviter { name: BY_COMMAND, event: &event };
    for email in emails {
        let invitation = open(auth, email).await?;
        invitations::resend(auth, &invitation.id, &by).await?;
        println!("{email} gets the invitation again");
    }
    Ok(())
}

/// Withdraws the open invitation of an address.
pub async fn withdraw(auth: &Auth, email: &str) -> Result<(), Error> {
    let event = |event: Event, address: &Address| -> AuditEvent { happened(auth, event, address) };
    let invitation = open(auth, email).await?;
    let by = Inviter { name: BY_COMMAND, event: &event };
    invitations::withdraw(auth, &invitation.id, &by).await?;
    println!("the invitation of {email} is withdrawn");
    Ok(())
}

async fn open(auth: &Auth, email: &str) -> Result<Invitation, Error> {
    let address = Address::parse(email)?;
    let found = auth.store.open_invitation(&address, auth.clock.now()).await?;
    found.ok_or_else(|| Error::invalid("There is no open invitation of that address."))
}
