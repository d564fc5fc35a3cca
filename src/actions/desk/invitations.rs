//! Forms of the pages of invitations and of the waitlist.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    auth::invitations::Invite,
    config::desk::Role,
    desk::{invitations, waitlist},
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
    let place = with_query(INVITATIONS, "key", &invitation.id);
    Ok(Next { location: if is_new { place } else { format!("{place}&before=true") } })
}

/// Does `act` on the open invitation of `key`, for a `reason` in words.
#[server(prefix = "/actions", endpoint = "desk-invitation")]
pub async fn act_on_invitation(
    key: Option<String>,
    act: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let key = key.unwrap_or_default();
    let page = with_query(INVITATIONS, "key", &key);
    let (operator, reason) = acting(&context, &page, Role::Help, reason).await?;
    let act = invitations::Act::parse(&act.unwrap_or_default())?;
    invitations::act(&context.state.auth, &operator, &reason, &key, act).await?;
    Ok(Next { location: page })
}

/// Does `act` for somebody on the waitlist, for a `reason` in words. `note` goes with the
/// invitation of whoever is let in.
#[server(prefix = "/actions", endpoint = "desk-waiting")]
pub async fn act_for_waiting(
    key: Option<String>,
    act: Option<String>,
    note: Option<String>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let key = key.unwrap_or_default();
    let page = with_query(WAITLIST, "key", &key);
    let (operator, reason) = acting(&context, &page, Role::Help, reason).await?;
    let act = waitlist::Act::parse(&act.unwrap_or_default())?;
    let (auth, note) = (&context.state.auth, note.unwrap_or_default());
    let invitation = waitlist::act(auth, &operator, &reason, &key, act, &note).await?;
    Ok(Next {
        location: match invitation {
            Some(invitation) => with_query(INVITATIONS, "key", &invitation.id),
            None => with_query(WAITLIST, "done", act.name()),
        },
    })
}
