//! Commands of an operator: end sessions, add, list and delete users, ban an address and lift the
//! ban.

pub mod addresses;
pub mod export;

use crate::server::values::event::{Event, Reason};
use crate::server::{
    auth::{Auth, Client},
    ground::error::Error,
    store::{AuditEvent, Ban, NewUser, User},
    values::address::Address,
};
use std::io::Write;

/// Users that are added in one step.
const TOGETHER: usize = 200;

/// Ends every session of the user with this address, and returns how many there were.
pub async fn revoke_sessions(auth: &Auth, email: &str) -> Result<u64, Error> {
    let address = Address::parse(email)?;
    let user_id = user_id(auth, &address).await?.ok_or_else(unknown)?;
    revoke_all(auth, &address, &user_id).await
}

/// Ends every session of every user, and the trust in their devices. Returns the number of
/// sessions.
pub async fn revoke_everybody(auth: &Auth) -> Result<u64, Error> {
    let event =
        auth.event(Event::SessionRevoked, None, &Client::default()).because(Reason::Everybody);
    auth.store.revoke_everybody(&event).await
}

/// Makes users of the addresses that are not users yet, and returns how many were new.
pub async fn add(auth: &Auth, mut addresses: Vec<Address>) -> Result<u64, Error> {
    own_users(auth)?;
    // Sorted: two processes that add the same addresses lock them in the same order, so they cannot
    // deadlock.
    addresses.sort();
    let mut added = 0;
    for some in addresses.chunks(TOGETHER) {
        let new = |address: &Address| {
            let id = auth.random.id()?;
            let event = happened(auth, Event::UserAdded, address).of_user(&id);
            Ok(NewUser { id, address: address.clone(), event })
        };
        let users = some.iter().map(new).collect::<Result<Vec<_>, Error>>()?;
        added += auth.store.add_users(&users).await?;
    }
    Ok(added)
}

/// Deletes a user and everything that is theirs, as they could themselves. A ban of the address
/// stays.
pub async fn delete(auth: &Auth, email: &str) -> Result<(), Error> {
    own_users(auth)?;
    let address = Address::parse(email)?;
    let user_id = user_id(auth, &address).await?.ok_or_else(unknown)?;
    let event = happened(auth, Event::UserDeleted, &address).of_user(&user_id);
    auth.store.delete_user(&user_id, &address, &event).await
}

/// Writes every user as a line of CSV.
pub async fn list(auth: &Auth, out: &mut impl Write) -> Result<(), export::ExportError> {
    own_users(auth)?;
    writeln!(out, "address,id,created_at,kept_out")?;
    let mut after = String::new();
    loop {
        let users = auth.store.users_after(&after).await?;
        for User { id, address, created_at, is_banned } in &users {
            let created_at = export::rfc_3339(*created_at);
            writeln!(out, "{},{id},{created_at},{is_banned}", field(address.as_str()))?;
        }
        let Some(last) = users.into_iter().last() else { return Ok(out.flush()?) };
        after = last.address.as_str().to_owned();
    }
}

/// Writes every ban as a line of CSV. If it has the id of a user in the team's own table, the
/// address is the one they had when they were banned.
pub async fn list_bans(auth: &Auth, out: &mut impl Write) -> Result<(), export::ExportError> {
    writeln!(out, "address,id,kept_out_since")?;
    let mut after = (String::new(), String::new());
    loop {
        let bans = auth.store.bans_after(&after.0, &after.1).await?;
        for Ban { user_id, address, created_at } in &bans {
            let since = export::rfc_3339(*created_at);
            writeln!(out, "{},{},{since}", field(address.as_str()), field(user_id))?;
        }
        let Some(last) = bans.into_iter().last() else { return Ok(out.flush()?) };
        after = (last.address.as_str().to_owned(), last.user_id);
    }
}

/// Quotes a field of CSV if it needs quotes.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

fn own_users(auth: &Auth) -> Result<(), Error> {
    match auth.team_users {
        None => Ok(()),
        Some(_) => Err(Error::invalid(
            "[users] maps a table of your own, which Latchkey never writes: add, list and delete users \
             there.",
        )),
    }
}

/// Bans an address: its sessions end, it gets no mails, and it cannot sign up.
pub async fn disable(auth: &Auth, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    let user_id = user_id(auth, &address).await?;
    let event = happened(auth, Event::UserDisabled, &address);
    let event = AuditEvent { user_id: user_id.clone(), ..event };
    let by_id = user_id.as_deref().filter(|_| auth.team_users.is_some());
    auth.store.ban(by_id, &address, auth.clock.now(), &event).await?;
    if let Some(user_id) = user_id {
        revoke_all(auth, &address, &user_id).await?;
    }
    Ok(())
}

/// Lifts the ban of an address.
pub async fn enable(auth: &Auth, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    let user_id = match &auth.team_users {
        Some(mapped) => mapped.find(&address).await?,
        None => None,
    };
    let event = happened(auth, Event::UserEnabled, &address);
    let event = AuditEvent { user_id: user_id.clone(), ..event };
    if !auth.store.lift_ban(user_id.as_deref(), &address, &event).await? {
        return Err(Error::invalid("There is no user of that address who is kept out."));
    }
    Ok(())
}

async fn revoke_all(auth: &Auth, address: &Address, user_id: &str) -> Result<u64, Error> {
    auth.store
        .revoke_sessions_of(
            user_id,
            None,
            &happened(auth, Event::SessionRevoked, address).of_user(user_id),
        )
        .await
}

fn happened(auth: &Auth, event: Event, address: &Address) -> AuditEvent {
    auth.event(event, Some(address), &Client::default()).because(Reason::Operator)
}

/// Returns the id of the user with this address: the id in the team's own table if one is mapped.
async fn user_id(auth: &Auth, address: &Address) -> Result<Option<String>, Error> {
    match &auth.team_users {
        Some(mapped) => mapped.find(address).await,
        None => auth.store.user_id(address).await,
    }
}

fn unknown() -> Error {
    Error::invalid("There is no user of that address.")
}
