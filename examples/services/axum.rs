//! A service in axum: lets in whoever brings a token of Latchkey for it, and asks nobody.

use std::{env, error::Error, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp, jwk::JwkSet,
};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::Mutex};

/// Demands on a token, and the keys that Latchkey signs with.
struct Latchkey {
    rules: Validation,
    key_set: String,
    client: Client,
    read: Mutex<(u64, JwkSet)>,
}

/// Somebody who is signed in.
#[derive(Deserialize, Serialize)]
struct Caller {
    email: String,
}

impl Latchkey {
    fn new(issuer: &str, audience: &str) -> reqwest::Result<Self> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        let key_set = format!("{issuer}/.well-known/jwks.json");
        let client = Client::builder().timeout(Duration::from_secs(5)).build()?;
        let read = Mutex::new((0, JwkSet { keys: Vec::new() }));
        Ok(Latchkey { rules, key_set, client, read })
    }

    /// Returns the key of that name. The set is read again every 10 minutes, and for a name that is
    /// not in it after 30 seconds.
    async fn key(&self, kid: &str) -> reqwest::Result<Option<DecodingKey>> {
        let mut read = self.read.lock().await;
        let (now, keeps) =
            (get_current_timestamp(), if read.1.find(kid).is_some() { 600 } else { 30 });
        if now.abs_diff(read.0) >= keeps {
            let answer = self.client.get(&self.key_set).send().await?.error_for_status()?;
            *read = (now, answer.json().await?);
        }
        Ok(read.1.find(kid).and_then(|key| DecodingKey::from_jwk(key).ok()))
    }

    /// Returns who brings this token, or nobody if it is no good. Fails if there is no key.
    async fn caller(&self, token: &str) -> reqwest::Result<Option<Caller>> {
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let (Some("service+jwt"), Some(kid)) = (header.typ.as_deref(), header.kid) else {
            return Ok(None);
        };
        let Some(key) = self.key(&kid).await? else { return Ok(None) };
        Ok(decode(token, &key, &self.rules).ok().map(|token| token.claims))
    }
}

impl FromRequestParts<Arc<Latchkey>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        latchkey: &Arc<Latchkey>,
    ) -> Result<Self, Response> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
        let (scheme, token) = given.and_then(|given| given.split_once(' ')).unwrap_or_default();
        let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
        match latchkey.caller(if is_bearer { token } else { "" }).await {
            Ok(Some(caller)) => Ok(caller),
            Ok(None) => {
                let how = [(header::WWW_AUTHENTICATE, "Bearer")];
                Err((StatusCode::UNAUTHORIZED, how).into_response())
            }
            // There is no key to judge it by, which is not the caller's fault.
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        }
    }
}

async fn me(caller: Caller) -> Json<Caller> {
    Json(caller)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT").unwrap_or("8080".to_owned());
    let latchkey = Latchkey::new(&env::var("ISSUER")?, &env::var("AUDIENCE")?)?;
    let app = Router::new().route("/api/me", get(me)).with_state(Arc::new(latchkey));
    axum::serve(TcpListener::bind(format!("127.0.0.1:{port}")).await?, app).await?;
    Ok(())
}
