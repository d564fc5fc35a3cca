//! What every handler and page shares.

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};

use super::{assets::Assets, cookies::Cookies, intake::Intake, readiness::Readiness};
use crate::server::{auth::Auth, mail::dev_mailbox::DevMailbox, values::public_url::PublicUrl};

/// One pointer: each layer of the router clones it for each request.
#[derive(Clone, Debug)]
pub struct AppState(Arc<AppParts>);

#[derive(Debug)]
pub struct AppParts {
    pub auth: Arc<Auth>,
    pub leptos_options: LeptosOptions,
    pub assets: Assets,
    pub cookies: Cookies,
    pub readiness: Readiness,
    pub intake: Intake,
    /// In development without `SMTP_URL`, where mails go instead.
    pub mailbox: Option<DevMailbox>,
    /// Who presents it may read `/metrics` from elsewhere.
    pub metrics_token: Option<String>,
    /// Whether this instance was told to stop: proxies are to leave it out.
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
