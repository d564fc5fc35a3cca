//! Devices that have signed in to an address before, as in OWASP's "device cookies". Each has its
//! own allowance, so a stranger who uses up an address's mails or tries does not lock its owner
//! out. A known device causes no notice when it signs in again.
//!
//! A browser keeps one entry per address: a random id, the time of its last sign-in, and a message
//! authentication code over both and the address, which the entry does not contain. To end the
//! trust in a device, the owner or an operator need not know which device it is: a row per address
//! holds the time of the last revocation, and sign-ins up to that time are no longer trusted. The
//! row exists only once trust has been revoked. So a sign-in writes nothing extra, and only a
//! browser with a valid entry costs a read. A row per device would allow ending one alone, but
//! would cost every sign-in a write. Ending all of them costs one notice at the next sign-in of
//! each other device.

use std::{iter::once, ops::RangeInclusive};

use super::{Auth, Requester};
use crate::server::{
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        keys::Purpose,
    },
    store::DEVICES_KNOWN_FOR,
    values::address::Address,
};

/// Device that has just signed in.
pub struct Device {
    pub id: String,
    /// True if it had signed in to the address before.
    pub was_known: bool,
    /// Entries its browser stores from now on, for this address and others, newest first.
    pub entries: Vec<String>,
}

/// Browser's entry for an address, written by this server.
struct Entry<'a> {
    id: &'a str,
    signed_in_at: Millis,
}

impl<'a> Entry<'a> {
    fn read(auth: &Auth, address: &Address, text: &'a str) -> Option<Self> {
        let (id, rest) = text.split_once('.')?;
        let (at, code) = rest.split_once('.')?;
        let signed_in_at = at.parse().ok()?;
        let ours =
            auth.keys.verify(Purpose::DeviceCookie, &signed(address, id, signed_in_at), code);
        ours.then_some(Entry { id, signed_in_at })
    }
}

/// Returns the text that the authentication code of an entry covers. Addresses contain no space, so
/// it is unambiguous.
fn signed(address: &Address, id: &str, signed_in_at: Millis) -> String {
    format!("{} {id} {signed_in_at}", address.as_str())
}

/// Returns the range in which the last sign-in of a known device must lie. Checked here, because a
/// browser's `Max-Age` does not bind anyone who copied its cookies. A later time was written before
/// the clock was set back; one minute is allowed for the difference between two instances' clocks.
fn believed(now: Millis) -> RangeInclusive<Millis> {
    now - DEVICES_KNOWN_FOR..=now + MINUTE
}

/// Returns the id of the requester's device if it is known to have signed in to `address`.
async fn known<'a>(
    auth: &Auth,
    address: &Address,
    requester: &'a Requester,
) -> Result<Option<&'a str>, Error> {
    let entry = requester.devices.iter().find_map(|text| Entry::read(auth, address, text));
    let in_time = |entry: &Entry| believed(auth.clock.now()).contains(&entry.signed_in_at);
    let Some(entry) = entry.filter(in_time) else { return Ok(None) };
    let is_trusted = entry.signed_in_at > distrusted_until(auth, address).await?;
    Ok(is_trusted.then_some(entry.id))
}

/// Returns the time up to which sign-ins on devices of an address are not trusted; 0 if trust was
/// never revoked. After a rotation of the secrets an address has one subject under each.
async fn distrusted_until(auth: &Auth, address: &Address) -> Result<Millis, Error> {
    let mut until = 0;
    for subject in auth.keys.subjects(address.as_str()) {
        until = until.max(auth.store.distrusted_until(&subject).await?);
    }
    Ok(until)
}

/// Returns the bucket that a request of `requester` for `address` is counted in: the device's own
/// if it has signed in to the address before, else the one shared by all strangers. Addresses
/// contain no space, so no stranger's bucket has the same name as a device's.
pub async fn bucket(
    auth: &Auth,
    address: &Address,
    requester: &Requester,
) -> Result<String, Error> {
    Ok(match known(auth, address, requester).await? {
        Some(id) => format!("{} {id}", address.as_str()),
        None => address.as_str().to_owned(),
    })
}

/// Returns the device that signs in to `address` at `at`: the known one, or a new one.
pub async fn of_sign_in(
    auth: &Auth,
    address: &Address,
    requester: &Requester,
    at: Millis,
) -> Result<Device, Error> {
    let known = known(auth, address, requester).await?.map(str::to_owned);
    let was_known = known.is_some();
    let id = known.map_or_else(|| auth.random.id(), Ok)?;
    let entries = entries(auth, address, requester, &id, at)?;
    Ok(Device { id, was_known, entries })
}

/// Returns the entries that a browser stores after its entry for an address is replaced: one for
/// each address.
fn entries(
    auth: &Auth,
    address: &Address,
    requester: &Requester,
    id: &str,
    at: Millis,
) -> Result<Vec<String>, Error> {
    let code = auth.keys.sign(Purpose::DeviceCookie, &signed(address, id, at))?;
    let is_of_another = |text: &&String| Entry::read(auth, address, text).is_none();
    let others = requester.devices.iter().filter(is_of_another).cloned();
    Ok(once(format!("{id}.{at}.{code}")).chain(others).collect())
}

/// Runs a step that ends the trust in every device of an address, except the device that runs it,
/// if that was known. Returns the new entries for its browser, `None` if it was not known.
pub async fn all_but_this(
    auth: &Auth,
    address: &Address,
    requester: &Requester,
    step: impl Future<Output = Result<(), Error>>,
) -> Result<Option<Vec<String>>, Error> {
    let id = known(auth, address, requester).await?.map(str::to_owned);
    step.await?;
    let Some(id) = id else { return Ok(None) };
    let at = auth.clock.now().max(distrusted_until(auth, address).await? + 1);
    entries(auth, address, requester, &id, at).map(Some)
}
