//! Parsing of JSON bodies.

use axum::{
    body::Bytes,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

use crate::server::ground::error::Error;

/// Parses a JSON body. The error says what is wrong with it.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Error> {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Error::invalid("Send JSON, with the header content-type: application/json."));
    }
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("The JSON does not fit: {error}.")))
}
