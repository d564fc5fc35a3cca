//! Rules for which addresses may sign in and which may receive mail.

use super::{Auth, Client};
use crate::server::{
    config::{
        Policy, SignUp,
        sign_up::{DomainPattern, Rule},
    },
    ground::error::Error,
    mail::letter::Letter,
    store::Admission,
    values::{address::Address, event::Reason},
};

/// Reports whether the rules of `[sign_up]` take a new address, whoever it belongs to. They speak
/// of nothing but the address itself: a rule that asked which others are known would tell.
pub fn takes(policy: &Policy, address: &Address) -> bool {
    let rules = &policy.sign_up;
    let (local, _) = address.local_and_domain();
    let is_listed = |list: &[DomainPattern]| list.iter().any(|pattern| pattern.includes(address));
    (rules.domains.is_empty() || is_listed(&rules.domains))
        && !is_listed(&rules.blocked_domains)
        && (rules.disposable == Rule::Allowed || !policy.disposable_domains.include(address))
        && (rules.sub_addresses == Rule::Allowed || !local.contains('+'))
}

/// Reports whether anybody who reads the mails of a new address may sign up with it.
pub fn is_open_to(policy: &Policy, address: &Address) -> bool {
    policy.auth.sign_up == SignUp::Open && takes(policy, address)
}

impl Auth {
    /// Returns the id that the team's own table has for an address: `None` if no table is mapped,
    /// `Some(None)` if the table does not have the address.
    pub(super) async fn team_id(&self, address: &Address) -> Result<Option<Option<String>>, Error> {
        match &self.team_users {
            Some(mapped) => mapped.find(address).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the rule for who may sign in, by a client at an address. Bans and invitations are
    /// judged in the step that signs in.
    pub(super) fn admission<'a>(
        &self,
        client: &Client,
        address: &Address,
        team_id: Option<&'a Option<String>>,
        new_id: &'a str,
    ) -> Admission<'a> {
        match team_id {
            _ if !self.admits(client, address) => Admission::Nobody,
            Some(Some(user_id)) => Admission::As { user_id },
            Some(None) => Admission::Nobody,
            None if is_open_to(&self.policy(), address) || self.is_test_person(address) => {
                Admission::Anyone { new_id }
            }
            None => Admission::Invited { new_id },
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

    /// Returns why a mail may not go to an address; `None` if it may. A test person gets none. The
    /// outbox worker asks, long after the request was answered, so that no answer can depend on it.
    pub async fn why_withheld(
        &self,
        address: &Address,
        letter: &Letter,
    ) -> Result<Option<Reason>, Error> {
        if self.is_test_person(address) {
            return Ok(Some(Reason::TestPerson));
        }
        let may_receive = self.may_receive(address, letter).await?;
        Ok((!may_receive).then_some(Reason::NotAUser))
    }

    /// Reports whether a mail may go to an address: if it may sign in. An invitation goes as long
    /// as it is open, and the mail about the waitlist to those on it.
    async fn may_receive(&self, address: &Address, letter: &Letter) -> Result<bool, Error> {
        let is_addressed = match letter {
            Letter::Invitation(letter) => {
                let found = self.store.invitation(&letter.invitation).await?;
                found.is_some_and(|found| found.is_open(self.clock.now()))
            }
            Letter::Waitlist(_) => self.store.waiting(address).await?.is_some(),
            _ => return self.may_sign_in(address).await,
        };
        Ok(is_addressed && !self.store.is_banned(None, address).await?)
    }

    /// Reports whether the owner of an address may sign in. With a team table only its users may;
    /// without one anyone whom the rules for new people take, else only users and who is invited. A
    /// banned address or user never may.
    pub async fn may_sign_in(&self, address: &Address) -> Result<bool, Error> {
        match self.team_id(address).await? {
            Some(None) => Ok(false),
            Some(Some(user_id)) => Ok(!self.store.is_banned(Some(&user_id), address).await?),
            None if is_open_to(&self.policy(), address) => {
                Ok(!self.store.is_banned(None, address).await?)
            }
            None => self.store.is_admitted(address, self.clock.now()).await,
        }
    }
}
