//! Pages, rendered.

use axum::{
    extract::{Request, State},
    response::Response,
};
use leptos_axum::render_app_async_with_context;

use super::{
    page_data::{Trouble, Visit},
    state::AppState,
};
use crate::{app::shell, error::Error};

/// The page of a request's path.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let provided = state.clone();
    let render = render_app_async_with_context(move || Visit::provide(provided.clone()), move || shell(state.clone()));
    render(request).await
}

/// The page of an error, in place of whatever is at the request's path: nothing there is run.
pub async fn trouble(state: AppState, error: Error, mut request: Request) -> Response {
    request.extensions_mut().insert(Trouble(error));
    page(State(state), request).await
}
