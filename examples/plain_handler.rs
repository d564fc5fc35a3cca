//! What the benchmark measures Latchkey against: a plain axum handler that verifies a token of the same kind, kept in the
//! same cookie, and returns a small page. No database, no rendering: the floor.

use axum::{Router, http::HeaderMap, response::Html, routing::get};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    sid: String,
    exp: u64,
}

const KEY: &[u8; 32] = b"only for the benchmark, 32 bytes";

async fn page(headers: HeaderMap) -> Html<String> {
    let cookie = headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = cookie.strip_prefix("session=").unwrap_or_default();
    let claims = decode::<Claims>(token, &DecodingKey::from_secret(KEY), &Validation::new(Algorithm::HS256));
    let who = claims.map_or("nobody".to_owned(), |token| token.claims.sub);
    Html(format!("<!doctype html><title>Plain</title><h1>You are signed in</h1><p>As {who}</p>"))
}

/// Listens on the address in the first argument, and prints a cookie to send.
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let claims = Claims { sub: "ada".to_owned(), sid: "session".to_owned(), exp: 9_999_999_999 };
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).map_err(std::io::Error::other)?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("session={token}");
    axum::serve(listener, Router::new().route("/", get(page))).await
}
