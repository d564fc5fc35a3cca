//! Acts of operators on an account, from the command line and at the desk.

use super::Auth;
use crate::server::{
    ground::{error::Error, words::say},
    mail::transports::Transports,
    store::AuditEvent,
    values::{address::Address, event::Event},
};

/// Maker of the audit row of an act: it knows who acts, and why.
pub type Happened<'a> = dyn Fn(Event) -> AuditEvent + Send + Sync + 'a;

/// Effect of letting mails to an address through again.
#[derive(Debug, Default)]
pub struct Lifted {
    /// True if they were held back here.
    pub was_held_back: bool,
    /// Transports whose providers had the address on their lists.
    pub off_lists_of: Vec<String>,
    /// Transports whose lists are unchanged, each with the reason.
    pub unchanged: Vec<String>,
}

impl Lifted {
    pub fn did_nothing(&self) -> bool {
        !self.was_held_back && self.off_lists_of.is_empty()
    }
}

impl Auth {
    /// Returns the id of the user with this address: that in the team's own table if one is mapped.
    pub async fn user_id_of(&self, address: &Address) -> Result<Option<String>, Error> {
        match &self.team_users {
            Some(mapped) => mapped.find(address).await,
            None => self.store.user_id(address).await,
        }
    }

    /// Refuses an act on users that are not Latchkey's own.
    pub fn own_users(&self) -> Result<(), Error> {
        match self.team_users {
            None => Ok(()),
            Some(_) => Err(Error::invalid(say!("detail-mapped-users"))),
        }
    }

    /// Ends every session of the user with this address, and the trust in their devices. Returns
    /// how many sessions there were; a row is written only if there were some.
    pub async fn end_sessions_of(
        &self,
        address: &Address,
        happened: &Happened<'_>,
    ) -> Result<u64, Error> {
        let user_id = self.user_id_of(address).await?.ok_or_else(unknown)?;
        self.end_sessions(&user_id, happened).await
    }

    async fn end_sessions(&self, user_id: &str, happened: &Happened<'_>) -> Result<u64, Error> {
        let event = happened(Event::SessionRevoked).of_user(user_id);
        let ended = self.store.revoke_sessions_of(user_id, None, &event).await?;
        if ended > 0 {
            event.emit();
        }
        Ok(ended)
    }

    /// Bans an address: its sessions end, it gets no mails, and it cannot sign up.
    pub async fn disable(&self, address: &Address, happened: &Happened<'_>) -> Result<(), Error> {
        let user_id = self.user_id_of(address).await?;
        let event = AuditEvent { user_id: user_id.clone(), ..happened(Event::UserDisabled) };
        let by_id = user_id.as_deref().filter(|_| self.team_users.is_some());
        self.store.ban(by_id, address, event.at, &event).await?;
        event.emit();
        if let Some(user_id) = user_id {
            self.end_sessions(&user_id, happened).await?;
        }
        Ok(())
    }

    /// Lifts the ban of an address.
    pub async fn enable(&self, address: &Address, happened: &Happened<'_>) -> Result<(), Error> {
        let user_id = match &self.team_users {
            Some(mapped) => mapped.find(address).await?,
            None => None,
        };
        let event = AuditEvent { user_id: user_id.clone(), ..happened(Event::UserEnabled) };
        if !self.store.lift_ban(user_id.as_deref(), address, &event).await? {
            return Err(Error::invalid(say!("detail-not-kept-out")));
        }
        event.emit();
        Ok(())
    }

    /// Deletes a user and everything that is theirs, as they could themselves. A ban of the address
    /// stays.
    pub async fn delete_user_of(
        &self,
        address: &Address,
        happened: &Happened<'_>,
    ) -> Result<(), Error> {
        self.own_users()?;
        let user_id = self.user_id_of(address).await?.ok_or_else(unknown)?;
        let event = happened(Event::UserDeleted).of_user(&user_id);
        self.store.delete_user(&user_id, address, &event).await?;
        event.emit();
        Ok(())
    }

    /// Pauses codes and passwords for an address for an hour, or longer if that uses up the wrong
    /// ones of a day: as if strangers had used up those that the policy allows. Links go on
    /// working, and so do codes in browsers that have signed in to the address before: nobody can
    /// lock its owner out, whoever asks for a pause.
    pub async fn pause_codes(
        &self,
        address: &Address,
        happened: &Happened<'_>,
    ) -> Result<(), Error> {
        let (event, most) =
            (happened(Event::CodesPaused), self.policy().limits.code_failures_per_hour);
        self.store.pause_codes(&self.random.id()?, address, most.into(), &event).await?;
        event.emit();
        Ok(())
    }

    /// Lets mails to an address through again that were held back here, or by the lists that
    /// providers keep of those they send nothing to. Whatever was lifted, a row tells of it.
    pub async fn lift_everywhere(
        &self,
        transports: &Transports,
        address: &Address,
        happened: &Happened<'_>,
    ) -> Result<Lifted, Error> {
        let mut lifted = Lifted {
            was_held_back: self.lift_suppression(address, happened).await?,
            ..Lifted::default()
        };
        for (name, outcome) in transports.lift(address).await {
            match outcome {
                Ok(true) => lifted.off_lists_of.push(name.to_owned()),
                Ok(false) => {}
                Err(error) => lifted.unchanged.push(format!("{name}: {error}")),
            }
        }
        if !lifted.was_held_back && !lifted.off_lists_of.is_empty() {
            let event = happened(Event::SuppressionLifted);
            self.store.note(&event).await?;
            event.emit();
        }
        Ok(lifted)
    }

    /// Lets mails to an address through again. Returns false if nothing held them back here.
    async fn lift_suppression(
        &self,
        address: &Address,
        happened: &Happened<'_>,
    ) -> Result<bool, Error> {
        let event = happened(Event::SuppressionLifted);
        let lifted = self.store.lift_suppression(address, &event).await?;
        if lifted {
            event.emit();
        }
        Ok(lifted)
    }
}

fn unknown() -> Error {
    Error::invalid(say!("detail-no-user"))
}
