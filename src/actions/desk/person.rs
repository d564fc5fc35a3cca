//! Acts of operators for one person.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    config::desk::Role,
    desk::person::{self, Act},
    http::page_context::PageContext,
};
use crate::wire::{Next, Refusal};

/// Does `act` for the person of `key`, for a `reason` in words.
#[server(prefix = "/actions", endpoint = "desk-person")]
pub async fn act_for_person(
    key: Option<String>,
    act: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let key = key.unwrap_or_default();
    let page = person::path_of(&key);
    let act = Act::parse(&act.unwrap_or_default());
    let role = act.as_ref().map_or(Role::Help, |act| act.role());
    let (operator, reason) = acting(&context, &page, role, reason).await?;
    let act = act?;
    let state = &context.state;
    person::act(&state.auth, &state.transports, &operator, &reason, &key, act).await?;
    // The name in the URL holds the address, by which somebody who was deleted is still found.
    Ok(Next { location: format!("{page}?done={}", act.name()) })
}
