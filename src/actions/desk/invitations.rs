//! Forms of the pages of invitations and of the waitlist.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    auth::invitations::Invite,
    config::desk::Role,
    desk::invitations,
    ground::words::Language,
    http::{
        desk_door::{INVITATIONS, WAITLIST},
        form_posts,
        page_context::PageContext,
    },
    values::destination::with_query,
};
use crate::wire::{Next, Refusal};

/// Invites an address.
#[server(prefix = "/actions", endpoint = "desk-invite")]
pub async fn desk_invite(
    email: Option<String>,
    note: Option<String>,
    language: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let email = email.unwrap_or_default();
    let (operator, reason) = acting(&context, INVITATIONS, Role::Help, reason).await?;
    form_posts::come_back_to(INVITATIONS, &email);
    let invite = Invite {
        email: &email,
        note: &note.unwrap_or_default(),
        language: Language::of_tag(&language.unwrap_or_default()).unwrap_or_default(),
        expires_in: None,
    };
    let auth = &context.state.auth;
    let (invitation, is_new) = invitations::invite(auth, &operator, &reason, &invite).await?;
    let place = with_query(INVITATIONS, "id", &invitation.id);
    Ok(Next { location: if is_new { place } else { format!("{place}&before=true") } })
}

/// Mails an open invitation again.
#[server(prefix = "/actions", endpoint = "desk-resend-invitation")]
pub async fn desk_resend_invitation(
    id: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let id = id.unwrap_or_default();
    let page = with_query(INVITATIONS, "id", &id);
    let (operator, reason) = acting(&context, &page, Role::Help, reason).await?;
    invitations::resend(&context.state.auth, &operator, &reason, &id).await?;
    Ok(Next { location: page })
}

/// Withdraws an open invitation.
#[server(prefix = "/actions", endpoint = "desk-withdraw-invitation")]
pub async fn desk_withdraw_invitation(
    id: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let id = id.unwrap_or_default();
    let page = with_query(INVITATIONS, "id", &id);
    let (operator, reason) = acting(&context, &page, Role::Help, reason).await?;
    invitations::withdraw(&context.state.auth, &operator, &reason, &id).await?;
    Ok(Next { location: page })
}

/// Lets somebody in from the waitlist, by an invitation.
#[server(prefix = "/actions", endpoint = "desk-let-in")]
pub async fn desk_let_in(
    name: Option<String>,
    note: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let name = name.unwrap_or_default();
    let page = with_query(WAITLIST, "name", &name);
    let (operator, reason) = acting(&context, &page, Role::Help, reason).await?;
    let (auth, note) = (&context.state.auth, note.unwrap_or_default());
    let invitation = invitations::let_in(auth, &operator, &reason, &name, &note).await?;
    Ok(Next { location: with_query(INVITATIONS, "id", &invitation.id) })
}
