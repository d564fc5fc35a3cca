//! What the benchmark measures Latchkey against: a plain axum handler that verifies a token of the same kind, kept in the
//! same cookie, and returns a small page. No database, no rendering: the floor.

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::COOKIE},
    response::Html,
    routing::get,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// The claims of Latchkey's own token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: u64,
    exp: u64,
}

const KEY: &[u8; 32] = b"only for the benchmark, 32 bytes";
const ORIGIN: &str = "http://localhost:3000";
const TYP: &str = "session+jwt";

/// A page for who is signed in, and 401 for anyone else: a token that fails must not pass for a fast answer.
async fn page(headers: HeaderMap) -> Result<Html<String>, StatusCode> {
    let cookie = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = cookie.strip_prefix("session=").ok_or(StatusCode::UNAUTHORIZED)?;
    let mut rule = Validation::new(Algorithm::HS256);
    rule.set_issuer(&[ORIGIN]);
    rule.set_audience(&[ORIGIN]);
    rule.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    let token = decode::<Claims>(token, &DecodingKey::from_secret(KEY), &rule).map_err(|_| StatusCode::UNAUTHORIZED)?;
    if token.header.typ.as_deref() != Some(TYP) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let who = token.claims.sub;
    Ok(Html(format!("<!doctype html><title>Plain</title><h1>You are signed in</h1><p>As {who}</p>")))
}

/// Listens on the address in the first argument, and prints a cookie to send.
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let claims = Claims {
        iss: ORIGIN.to_owned(),
        aud: ORIGIN.to_owned(),
        sub: "3f2c9a54d1e84b7f".to_owned(),
        sid: "b81d0c6e5a2f4937".to_owned(),
        iat: 1_700_000_000,
        exp: 9_999_999_999,
    };
    let header = Header { typ: Some(TYP.to_owned()), ..Header::new(Algorithm::HS256) };
    let token = encode(&header, &claims, &EncodingKey::from_secret(KEY)).map_err(std::io::Error::other)?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("session={token}");
    axum::serve(listener, Router::new().route("/", get(page))).await
}
