//! Exports of the audit table as files, sent while they are read.

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures::stream;
use std::sync::Arc;

use crate::server::{
    auth::{
        Auth,
        export::{Export, Format},
    },
    ground::error::Error,
};

/// Answers with an export. If the database fails on the way, the connection is broken off, so that
/// nobody takes a part for the whole.
pub fn answer(auth: Arc<Auth>, export: Export, format: Format) -> Response {
    let chunks = stream::try_unfold(export, move |mut export| {
        let auth = auth.clone();
        async move {
            let lines = export.next(&auth).await?;
            Ok::<_, Error>(lines.map(|lines| (Bytes::from(lines), export)))
        }
    });
    let (kind, file) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        Format::Jsonl => ("application/x-ndjson", "attachment; filename=\"audit.jsonl\""),
    };
    let mut response = Body::from_stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(file));
    response
}
