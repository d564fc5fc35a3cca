//! Addresses that get no mail for a while: their mails came back, or their owner called one spam.
//! Sending on would cost the reputation of every mail of the team. It is never silent: whoever asks
//! is told, and may have one mail a day sent all the same.

use super::{
    Auth, Requester,
    admission::is_open_to,
    device,
    request::{self, Started, resend_at},
};
use crate::server::{
    ground::{
        clock::{DAY, Millis, SECOND, seconds_until},
        error::Error,
        words::say,
    },
    store::{AuthRequest, Suppression},
    values::address::Address,
};

/// Time for which an address whose mail came back gets no more.
const AFTER_RETURN: Millis = 7 * DAY;
/// Time after which whoever asks may have the next mail sent all the same. Each counts as a bounce
/// at the provider, if the address is dead indeed.
const BETWEEN_TRIES: Millis = DAY;
/// Time within which the mail that was asked for all the same is written.
const ONE_MAIL: Millis = 10 * SECOND;

/// Reason for holding mails back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A mail came back for good.
    Returned,
    /// A mail was called spam: it ends when an operator or the owner's next sign-in ends it.
    Complaint,
}

impl Why {
    /// Returns the suppression of an address from `now`. `said` is masked already.
    pub fn suppression(
        self,
        address: &Address,
        transport: &str,
        said: &str,
        now: Millis,
    ) -> Suppression {
        let (kind, expires_at) = match self {
            Why::Returned => ("hard", Some(now + AFTER_RETURN)),
            Why::Complaint => ("complaint", None),
        };
        Suppression {
            address: address.clone(),
            kind: kind.to_owned(),
            said: said.to_owned(),
            transport: transport.to_owned(),
            created_at: now,
            expires_at,
            tried_at: None,
        }
    }
}

/// A mail, as far as suppressions go.
pub enum Passage {
    Free,
    /// Its address is suppressed, and this is the one that was asked for all the same: a provider's
    /// own list has to let it through, too.
    AskedFor,
    /// Earlier ones came back, in these words.
    HeldBack(String),
}

impl Auth {
    /// Returns whether a mail to `address` that was asked for at `asked_at` may leave.
    pub async fn passage(&self, address: &Address, asked_at: Millis) -> Result<Passage, Error> {
        let suppression = self.store.suppression(address, self.clock.now()).await?;
        let Some(suppression) = suppression else { return Ok(Passage::Free) };
        let is_asked_for = suppression
            .tried_at
            .is_some_and(|tried_at| (tried_at..=tried_at + ONE_MAIL).contains(&asked_at));
        Ok(if is_asked_for { Passage::AskedFor } else { Passage::HeldBack(suppression.said) })
    }
}

/// Sends a fresh mail for the auth request `id` although mails to its address are held back: once a
/// day, or whenever the limits allow it for a device that has signed in to the address before, so
/// that no stranger uses up its owner's chance.
pub async fn try_again(auth: &Auth, id: &str, requester: &Requester) -> Result<Started, Error> {
    let request = auth.store.auth_request(id).await?;
    let request = request.ok_or_else(|| Error::invalid(say!("detail-no-sign-in")))?;
    let (address, now) = (&request.address, auth.clock.now());
    // Asked before the chance of the day is taken, which a refusal must not use up.
    let free_at = resend_at(auth, &request);
    if now < free_at {
        return Err(Error::RateLimited { retry_after: seconds_until(now, free_at) });
    }
    let found = auth.store.suppression(address, now).await?;
    let is_known = is_known_device(auth, &request, requester).await?;
    // Where a stranger is not told of it, it makes no difference to one either.
    let Some(found) = found.filter(|_| is_known || may_be_told(auth, address)) else {
        return request::resend(auth, id, requester).await;
    };
    let since = if is_known { now } else { now - BETWEEN_TRIES };
    if !auth.store.try_again(address, since, now).await? {
        let next = found.tried_at.unwrap_or(now) + BETWEEN_TRIES;
        return Err(Error::RateLimited { retry_after: seconds_until(now, next) });
    }
    let started = request::resend(auth, id, requester).await;
    if started.is_err() {
        auth.store.untry(address, found.tried_at, now).await?;
    }
    started
}

/// Reports whether strangers may be told what became of a mail to an address. Where the rules take
/// no new people, only a known address gets a mail that could come back, so telling them would
/// reveal that it is known.
pub(super) fn may_be_told(auth: &Auth, address: &Address) -> bool {
    is_open_to(&auth.policy(), address)
}

/// Reports whether the requester's device has signed in to the address of a request before.
pub(super) async fn is_known_device(
    auth: &Auth,
    request: &AuthRequest,
    requester: &Requester,
) -> Result<bool, Error> {
    let bucket = device::bucket(auth, &request.address, requester).await?;
    Ok(bucket != request.address.as_str())
}
