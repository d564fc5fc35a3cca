//! Previews of the sign-in page and of the mail, with values that are not in force, and the
//! overrides as a file. The guard lets in operators alone.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        StatusCode, Uri,
        header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;

use super::render;
use crate::server::{
    config::{brand::BrandFiles, overrides::export},
    desk::steer::try_out,
    ground::words::{Language, speaking, within},
    http::{
        edited,
        page_context::{Preview, Scheme},
        state::AppState,
    },
};

/// Content security policy of a mail: its styles are its own, and our page alone may frame it.
const CSP_OF_MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'";
/// The rule by which mails look different on a dark screen.
const ON_DARK: &str = "@media (prefers-color-scheme: dark)";

/// GET `/desk/steer/preview`: the sign-in page.
pub async fn page(State(state): State<AppState>, uri: Uri) -> Response {
    let (preview, language) = asked(&state, &uri);
    // A request of nobody: the page must not greet the operator.
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/login");
    request.extensions_mut().insert(Arc::new(preview));
    within(language, render::page(State(state), request)).await
}

/// GET `/desk/steer/preview/mail`: the HTML of the sign-in mail.
pub async fn mail(State(state): State<AppState>, uri: Uri) -> Response {
    let (Preview { policy, scheme }, language) = asked(&state, &uri);
    let now = state.auth.clock.now();
    let mail = speaking(language, || {
        state.templates.sample("sign_in", &policy, &state.from, state.public_url(), now)
    });
    let html = match mail {
        Ok(mail) => mail.html,
        Err(error) => {
            tracing::error!(%error, "no preview of the mail");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let media = if scheme == Scheme::Dark { "@media all" } else { "@media not all" };
    ([(CONTENT_SECURITY_POLICY, CSP_OF_MAIL)], Html(html.replace(ON_DARK, media))).into_response()
}

/// GET `/desk/steer/preview.css`: the accent that is tried out, on a light or a dark screen.
pub async fn stylesheet(State(state): State<AppState>, uri: Uri) -> Response {
    let scheme = Scheme::named(&query(&uri, "scheme"));
    let accent = query(&uri, "accent");
    let files = BrandFiles::default()
        .with_accent(Some(&accent).filter(|it| !it.is_empty()).map(String::as_str));
    let files = files.unwrap_or_else(|_| state.auth.policy().brand_files.clone());
    let accent = files.stylesheet.map(|file| file.bytes).unwrap_or_default();
    // The two variables are what the compiler of our styles makes of light-dark().
    let [on, off] = match scheme {
        Scheme::Light => ["light", "dark"],
        Scheme::Dark => ["dark", "light"],
    };
    let rule = format!(
        ":root {{ color-scheme: only {on}; --lightningcss-{on}: initial; --lightningcss-{off}: ; }}\n"
    );
    let css = [rule.as_bytes(), &accent].concat();
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

/// GET `/desk/steer/overrides.toml`
pub async fn overrides(State(state): State<AppState>) -> Response {
    let text = export(&state.auth.parts().in_force());
    let headers = [
        (CONTENT_TYPE, "application/toml; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"overrides.toml\""),
    ];
    (headers, text).into_response()
}

/// Returns what is to be previewed, and in which language.
fn asked(state: &AppState, uri: &Uri) -> (Preview, Language) {
    let edits = edited::of_query(uri.query().unwrap_or_default());
    let (policy, _) = try_out(&state.auth, &edits);
    let scheme = Scheme::named(&query(uri, "scheme"));
    let language = Language::of_tag(&query(uri, "language")).unwrap_or_default();
    (Preview { policy, scheme }, language)
}

fn query(uri: &Uri, name: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned())).unwrap_or_default()
}
