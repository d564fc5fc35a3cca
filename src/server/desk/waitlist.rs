//! Rules of the waitlist at the desk: who may act, and what is recorded of it. `auth/waitlist.rs`
//! says who gets on it.

use super::{
    find,
    invitations::invite,
    list::{self, Page},
    operator::{ActReason, Operator, act_named},
    person::record_opening,
};
use crate::server::{
    auth::{Auth, invitations::Invite, waitlist},
    config::desk::Role,
    ground::{
        error::Error,
        words::{Language, say},
    },
    store::{Invitation, WAITING_ON_A_PAGE, Waiting},
    values::event::Event,
};

/// An act of an operator for somebody on the waitlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Invites them, in the language that they asked in.
    LetIn,
    /// Takes them off the list. They are told nothing, and may ask again.
    Remove,
}

impl Act {
    pub const ALL: [Act; 2] = [Act::LetIn, Act::Remove];

    /// Returns its name in forms.
    pub fn name(self) -> &'static str {
        match self {
            Act::LetIn => "let-in",
            Act::Remove => "remove",
        }
    }

    /// Parses the name of an act.
    pub fn parse(name: &str) -> Result<Self, Error> {
        act_named(&Act::ALL, Act::name, name)
    }
}

/// Does an act for somebody on the waitlist. Returns the invitation of whoever is let in; `note` is
/// its words.
pub async fn act(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    key: &str,
    act: Act,
    note: &str,
) -> Result<Option<Invitation>, Error> {
    operator.may_change(auth, Role::Help).await?;
    let Waiting { address, language, .. } = waiting(auth, key).await?;
    match act {
        Act::LetIn => {
            let language = Language::of_tag(&language).unwrap_or_default();
            let asked = Invite { email: address.as_str(), note, language, expires_in: None };
            Ok(Some(invite(auth, operator, reason, &asked).await?.0))
        }
        Act::Remove => {
            let event = operator.event(auth, Event::WaitlistRemoved, Some(&address), reason);
            match waitlist::remove(auth, &address, &event).await? {
                true => Ok(None),
                false => Err(waits_no_more()),
            }
        }
    }
}

/// Returns a page of those who wait, each with their key: those who have waited longest first.
/// `after` is the place that the page before gave.
pub async fn list(
    auth: &Auth,
    operator: &Operator,
    after: Option<&str>,
) -> Result<Page<(String, Waiting)>, Error> {
    operator.may(auth, Role::Look).await?;
    let place = |after| {
        let (at, key) = list::place(after)?;
        Some((at, find::opened(auth, key)?))
    };
    let (at, address) = match after {
        None => (0, String::new()),
        Some(after) => place(after).ok_or_else(|| list::no_place("after", "next"))?,
    };
    let found = auth.store.waitlist_after(at, &address).await?.into_iter();
    let keyed = found.map(|waiting| Ok((find::key_of(auth, &waiting.address)?, waiting)));
    let keyed = keyed.collect::<Result<Vec<_>, Error>>()?;
    Ok(Page::of(keyed, WAITING_ON_A_PAGE, |(key, last)| (last.first_asked_at, key)))
}

/// Returns somebody on the waitlist with their whole address. That it was looked at is recorded.
pub async fn open(auth: &Auth, operator: &Operator, key: &str) -> Result<Waiting, Error> {
    operator.may(auth, Role::Look).await?;
    let waiting = waiting(auth, key).await?;
    record_opening(auth, operator, &waiting.address).await?;
    Ok(waiting)
}

async fn waiting(auth: &Auth, key: &str) -> Result<Waiting, Error> {
    let address = find::address_of(auth, key).await?;
    auth.store.waiting(&address).await?.ok_or_else(waits_no_more)
}

fn waits_no_more() -> Error {
    Error::invalid(say!("detail-waits-no-more"))
}
