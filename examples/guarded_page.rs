//! An app of one's own with one page that only signed-in users see, guarded by Latchkey.
//!
//! ```sh
//! LATCHKEY_PUBLIC_URL=http://localhost:4000 make run     # Latchkey, which listens at port 3000
//! cargo run --features ssr --example guarded_page        # http://localhost:4000/notes
//! ```
//!
//! The app knows nothing of tokens, links or codes. For each request it asks Latchkey who the
//! visitor is; whoever is not signed in goes to the sign-in page and comes back afterwards. Both
//! have to share a host name, because the session's cookie is sent to that host alone; here the app
//! passes what is not its own on to Latchkey, which in production the proxy in front of both does.

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, COOKIE, SET_COOKIE, TRANSFER_ENCODING},
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use reqwest::{Client, redirect::Policy};
use serde::{Deserialize, Serialize};

/// Largest body that Latchkey takes, in bytes.
const BODY: usize = 65_536;

/// Latchkey, as the app reaches it.
#[derive(Clone)]
pub struct Latchkey {
    url: String,
    client: Client,
}

/// A signed-in visitor. `user_id` is the key for everything that the app keeps about them.
#[derive(Deserialize, Serialize)]
pub struct User {
    email: String,
    user_id: String,
}

impl Latchkey {
    /// `url` has no slash at its end.
    pub fn new(url: &str) -> reqwest::Result<Self> {
        // Redirects are for the visitor's browser to follow.
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Latchkey { url: url.to_owned(), client })
    }

    /// The visitor, if signed in, and the cookies to pass on to them: a session in use is renewed.
    async fn visitor(&self, headers: &HeaderMap) -> reqwest::Result<Option<(User, HeaderMap)>> {
        let mut ask = self.client.get(format!("{}/api/auth/session", self.url));
        for cookie in headers.get_all(COOKIE) {
            ask = ask.header(COOKIE, cookie);
        }
        let answer = ask.send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let answer = answer.error_for_status()?;
        let cookies = answer.headers().get_all(SET_COOKIE).iter();
        let cookies = cookies.map(|cookie| (SET_COOKIE, cookie.clone())).collect();
        Ok(Some((answer.json().await?, cookies)))
    }

    /// Latchkey's answer to a request that is not for the app. `Host` stays as the visitor sent it.
    async fn pass_on(&self, request: Request) -> Result<Response, Box<dyn std::error::Error>> {
        let (mut parts, body) = request.into_parts();
        parts.headers.remove(CONNECTION);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let answer = self
            .client
            .request(parts.method, format!("{}{path}", self.url))
            .headers(parts.headers)
            .body(to_bytes(body, BODY).await?)
            .send()
            .await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        Ok((status, headers, Body::from(answer.bytes().await?)).into_response())
    }
}

/// The app: its page, and Latchkey for everything else.
pub fn app(latchkey: Latchkey) -> Router {
    Router::new().route("/notes", get(notes)).fallback(others).with_state(latchkey)
}

/// A page for signed-in users. It is not cached: the next visitor of this browser may be another.
async fn notes(State(latchkey): State<Latchkey>, headers: HeaderMap) -> Response {
    match latchkey.visitor(&headers).await {
        Ok(Some((user, cookies))) => {
            (cookies, [("cache-control", "no-store")], Json(user)).into_response()
        }
        Ok(None) => Redirect::to("/login?next=/notes").into_response(),
        Err(error) => out_of_reach(&error),
    }
}

async fn others(State(latchkey): State<Latchkey>, request: Request) -> Response {
    latchkey.pass_on(request).await.unwrap_or_else(|error| out_of_reach(error.as_ref()))
}

fn out_of_reach(error: &dyn std::error::Error) -> Response {
    eprintln!("Latchkey does not answer: {error}");
    (StatusCode::BAD_GATEWAY, "Sign-in does not answer. Please try again.").into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("LATCHKEY").unwrap_or("http://127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
    println!("http://localhost:4000/notes, guarded by {url}");
    axum::serve(listener, app(Latchkey::new(&url)?)).await?;
    Ok(())
}
