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
    let user_id = user_id(core, &address).await?;
    let event = happened(core, event::USER_DISABLED, &address);
    let event = AuditEvent { user_id: user_id.clone(), ..event };
    let by_id = user_id.as_deref().filter(|_| core.mapped_users.is_some());
    core.store.ban(by_id, address.as_str(), core.clock.now(), &event).await?;
    if let Some(user_id) = user_id {
        revoke_all(core, &address, &user_id).await?;
    }
    Ok(())
}

/// Lets an address in again that was kept out.
pub async fn enable(core: &Core, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    let user_id = match &core.mapped_users {
        Some(mapped) => mapped.find(address.as_str()).await?,
        None => None,
    };
    let event = happened(core, event::USER_ENABLED, &address);
    let event = AuditEvent { user_id: user_id.clone(), ..event };
    if !core.store.lift_ban(user_id.as_deref(), address.as_str(), &event).await? {
        return Err(Error::invalid("there is no user of that address who is kept out"));
    }
    Ok(())
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
