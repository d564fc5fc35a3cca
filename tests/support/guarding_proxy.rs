//! A proxy that guards a host with our sign-in, as a story needs it: it asks the server about each
//! request, and passes on what the server answers to those it does not let in.

use reqwest::{Client, StatusCode, header::HeaderMap};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{Answer, App, client};

/// A browser at a guarded host, behind its proxy.
pub struct GuardedHost {
    server: String,
    pub host: String,
    client: Client,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl GuardedHost {
    pub fn new(app: &App, host: &str) -> Self {
        Self::by(client(), app, host)
    }

    /// The same behind a proxy that asks by this client.
    pub fn by(client: Client, app: &App, host: &str) -> Self {
        let (server, host) = (app.url.clone(), host.to_owned());
        GuardedHost { server, host, client, cookies: Arc::default() }
    }

    /// Asks the server about a request of a person.
    pub async fn get(&self, uri: &str) -> Answer {
        self.ask("/api/auth/forward", uri, &[("accept", "text/html")]).await
    }

    /// Asks the server about a request, as nginx does.
    pub async fn check(&self, uri: &str) -> StatusCode {
        self.ask("/api/auth/forward/check", uri, &[("accept", "text/html")]).await.status
    }

    /// Asks the server, with these headers of the browser or of the proxy.
    pub async fn ask(&self, path: &str, uri: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.server));
        let own = [
            ("x-forwarded-host", self.host.as_str()),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-uri", uri),
            ("x-forwarded-method", "GET"),
        ];
        let own = own.iter().filter(|(name, _)| headers.iter().all(|(other, _)| other != name));
        for (name, value) in own.chain(headers) {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> =
            self.jar(|jar| jar.iter().map(|(name, value)| format!("{name}={value}")).collect());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().await.unwrap();
        let (status, headers): (_, HeaderMap) = (response.status(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.jar(|jar| jar.insert(name.to_owned(), value.to_owned()));
        }
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar(|jar| jar.get(name).cloned())
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar(|jar| jar.insert(name.to_owned(), value.to_owned()));
    }

    fn jar<T>(&self, with: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        with(&mut self.cookies.lock().unwrap())
    }
}
