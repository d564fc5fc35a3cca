//! The files of the team's brand, and the stylesheet of the desk.

use axum::{
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use crate::server::{
    config::brand::File,
    http::{desk_style, state::AppState},
};

/// GET `/brand.css`
pub async fn stylesheet(State(state): State<AppState>) -> Response {
    serve(state.auth.policy().brand_files.stylesheet.as_ref())
}

/// GET `/brand-logo`
pub async fn logo(State(state): State<AppState>) -> Response {
    serve(state.auth.policy().brand_files.logo.as_ref())
}

/// GET `/desk.css`
pub async fn desk_stylesheet() -> Response {
    serve(Some(&desk_style::STYLESHEET))
}

fn serve(file: Option<&File>) -> Response {
    let Some(file) = file else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (CONTENT_TYPE, file.kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        // An SVG image that is opened by itself is a page.
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
        ),
    ];
    (headers, file.bytes.clone()).into_response()
}
