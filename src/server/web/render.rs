//! Renders pages.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{header::TRANSFER_ENCODING, request::Parts},
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use leptos_axum::render_app_async_with_context;
use std::sync::Arc;

use super::oidc;
use crate::{
    app::shell,
    server::{
        apps::denial::Denial,
        ground::error::Error,
        http::{
            form_posts, grpc,
            page_context::{ErrorToShow, PageContext, Preview},
            respond::ApiError,
            state::AppState,
        },
        mail::hooks,
        vendor,
    },
};

const END: &str = "</body></html>";

/// Renders the page at a request's path.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let provided = state.clone();
    let is_preview = request.extensions().get::<Arc<Preview>>().is_some();
    let render = render_app_async_with_context(
        move || PageContext::provide(provided.clone()),
        move || shell(state.clone()),
    );
    let (mut parts, body) = render(request).await.into_parts();
    let bytes = if parts.status.is_redirection() {
        Ok(Bytes::new())
    } else {
        to_bytes(body, usize::MAX).await
    };
    let html = bytes.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok());
    let Some(html) = html else { return ApiError(Error::Internal).into_response() };
    parts.headers.remove(TRANSFER_ENCODING);
    Response::from_parts(parts, Body::from(valid(&html, !is_preview)))
}

/// Makes the document valid HTML. Leptos marks the places of its nodes by `<!>`, which parsers read
/// as an empty comment but validators report, and puts its last scripts after the end. Neither
/// string occurs in our text or a user's: both are escaped. Where no script may run, browsers would
/// report these: they are left out.
fn valid(html: &str, has_scripts: bool) -> String {
    let html = html.replace("<!>", "<!---->");
    match html.rsplit_once(END) {
        Some((document, _)) if !has_scripts => [document, END].concat(),
        Some((document, scripts)) => [document, scripts, END].concat(),
        None => html,
    }
}

/// Renders an error in place of the page at the request's path, whose code does not run. Boxed:
/// otherwise the future of every request would be as large as this one.
pub fn error_page(
    state: AppState,
    error: Error,
    mut request: Request,
) -> BoxFuture<'static, Response> {
    request.extensions_mut().insert(ErrorToShow(error));
    Box::pin(page(State(state), request))
}

/// True if programs alone call this path.
pub fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/")
        || path.starts_with(hooks::PREFIX)
        || matches!(path, "/readyz" | "/metrics")
        || oidc::is_called(path)
        || grpc::is_path(path)
}

/// Refuses a request of a program, in the form that the path has for refusals.
pub fn refusal_to_program(path: &str, error: Error) -> Response {
    if oidc::is_called(path) {
        return Denial::from(error).into_response();
    }
    if vendor::is_path(path) {
        return vendor::refused(error);
    }
    ApiError(error).into_response()
}

/// Refuses a request before any route sees it: with a page for browsers, with JSON for programs.
pub async fn refusal(state: &AppState, parts: Parts, error: Error) -> Response {
    let path = parts.uri.path();
    if is_for_programs(path) || !form_posts::wants_html(&parts.headers) {
        return refusal_to_program(path, error);
    }
    error_page(state.clone(), error, Request::from_parts(parts, Body::empty())).await
}
