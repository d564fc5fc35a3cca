//! The dev mailbox: where mails go in development when there is no `SMTP_URL`.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html, IntoResponse, Response},
};
use minijinja::{AutoEscape, Environment, context};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::letter::Composed;
use crate::server::state::AppState;

/// How many mails it keeps.
const KEPT: usize = 50;

/// The last mails, newest first, each under its number.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Mutex<VecDeque<(usize, Composed)>>>);

impl Mailbox {
    pub fn put(&self, mail: Composed) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = mails.front().map_or(1, |(number, _)| number + 1);
        mails.push_front((number, mail));
        mails.truncate(KEPT);
    }

    pub fn all(&self) -> Vec<(usize, Composed)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn get(&self, wanted: usize) -> Option<Composed> {
        self.all().into_iter().find_map(|(number, mail)| (number == wanted).then_some(mail))
    }
}

/// GET `/dev/mailbox`
pub async fn list(State(state): State<AppState>) -> Response {
    let mails = state.mailbox.as_ref().map(|mailbox| mailbox.all()).unwrap_or_default();
    let mails: Vec<_> = mails
        .iter()
        .map(|(number, mail)| context! { number, to => mail.to, subject => mail.subject, text => mail.text, link => mail.link })
        .collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = environment.render_str(include_str!("templates/mailbox.html"), context! { mails, css => state.assets.css });
    match page {
        Ok(page) => with_policy(Html(page), "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'"),
        Err(error) => {
            tracing::error!(%error, "the mailbox page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// GET `/dev/mailbox/{number}`: the HTML as a mail program shows it, without scripts or anything loaded.
pub async fn html(State(state): State<AppState>, Path(number): Path<usize>) -> Response {
    match state.mailbox.as_ref().and_then(|mailbox| mailbox.get(number)) {
        Some(mail) => with_policy(Html(mail.html), "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// GET `/dev/mailbox/{number}/source`: the message as it would have travelled.
pub async fn source(State(state): State<AppState>, Path(number): Path<usize>) -> Response {
    match state.mailbox.as_ref().and_then(|mailbox| mailbox.get(number)) {
        Some(mail) => String::from_utf8_lossy(&mail.message.formatted()).into_owned().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn with_policy(page: Html<String>, policy: &'static str) -> Response {
    ([(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))], page).into_response()
}
