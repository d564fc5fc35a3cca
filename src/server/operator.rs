//! What an operator does by hand: ending sessions, keeping somebody out, letting them in again.

use super::{
    event,
    sign_in::{Client, Core, address::Address},
    store::AuditEvent,
};
use crate::error::Error;

/// Ends every session of who has this address. How many there were.
pub async fn revoke_sessions(core: &Core, email: &str) -> Result<u64, Error> {
    let address = Address::parse(email)?;
    let user_id = user_id(core, &address).await?.ok_or_else(unknown)?;
    revoke_all(core, &address, &user_id).await
}

/// Keeps an address out: its sessions end, it gets no mails, and it cannot sign up.
pub async fn disable(core: &Core, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    let id = match user_id(core, &address).await? {
        Some(id) => id,
        None => core.random.id()?,
    };
    core.store.disable_user(&id, address.as_str(), core.clock.now()).await?;
    revoke_all(core, &address, &id).await?;
    core.store.note(&happened(core, event::USER_DISABLED, &address)).await
}

/// Lets an address in again that was kept out.
pub async fn enable(core: &Core, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    if !core.store.enable_user(address.as_str()).await? {
        return Err(unknown());
    }
    core.store.note(&happened(core, event::USER_ENABLED, &address)).await
}

async fn revoke_all(core: &Core, address: &Address, user_id: &str) -> Result<u64, Error> {
    core.store
        .revoke_sessions_of(
            user_id,
            None,
            &happened(core, event::SESSION_REVOKED, address).of_user(user_id),
        )
        .await
}

fn happened(core: &Core, event: &str, address: &Address) -> AuditEvent {
    core.event(event, Some(address.as_str()), &Client::default()).because("operator")
}

/// The id under which an address signs in: of the team's own table where one is mapped.
async fn user_id(core: &Core, address: &Address) -> Result<Option<String>, Error> {
    match &core.mapped_users {
        Some(mapped) => mapped.find(address.as_str()).await,
        None => core.store.user_id(address.as_str()).await,
    }
}

fn unknown() -> Error {
    Error::invalid("there is no user of that address")
}
