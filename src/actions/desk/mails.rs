//! Form of the page Now for mails that wait.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    config::desk::Role,
    desk::mails,
    http::{desk_door::PAGES, page_context::PageContext},
};
use crate::wire::{Next, Refusal};

/// Has all mails that wait tried again now.
#[server(prefix = "/actions", endpoint = "desk-retry-mails")]
pub async fn desk_retry_mails(reason: Option<String>) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let (operator, reason) = acting(&context, PAGES, Role::Help, reason).await?;
    let state = &context.state;
    let mails = mails::retry(&state.auth, &state.transports, &operator, &reason).await?;
    Ok(Next { location: format!("{PAGES}?retried={mails}") })
}
