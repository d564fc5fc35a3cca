//! The endpoint at which an app is told of logouts.

use axum::{Form, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

#[derive(Clone)]
pub struct LogoutEndpoint {
    pub uri: String,
    state: Arc<Mutex<Received>>,
}

struct Received {
    tokens: Vec<String>,
    /// Its answer, and where it redirects to.
    answer: (StatusCode, String),
}

impl LogoutEndpoint {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/logout?of=wiki", listener.local_addr().unwrap());
        let answer = (StatusCode::OK, String::new());
        let state = Arc::new(Mutex::new(Received { tokens: Vec::new(), answer }));
        let router = Router::new().route("/logout", post(receive)).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        LogoutEndpoint { uri, state }
    }

    /// Makes it answer this from now on.
    pub fn answers(&self, status: u16, location: &str) {
        let answer = (StatusCode::from_u16(status).unwrap(), location.to_owned());
        self.state.lock().unwrap().answer = answer;
    }

    /// The logout tokens it has received so far.
    pub fn received(&self) -> Vec<String> {
        self.state.lock().unwrap().tokens.clone()
    }

    /// Waits for the logout token of this number, the first being 1.
    pub async fn nth(&self, number: usize) -> String {
        for _ in 0..4_000 {
            if let Some(token) = self.received().get(number - 1) {
                return token.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("logout {number} did not come: {:?}", self.received());
    }
}

async fn receive(
    State(state): State<Arc<Mutex<Received>>>,
    Form(form): Form<HashMap<String, String>>,
) -> impl IntoResponse {
    let mut received = state.lock().unwrap();
    received.tokens.push(form["logout_token"].clone());
    let (status, location) = received.answer.clone();
    (status, [("location", location)])
}
