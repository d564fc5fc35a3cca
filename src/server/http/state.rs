//! State shared by every handler and page.

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use lettre::message::Mailbox;
use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    assets::Assets, cookies::Cookies, readiness::Readiness, request_reader::RequestReader,
};
use crate::server::{
    apps::Apps,
    auth::Auth,
    mail::{dev_mailbox::DevMailbox, hooks::Hooks, templates::Templates, transports::Transports},
    values::public_url::PublicUrl,
};

/// A single pointer, because each layer of the router clones it for each request.
#[derive(Clone, Debug)]
pub struct AppState(Arc<AppParts>);

#[derive(Debug)]
pub struct AppParts {
    pub auth: Arc<Auth>,
    pub apps: Arc<Apps>,
    pub leptos_options: LeptosOptions,
    pub assets: Assets,
    pub cookies: Cookies,
    pub readiness: Readiness,
    pub request_reader: RequestReader,
    /// Transports of mails, with their health as this instance knows it.
    pub transports: Arc<Transports>,
    /// Hooks by which providers report what became of mails.
    pub hooks: Hooks,
    /// Templates and sender of mails, for previews.
    pub templates: Arc<Templates>,
    pub from: Mailbox,
    /// The dev mailbox that receives mails in development without `SMTP_URL`.
    pub mailbox: Option<DevMailbox>,
    /// Bearer token that allows reading `/metrics`. In development, this machine itself needs none.
    pub metrics_token: Option<String>,
    /// True if the desk has an address of its own (`desk.listen`), as the policy had it at the
    /// start.
    pub is_desk_apart: bool,
    /// True once this instance was told to stop. `/readyz` then fails, so that proxies leave it
    /// out.
    pub leaving: AtomicBool,
}

impl AppState {
    pub fn new(shared: AppParts) -> Self {
        AppState(Arc::new(shared))
    }
}

impl AppParts {
    pub fn public_url(&self) -> &PublicUrl {
        &self.auth.public_url
    }
}

impl Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}
