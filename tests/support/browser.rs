//! A browser without JavaScript, or a program that uses the API. It keeps cookies and follows no
//! redirects.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

#[derive(Clone)]
pub struct Browser {
    base: String,
    client: Client,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The path it redirects to, or goes on to as a page. Panics unless it does.
    pub fn goes_to(&self) -> &str {
        if let Some((_, url)) = self.body.split_once("http-equiv=\"refresh\" content=\"0;url=") {
            let url = url.split('"').next().unwrap().replace("&#x2f;", "/").replace("&amp;", "&");
            return url.leak();
        }
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.headers["location"].to_str().unwrap()
    }

    /// The code in the API's error envelope. Panics if the status differs.
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {self:?}"))
            .to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn cookies_set(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

/// A client for http that follows no redirects. It does not read the machine's root certificates,
/// which takes as long as a story.
pub fn client() -> Client {
    let client = Client::builder().redirect(Policy::none()).tls_built_in_root_certs(false);
    client.build().unwrap()
}

/// The same over HTTP/2 without TLS, by prior knowledge.
pub fn http2_client() -> Client {
    let client = Client::builder().redirect(Policy::none()).tls_built_in_root_certs(false);
    client.http2_prior_knowledge().build().unwrap()
}

impl Browser {
    pub fn new(base: &str) -> Self {
        Self::by(client(), base)
    }

    /// A browser that makes its requests by this client.
    pub fn by(client: Client, base: &str) -> Self {
        Browser { base: base.to_owned(), client, cookies: Arc::default() }
    }

    /// Another browser with this one's cookies, as an attacker who stole them would have.
    pub fn copy(&self) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Browser { cookies: Arc::new(Mutex::new(cookies)), ..self.clone() }
    }

    /// Another one that has no cookies.
    pub fn without_cookies(&self) -> Self {
        Browser { cookies: Arc::default(), ..self.clone() }
    }

    /// The same browser, cookies included, at another instance.
    pub fn at(&self, base: &str) -> Self {
        Browser { base: base.to_owned(), ..self.clone() }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.client.request(method, url);
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// Sends a request as it is and stores the cookies of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if rest.contains("Max-Age=0") {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("accept", "text/html")).await
    }

    /// Posts a form, as a browser without JavaScript does from a page of this site.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).form(fields);
        self.send(request.header("accept", "text/html,*/*").header("sec-fetch-site", "same-origin"))
            .await
    }

    /// Posts JSON, as a program does.
    pub async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Types an address into the sign-in page.
    pub async fn ask_for_mail(&self, email: &str) -> Answer {
        self.post_form("/actions/sign-in", &[("email", email)]).await
    }

    /// Asks for a mail as a program does.
    pub async fn ask_by_api(&self, email: &str) -> Answer {
        self.post_json("/api/auth/send-passwordless", json!({ "email": email })).await
    }

    /// Types a code into the code page.
    pub async fn type_code(&self, code: &str) -> Answer {
        self.post_form("/actions/verify-code", &[("code", code)]).await
    }

    /// The address this browser is signed in as. Panics if the API and the dashboard disagree.
    pub async fn signed_in_as(&self) -> Option<String> {
        let answer = self.get("/api/auth/session").await;
        assert_eq!(
            self.get("/dashboard").await.status == StatusCode::OK,
            answer.status == StatusCode::OK,
            "{answer:?}"
        );
        match answer.status {
            StatusCode::OK => answer.json()["email"].as_str().map(str::to_owned),
            StatusCode::UNAUTHORIZED => None,
            _ => panic!("{answer:?}"),
        }
    }
}
