//! Server functions of the page of the policy.

use leptos::prelude::*;
use std::collections::HashMap;

use crate::wire::{Next, Refusal};

#[cfg(feature = "ssr")]
use super::acting;
#[cfg(feature = "ssr")]
use crate::server::{
    config::desk::Role,
    desk::steer::{self, Edit},
    ground::error::Error,
    http::{desk_door::STEER, edited, page_context::PageContext},
};

/// Lays the keys of a form over the policy file. A refusal leads back to the form with what was
/// typed, which shows it at the fields.
#[server(prefix = "/actions", endpoint = "desk-steer")]
pub async fn desk_steer(
    group: Option<String>,
    language: Option<String>,
    values: Option<HashMap<String, String>>,
    seen: Option<HashMap<String, i64>>,
    was: Option<HashMap<String, String>>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let edits = edited::of_fields(
        values.unwrap_or_default(),
        &seen.unwrap_or_default(),
        &was.unwrap_or_default(),
    );
    let (group, language) = (group.unwrap_or_default(), language.unwrap_or_default());
    let fields = [("group", group.as_str()), ("language", language.as_str())];
    let page = |edits: &[Edit]| format!("{STEER}?{}", edited::query(&fields, edits));
    let (operator, reason) = acting(&context, &page(&edits), Role::Steer, reason).await?;
    let steered = steer::steer(&context.state.auth, &operator, &edits, &reason).await;
    steered.map_err(Error::from)?;
    Ok(Next { location: page(&[]) })
}

/// Takes an override back, so that the file has its way again.
#[server(prefix = "/actions", endpoint = "desk-take-back")]
pub async fn desk_take_back(
    key: Option<String>,
    seen: Option<i64>,
    reason: Option<String>,
) -> Result<Next, Refusal> {
    let context = PageContext::current()?;
    let (operator, reason) = acting(&context, STEER, Role::Steer, reason).await?;
    let edit = Edit { key: key.unwrap_or_default(), value: None, seen };
    let steered = steer::steer(&context.state.auth, &operator, &[edit], &reason).await;
    steered.map_err(Error::from)?;
    Ok(Next { location: STEER.to_owned() })
}
