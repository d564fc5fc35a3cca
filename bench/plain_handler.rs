//! The floor that the benchmark compares Latchkey with: a plain axum handler that verifies a token
//! of the same kind in the same cookie and returns a small page, with no database and no rendering.
//! `/read` returns the same page after the one read that shows if a session was revoked: the floor
//! for a server that has to know that.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::COOKIE},
    response::Html,
    routing::get,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use latchkey::server::{config::Database, store::Store};
use serde::{Deserialize, Serialize};
use std::{env, io};

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

/// Returns a page for a signed-in user, and 401 for anyone else: a token that fails must not pass
/// for a fast answer.
async fn page(headers: HeaderMap) -> Result<Html<String>, StatusCode> {
    verify(&headers).map(|claims| small_page(&claims.sub))
}

/// Returns the same page, if the session is alive in the database.
async fn page_after_read(
    State(store): State<Store>,
    headers: HeaderMap,
) -> Result<Html<String>, StatusCode> {
    let claims = verify(&headers)?;
    let session =
        store.session(&claims.sid, true, 0).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    session.map(|session| small_page(&session.user_id)).ok_or(StatusCode::UNAUTHORIZED)
}

fn small_page(who: &str) -> Html<String> {
    Html(format!("<!doctype html><title>Plain</title><h1>You are signed in</h1><p>As {who}</p>"))
}

fn verify(headers: &HeaderMap) -> Result<Claims, StatusCode> {
    let cookie = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = cookie.strip_prefix("session=").ok_or(StatusCode::UNAUTHORIZED)?;
    let mut rule = Validation::new(Algorithm::HS256);
    rule.set_issuer(&[ORIGIN]);
    rule.set_audience(&[ORIGIN]);
    rule.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    let token = decode::<Claims>(token, &DecodingKey::from_secret(KEY), &rule)
        .map_err(|_| StatusCode::UNAUTHORIZED)?;
    if token.header.typ.as_deref() != Some(TYP) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(token.claims)
}

/// Listens on the address in the first argument, and prints a cookie to send. The cookie is for the
/// session in the second argument, which is in the database of `DATABASE_URL`.
#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(sid), Ok(database)) =
        (arguments.next(), arguments.next(), env::var("DATABASE_URL"))
    else {
        return Err(io::Error::other("usage: DATABASE_URL=… plain_handler ADDRESS SESSION"));
    };
    let store = Store::connect(&database, &Database::default()).await.map_err(io::Error::other)?;
    let claims = Claims {
        iss: ORIGIN.to_owned(),
        aud: ORIGIN.to_owned(),
        sub: "3f2c9a54d1e84b7f".to_owned(),
        sid,
        iat: 1_700_000_000,
        exp: 9_999_999_999,
    };
    let header = Header { typ: Some(TYP.to_owned()), ..Header::new(Algorithm::HS256) };
    let token =
        encode(&header, &claims, &EncodingKey::from_secret(KEY)).map_err(io::Error::other)?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("session={token}");
    let router =
        Router::new().route("/", get(page)).route("/read", get(page_after_read)).with_state(store);
    axum::serve(listener, router).await
}
