//! Serving of connections, each in a task of its own: HTTP/1 or HTTP/2, as its client begins.
//!
//! The deadlines of an HTTP/2 connection are kept here. It is of use while one of its streams is
//! open or its client takes what is sent. Once it is of no use, or the server stops, its client is
//! told to take leave (GOAWAY, RFC 9113, 6.8), and cut off if it does not.

use axum::{Extension, Router, extract::ConnectInfo, middleware::AddExtension};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::sleep,
};
use tower::Layer;

use super::{
    connection::DeadlineStream,
    head,
    listener::{HEADER_TIME, Listener},
    tls::Tls,
};

/// Most streams that a client has open at once on one connection: what RFC 9113, 6.5.2, asks for at
/// least.
const STREAMS: u32 = 100;
/// Most streams that a client may reset before we have seen them, and most that it may force us to
/// reset, on one connection. One more, and the connection ends: such floods cost a client nothing
/// (CVE-2023-44487, CVE-2025-8671).
const RESETS: usize = 20;
const FORCED_RESETS: usize = 100;
/// Bytes that a client may send ahead on one stream, and on all of a connection. No body is larger
/// than the first.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// Bytes of one answer that wait for a client to take them.
const SEND_BUFFER: usize = 64 * 1024;
/// Time that a client has to take leave, or to take more of what is still sent to it.
const FAREWELL: Duration = Duration::from_secs(5);
/// Time after which it is cut off, whatever it takes.
const LAST: Duration = Duration::from_secs(30);

/// Serves the connections of `listener` until `stopping`, then lets them finish.
pub async fn serve(
    listener: Listener,
    router: Router,
    tls: Option<Tls>,
    mut stopping: watch::Receiver<bool>,
) {
    let http = Arc::new(protocols());
    let places = listener.places.clone();
    let told = stopping.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address, permit)) = accepted else { break };
        let router = Extension(ConnectInfo(address)).layer(router.clone());
        let (http, places, tls, mut told) =
            (http.clone(), places.clone(), tls.clone(), told.clone());
        tokio::spawn(async move {
            let keep_alive = places.keep_alive;
            let Some(tls) = tls else {
                return converse(&http, places.take(stream, permit), keep_alive, router, told)
                    .await;
            };
            let stream = tokio::select! {
                stream = tls.accept(stream) => stream,
                () = stopped(&mut told) => None,
            };
            if let Some(stream) = stream {
                converse(&http, places.take(stream, permit), keep_alive, router, told).await;
            }
        });
    }
    // Later connections are refused now, instead of waiting in the system's queue.
    drop(listener);
    places.are_free().await;
}

/// Returns the limits of both protocols.
fn protocols() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // The connection itself limits the time for headers: hyper's own limit would apply to idle
    // time, too.
    http.http1().header_read_timeout(None).max_buf_size(head::MOST);
    http.http2()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(head::MOST as u32)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(FORCED_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER);
    http
}

/// Serves one connection until it ends.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    http: &Builder<TokioExecutor>,
    stream: DeadlineStream<S>,
    keep_alive: Duration,
    router: AddExtension<Router, ConnectInfo<SocketAddr>>,
    mut stopping: watch::Receiver<bool>,
) {
    let state = stream.state();
    let service = TowerToHyperService::new(Extension(state.clone()).layer(router));
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut check = pin!(sleep(keep_alive.min(HEADER_TIME)));
    let (mut is_checked, mut is_ending) = (true, false);
    let mut last = pin!(sleep(Duration::MAX));
    loop {
        let allowed = match is_ending {
            true => FAREWELL,
            false if state.streams.has_any() => keep_alive,
            false => keep_alive.min(HEADER_TIME),
        };
        let is_leaving = tokio::select! {
            biased;
            () = stopped(&mut stopping), if !is_ending => true,
            () = state.is_ending(), if !is_ending => true,
            () = last.as_mut(), if is_ending => return,
            () = check.as_mut(), if is_checked => match state.unused_for(is_ending) {
                None => {
                    is_checked = false;
                    continue;
                }
                Some(unused) if unused < allowed => {
                    check.set(sleep(allowed - unused));
                    continue;
                }
                Some(_) => !is_ending,
            },
            _ = connection.as_mut() => return,
        };
        if !is_leaving {
            return;
        }
        is_ending = true;
        connection.as_mut().graceful_shutdown();
        check.set(sleep(FAREWELL));
        last.set(sleep(LAST));
    }
}

/// Waits until the server is to stop.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
