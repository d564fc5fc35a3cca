//! Pages, rendered.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{header::TRANSFER_ENCODING, request::Parts},
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use leptos_axum::render_app_async_with_context;

use crate::{
    app::shell,
    server::{
        ground::error::Error,
        http::{
            form_posts,
            page_context::{ErrorToShow, PageContext},
            respond::ApiError,
            state::AppState,
        },
    },
};

const END: &str = "</body></html>";

/// The page of a request's path.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let provided = state.clone();
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
    Response::from_parts(parts, Body::from(valid(&html)))
}

/// The document as HTML has it: Leptos marks the places of its nodes by `<!>`, which parsers take
/// for the empty comment it means and validators for a mistake, and puts its last scripts behind
/// the end. No text of ours or a person's holds either: both are escaped.
fn valid(html: &str) -> String {
    let html = html.replace("<!>", "<!---->");
    match html.rsplit_once(END) {
        Some((document, scripts)) => [document, scripts, END].concat(),
        None => html,
    }
}

/// The page of an error, in place of whatever is at the request's path: nothing there is run.
/// Boxed, because every request carries the room that this may take.
pub fn error_page(
    state: AppState,
    error: Error,
    mut request: Request,
) -> BoxFuture<'static, Response> {
    request.extensions_mut().insert(ErrorToShow(error));
    Box::pin(page(State(state), request))
}

/// The answer to a request that no route is shown: a page for people, JSON for programs.
pub async fn refusal(state: &AppState, parts: Parts, error: Error) -> Response {
    if parts.uri.path().starts_with("/api/") || !form_posts::wants_html(&parts.headers) {
        return ApiError(error).into_response();
    }
    error_page(state.clone(), error, Request::from_parts(parts, Body::empty())).await
}
