//! Devices that have signed in to an address before, as OWASP's "device cookies" describe them:
//! each has an allowance of its own, so that a stranger who uses up an address's mails or tries
//! does not lock its owner out.

use super::{Browser, Core};
use crate::error::Error;

/// What a browser keeps of an address it has signed in to: a random id, and our code under both.
/// The address itself is not in it.
pub fn issue(core: &Core, address: &str) -> Result<String, Error> {
    let id = core.random.id()?;
    let code = core.keys.sign_device(&under(address, &id))?;
    Ok(format!("{id}.{code}"))
}

/// Whether `browser` has signed in to `address` before.
pub fn is_known(core: &Core, address: &str, browser: &Browser) -> bool {
    id(core, address, browser).is_some()
}

fn id<'a>(core: &Core, address: &str, browser: &'a Browser) -> Option<&'a str> {
    browser.devices.iter().find_map(|device| {
        let (id, code) = device.split_once('.')?;
        core.keys.verify_device(&under(address, id), code).then_some(id)
    })
}

/// Whose allowance a request of `browser` for `address` takes from: that of the device if it has
/// signed in to the address before, else the one all strangers share.
pub fn bucket(core: &Core, address: &str, browser: &Browser) -> String {
    match id(core, address, browser) {
        Some(id) => under(address, id),
        None => address.to_owned(),
    }
}

/// No address holds a space, so no stranger's bucket is spelt like a device's.
fn under(address: &str, id: &str) -> String {
    format!("{address} {id}")
}
