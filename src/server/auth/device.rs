//! Devices that have signed in to an address before, as OWASP's "device cookies" describe them:
//! each has an allowance of its own, so that a stranger who uses up an address's mails or tries
//! does not lock its owner out, and is worth no notice when it signs in again.
//!
//! What a browser keeps is one entry for each address: a random id, when it last signed in, and our
//! code under both and the address, which is not in it. To end the trust in a device, the owner or
//! an operator need not know which it is: a row of the address says until when devices are known no
//! more, and there is one only where somebody was put out. So a sign-in writes nothing more than
//! before, and only a browser that shows a good entry costs a read. A row for each device would let
//! one be ended alone, and cost every sign-in a write; what ending all of them costs is a notice at
//! the next sign-in of the others.

use std::{iter::once, ops::RangeInclusive};

use super::{Auth, Requester};
use crate::server::{
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
    },
    store::DEVICES_KNOWN_FOR,
};

/// A device that has just signed in.
pub struct Device {
    pub id: String,
    /// Whether it had signed in to the address before.
    pub was_known: bool,
    /// What its browser keeps from now on, of this address and of others, newest first.
    pub entries: Vec<String>,
}

/// A browser's entry for an address, written by this server.
struct Entry<'a> {
    id: &'a str,
    signed_in_at: Millis,
}

impl<'a> Entry<'a> {
    fn read(auth: &Auth, address: &str, text: &'a str) -> Option<Self> {
        let (id, rest) = text.split_once('.')?;
        let (at, code) = rest.split_once('.')?;
        let signed_in_at = at.parse().ok()?;
        let ours = auth.keys.verify_device(&signed(address, id, signed_in_at), code);
        ours.then_some(Entry { id, signed_in_at })
    }
}

/// What the code in an entry is of. No address holds a space.
fn signed(address: &str, id: &str, signed_in_at: Millis) -> String {
    format!("{address} {id} {signed_in_at}")
}

/// The times at which a device may have signed in last that is known now. Judged here: a browser's
/// own `Max-Age` binds nobody who copied its cookies. One that lies ahead was written before the
/// clock was set back; a minute is what the clocks of two instances may differ.
fn believed(now: Millis) -> RangeInclusive<Millis> {
    now - DEVICES_KNOWN_FOR..=now + MINUTE
}

/// The id of the device that `requester` is, if it is known to have signed in to `address`.
async fn known<'a>(
    auth: &Auth,
    address: &str,
    requester: &'a Requester,
) -> Result<Option<&'a str>, Error> {
    let entry = requester.devices.iter().find_map(|text| Entry::read(auth, address, text));
    let in_time = |entry: &Entry| believed(auth.clock.now()).contains(&entry.signed_in_at);
    let Some(entry) = entry.filter(in_time) else { return Ok(None) };
    let is_trusted = entry.signed_in_at > distrusted_until(auth, address).await?;
    Ok(is_trusted.then_some(entry.id))
}

/// Until when the devices of an address are known no more; 0 where nobody was ever put out. After
/// the secrets were rotated, an address has a subject under each.
async fn distrusted_until(auth: &Auth, address: &str) -> Result<Millis, Error> {
    let mut until = 0;
    for subject in auth.keys.subjects(address) {
        until = until.max(auth.store.distrusted_until(&subject).await?);
    }
    Ok(until)
}

/// Whose allowance a request of `requester` for `address` takes from: that of the device if it has
/// signed in to the address before, else the one all strangers share. No address holds a space, so
/// no stranger's bucket is spelt like a device's.
pub async fn bucket(auth: &Auth, address: &str, requester: &Requester) -> Result<String, Error> {
    Ok(match known(auth, address, requester).await? {
        Some(id) => format!("{address} {id}"),
        None => address.to_owned(),
    })
}

/// The device that signs in to `address` at `at`: the one it was, or a new one.
pub async fn of_sign_in(
    auth: &Auth,
    address: &str,
    requester: &Requester,
    at: Millis,
) -> Result<Device, Error> {
    let known = known(auth, address, requester).await?.map(str::to_owned);
    let was_known = known.is_some();
    let id = known.map_or_else(|| auth.random.id(), Ok)?;
    let entries = entries(auth, address, requester, &id, at)?;
    Ok(Device { id, was_known, entries })
}

/// What a browser keeps whose entry for an address is now this: one entry for each address.
fn entries(
    auth: &Auth,
    address: &str,
    requester: &Requester,
    id: &str,
    at: Millis,
) -> Result<Vec<String>, Error> {
    let code = auth.keys.sign_device(&signed(address, id, at))?;
    let is_of_another = |text: &&String| Entry::read(auth, address, text).is_none();
    let others = requester.devices.iter().filter(is_of_another).cloned();
    Ok(once(format!("{id}.{at}.{code}")).chain(others).collect())
}

/// Takes a step that ends the trust in every device of an address, all but the one it is taken on,
/// if that was known. What its browser keeps then.
pub async fn all_but_this(
    auth: &Auth,
    address: &str,
    requester: &Requester,
    step: impl Future<Output = Result<(), Error>>,
) -> Result<Option<Vec<String>>, Error> {
    let id = known(auth, address, requester).await?.map(str::to_owned);
    step.await?;
    let Some(id) = id else { return Ok(None) };
    let at = auth.clock.now().max(distrusted_until(auth, address).await? + 1);
    entries(auth, address, requester, &id, at).map(Some)
}
