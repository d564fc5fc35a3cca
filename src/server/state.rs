//! What every handler and page shares.

use axum::{extract::FromRef, http::HeaderMap, http::header::USER_AGENT};
use leptos::config::LeptosOptions;
use std::sync::Arc;

use super::{
    assets::Assets,
    config::PublicUrl,
    cookies::Cookies,
    mail::mailbox::Mailbox,
    session,
    sign_in::{Browser, Core},
};
use crate::error::Error;

#[derive(Clone, Debug, FromRef)]
pub struct AppState {
    pub core: Arc<Core>,
    pub leptos_options: LeptosOptions,
    pub assets: Arc<Assets>,
    pub cookies: Cookies,
    /// In development without `SMTP_URL`, where mails go instead.
    pub mailbox: Option<Mailbox>,
}

/// A user agent longer than this is cut: it is shown to people, and nobody reads more.
const USER_AGENT_LENGTH: usize = 400;

impl AppState {
    pub fn public_url(&self) -> &PublicUrl {
        &self.core.public_url
    }

    /// What the browser that sent `headers` showed of itself.
    pub async fn browser(&self, headers: &HeaderMap) -> Result<Browser, Error> {
        let session = session::present(&self.core, self.cookies, headers).await?;
        let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok(Browser {
            held: self.cookies.held(headers),
            session_id: session.map(|session| session.row.id),
            user_agent: user_agent.unwrap_or_default().chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect(),
        })
    }
}
