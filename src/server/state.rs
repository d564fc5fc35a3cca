//! What every handler and page shares.

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;

use super::{assets::Assets, config::PublicUrl, cookies::Cookies, mail::mailbox::Mailbox, sign_in::Core};

#[derive(Clone, Debug, FromRef)]
pub struct AppState {
    pub core: Arc<Core>,
    pub leptos_options: LeptosOptions,
    pub assets: Arc<Assets>,
    pub cookies: Cookies,
    /// In development without `SMTP_URL`, where mails go instead.
    pub mailbox: Option<Mailbox>,
    /// Who presents it may read `/metrics` from elsewhere.
    pub metrics_token: Option<Arc<str>>,
}

impl AppState {
    pub fn public_url(&self) -> &PublicUrl {
        &self.core.public_url
    }
}
