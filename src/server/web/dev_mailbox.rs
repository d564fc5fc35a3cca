//! The pages of the dev mailbox: the list of mails, and how each looks.

use axum::{
    extract::{Path, Query, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, HOST},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Deserialize;

use super::ops;
use crate::server::{
    ground::{
        clock::{DAY, HOUR, MINUTE},
        words::Language,
    },
    http::state::AppState,
    mail::{
        compose::Composed,
        dev_mailbox::{DevMailbox, Received},
    },
};

/// Script that copies a code when its button is clicked.
const COPY: &str = "for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', async () => { \
    await navigator.clipboard.writeText(button.dataset.copy); button.textContent = 'Copied'; });";

#[derive(Deserialize)]
pub struct Wanted {
    mail: Option<String>,
}

/// Middleware that lets in only requests from this machine under the name of the public URL. A page
/// of another site whose name was pointed here (DNS rebinding) also sends its requests from this
/// machine, but under its own name.
pub async fn for_this_machine(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let public = state.public_url();
    let by_name = host.eq_ignore_ascii_case(public.authority().as_bytes());
    // With https the server itself speaks TLS: a proxy in front would make all requests local.
    let speaks_for_itself = !public.is_https() || state.auth.policy().server.tls_files().is_some();
    if speaks_for_itself && by_name && ops::is_local(&request) {
        return next.run(request).await;
    }
    let said = format!("The mails are shown at {public}/dev/mailbox, on this machine alone.\n");
    (StatusCode::MISDIRECTED_REQUEST, said).into_response()
}

/// GET `/dev/mailbox?mail=`
pub async fn list(State(state): State<AppState>, Query(wanted): Query<Wanted>) -> Response {
    let Some(mailbox) = &state.mailbox else { return StatusCode::NOT_FOUND.into_response() };
    let mails = mailbox.all();
    let newest = mails.first().map(|newest| newest.number.to_string());
    let wanted = wanted.mail.or(newest).unwrap_or_default();
    let shown = get(&state, mailbox, &wanted).map(|mail| {
        let source = String::from_utf8_lossy(&mail.message.formatted()).into_owned();
        let Composed { to, subject, text, link, code, .. } = mail;
        context! { number => wanted, to, subject, text, link, code, source }
    });
    let mails: Vec<Value> = mails
        .into_iter()
        .map(|Received { number, at, mail }| {
            let of_day = at.rem_euclid(DAY);
            let at = format!("{:02}:{:02} UTC", of_day / HOUR, of_day % HOUR / MINUTE);
            context! { number => number.to_string(), at, to => mail.to, subject => mail.subject }
        })
        .collect();
    let kinds = [
        ("sign_in", "Sign-in"),
        ("new_device", "New device"),
        ("password", "Password"),
        ("invitation", "Invitation"),
        ("waitlist", "Waitlist"),
    ];
    let samples: Vec<Value> = kinds
        .into_iter()
        .flat_map(|(kind, name)| Language::ALL.map(|language| (kind, name, language)))
        .map(|(kind, name, language)| {
            context! { number => format!("{kind}-{}", language.tag()), name => format!("{name}, {}", language.name()) }
        })
        .collect();
    let brand_files = &state.auth.policy().brand_files;
    let nonce = state.auth.random.id().unwrap_or_default();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = environment.render_str(
        include_str!("mailbox.html"),
        context! {
            mails, samples, shown, nonce,
            from => mailbox.from.to_string(),
            copy => Value::from_safe_string(COPY.to_owned()),
            style => Value::from_safe_string(include_str!("mailbox.css").to_owned()),
            css => state.assets.css,
            brand_css => brand_files.stylesheet(),
            icon => brand_files.icon(),
        },
    );
    match page {
        Ok(page) => with_policy(
            page,
            &format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; frame-src 'self'; \
                 frame-ancestors 'none'"
            ),
        ),
        Err(error) => {
            tracing::error!(%error, "the mailbox page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// GET `/dev/mailbox/{number}`: the HTML as a mail program shows it, without scripts or loaded
/// content. Links open outside the frame that shows it.
pub async fn html(State(state): State<AppState>, Path(number): Path<String>) -> Response {
    match state.mailbox.as_ref().and_then(|mailbox| get(&state, mailbox, &number)) {
        Some(mail) => with_policy(
            mail.html.replacen("<head>", "<head><base target=\"_top\">", 1),
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        ),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// GET `/dev/mailbox/{number}/source`: the message as it would have been sent.
pub async fn source(State(state): State<AppState>, Path(number): Path<String>) -> Response {
    match state.mailbox.as_ref().and_then(|mailbox| get(&state, mailbox, &number)) {
        Some(mail) => {
            String::from_utf8_lossy(&mail.message.formatted()).into_owned().into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn get(state: &AppState, mailbox: &DevMailbox, wanted: &str) -> Option<Composed> {
    mailbox.get(wanted, &state.auth.policy(), state.public_url())
}

fn with_policy(page: String, policy: &str) -> Response {
    let policy =
        HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}
