//! Acts of operators for one person.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    desk::person::{self, Act},
    ground::error::Error,
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
    let act = Act::named(&act.unwrap_or_default());
    let role = act.map(Act::role).unwrap_or_default();
    let (operator, reason) = acting(&context, &page, role, reason).await?;
    let act = act.ok_or_else(|| Error::missing("act"))?;
    let state = &context.state;
    person::act(&state.auth, &state.transports, &operator, &reason, &key, act).await?;
    // Who was deleted is found by the address alone, which the name in the URL holds.
    Ok(Next { location: format!("{page}?done={}", act.name()) })
}
