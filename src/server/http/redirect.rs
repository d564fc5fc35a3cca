//! The second address: it speaks no TLS, and leads every request to the public URL.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};

use super::{active_request::ActiveRequest, listener::Listener, serving};
use crate::server::values::public_url::PublicUrl;

/// Most connections at once. Each has one answer.
const CONNECTIONS: u32 = 256;
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Answers on `listener` until `stopping`.
pub async fn serve(listener: TcpListener, to: PublicUrl, stopping: watch::Receiver<bool>) {
    let router = Router::new().fallback(redirect).with_state(Arc::new(to));
    serving::serve(Listener::new(listener, CONNECTIONS, KEEP_ALIVE), router, None, stopping).await;
}

/// Redirects to the same path of the public URL, for good (RFC 9110, 15.4.9: a POST stays one). The
/// host that the request names is not looked at: anybody may write it.
async fn redirect(State(to): State<Arc<PublicUrl>>, request: Request) -> Response {
    let active = ActiveRequest::begin(&request);
    let path = request.uri().path_and_query().map(|path| path.as_str());
    let path = path.filter(|path| path.starts_with('/')).unwrap_or("/");
    let location = HeaderValue::from_str(&format!("{}{path}", to.origin()));
    let response = match location {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    };
    active.end(response, true)
}
