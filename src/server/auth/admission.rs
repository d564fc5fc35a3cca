//! Rules for which addresses may sign in and which may receive mail.

use super::{Auth, Client};
use crate::server::{
    config::SignUp,
    ground::error::Error,
    store::Admission,
    values::{address::Address, event::Reason},
};

impl Auth {
    /// Returns the id that the team's own table has for an address: `None` if no table is mapped,
    /// `Some(None)` if the table does not have the address.
    pub(super) async fn team_id(&self, address: &Address) -> Result<Option<Option<String>>, Error> {
        match &self.team_users {
            Some(mapped) => mapped.find(address).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the rule for who may sign in, by a client at an address. Bans are judged in the step
    /// that signs in.
    pub(super) fn admission<'a>(
        &self,
        client: &Client,
        address: &Address,
        team_id: Option<&'a Option<String>>,
        new_id: &'a str,
    ) -> Admission<'a> {
        match (team_id, self.policy().auth.sign_up) {
            _ if !self.admits(client, address) => Admission::Nobody,
            (Some(Some(user_id)), _) => Admission::As { user_id },
            (Some(None), _) => Admission::Nobody,
            (None, SignUp::Open) => Admission::Anyone { new_id },
            (None, _) if self.is_test_person(address) => Admission::Anyone { new_id },
            (None, SignUp::Closed) => Admission::Known,
        }
    }

    /// Refuses an address that the app that calls may not use. No secret is told: the app is the
    /// policy's, and so is the list of those it is for.
    pub(super) fn is_for(&self, client: &Client, address: &Address) -> Result<(), Error> {
        match self.admits(client, address) {
            true => Ok(()),
            false => Err(Error::invalid("The address is none of those in only of this app.")),
        }
    }

    /// Reports whether the app that calls may have a user of this address (`only` of its entry).
    /// True if none calls.
    pub(super) fn admits(&self, client: &Client, address: &Address) -> bool {
        let Some(id) = &client.app else { return true };
        let policy = self.policy();
        let mut apps = policy.apps.iter();
        apps.find(|app| app.id.as_str() == id).is_some_and(|app| app.admits(address))
    }

    /// Returns why no mail may go to an address; `None` if one may. With a team table only its users
    /// get mail; without one anyone does while sign-up is open, else only users. A banned address or
    /// user never does, nor does a test person. The outbox worker asks, long after the request was
    /// answered, so that no answer can depend on it.
    pub async fn why_withheld(&self, address: &Address) -> Result<Option<Reason>, Error> {
        if self.is_test_person(address) {
            return Ok(Some(Reason::TestPerson));
        }
        let may_receive = self.may_receive(address).await?;
        Ok((!may_receive).then_some(Reason::NotAUser))
    }

    async fn may_receive(&self, address: &Address) -> Result<bool, Error> {
        match (self.team_id(address).await?, self.policy().auth.sign_up) {
            (Some(None), _) => Ok(false),
            (Some(Some(user_id)), _) => Ok(!self.store.is_banned(Some(&user_id), address).await?),
            (None, SignUp::Open) => Ok(!self.store.is_banned(None, address).await?),
            (None, SignUp::Closed) => self.store.is_user(address).await,
        }
    }
}
