//! Rules for which addresses may sign in and which may receive mail.

use super::Auth;
use crate::server::{
    config::SignUp, ground::error::Error, store::Admission, values::address::Address,
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

    /// Returns the rule for who may sign in. Bans are judged in the step that signs in.
    pub(super) fn admission<'a>(
        &self,
        team_id: Option<&'a Option<String>>,
        new_id: &'a str,
    ) -> Admission<'a> {
        match (team_id, self.policy().auth.sign_up) {
            (Some(Some(user_id)), _) => Admission::As { user_id },
            (Some(None), _) => Admission::Nobody,
            (None, SignUp::Open) => Admission::Anyone { new_id },
            (None, SignUp::Closed) => Admission::Known,
        }
    }

    /// Reports whether mail may go to an address. With a team table only its users get mail;
    /// without one anyone does while sign-up is open, else only users. A banned address or user
    /// never does. The outbox worker asks, long after the request was answered, so that no answer
    /// can depend on it.
    pub async fn may_receive(&self, address: &Address) -> Result<bool, Error> {
        match (self.team_id(address).await?, self.policy().auth.sign_up) {
            (Some(None), _) => Ok(false),
            (Some(Some(user_id)), _) => Ok(!self.store.is_banned(Some(&user_id), address).await?),
            (None, SignUp::Open) => Ok(!self.store.is_banned(None, address).await?),
            (None, SignUp::Closed) => self.store.is_user(address).await,
        }
    }
}
