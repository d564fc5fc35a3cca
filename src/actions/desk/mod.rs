//! Server functions behind the forms of the desk. Each asks [`acting`] first.

mod invitations;
mod mails;
pub mod person;
pub mod steer;

#[cfg(feature = "ssr")]
use std::sync::Arc;

#[cfg(feature = "ssr")]
use crate::server::{
    config::desk::Role,
    desk::operator::{ActReason, Operator},
    ground::error::Error,
    http::{form_posts, page_context::PageContext},
};

/// Returns the operator who acts and their reason, for an act that takes `role`. `page` is where
/// the form is, to which a refusal leads back.
#[cfg(feature = "ssr")]
async fn acting(
    context: &PageContext,
    page: &str,
    role: Role,
    reason: Option<String>,
) -> Result<(Arc<Operator>, ActReason), Error> {
    form_posts::come_back_to(page, "");
    let operator = context.operator().await?;
    operator.may_change(&context.state.auth, role).await?;
    Ok((operator, ActReason::parse(&reason.unwrap_or_default())?))
}
