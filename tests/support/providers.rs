//! Mail providers' APIs in the test's process, as their documents describe them: each checks what
//! the provider checks, keeps the mails it accepts, and can be told to answer otherwise.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

use super::{Mail, provider_rules};

pub const TOKEN: &str = "8f2a6c1e-55d0-4f4e-9c2b-7e1d3a90b6f4";
pub const ACCESS_KEY: &str = "AKIAEXAMPLE7";
pub const SECRET_KEY: &str = "q9Xv2LbT7sWk4RzN8mYc1HgJ5dPf0aUe";
/// Key that the reference libraries of Standard Webhooks are tested with.
pub const SIGNING_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ses,
    Postmark,
    Resend,
    SendGrid,
    Mailgun,
    Http,
}

pub const KINDS: [Kind; 6] =
    [Kind::Ses, Kind::Postmark, Kind::Resend, Kind::SendGrid, Kind::Mailgun, Kind::Http];

impl Kind {
    /// The keys of an entry of this kind, without its name and its URL.
    pub fn keys(self) -> String {
        match self {
            Kind::Ses => format!(
                "kind = \"ses\"\nregion = \"eu-central-1\"\naccess_key = \"{ACCESS_KEY}\"\n\
                 secret_key = \"{SECRET_KEY}\"\nconfiguration_set = \"sign-in\""
            ),
            Kind::Postmark => {
                format!("kind = \"postmark\"\ntoken = \"{TOKEN}\"\nstream = \"sign/in\"")
            }
            Kind::Resend => format!("kind = \"resend\"\ntoken = \"{TOKEN}\""),
            Kind::SendGrid => format!("kind = \"sendgrid\"\ntoken = \"{TOKEN}\""),
            Kind::Mailgun => {
                format!(
                    "kind = \"mailgun\"\ntoken = \"{TOKEN}\"\nsending_domain = \"mg.example.com\""
                )
            }
            Kind::Http => format!("kind = \"http\"\nsigning_key = \"{SIGNING_KEY}\""),
        }
    }
}

/// How it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    #[default]
    Takes,
    /// Answers every request with this status and body.
    Says(u16, &'static str),
    /// Refuses mails, and repeats in the error what it was sent and by which token.
    Echoes,
    /// Accepts the mail and never says so.
    TakesAndFallsSilent,
    /// Accepts the mail and says so once it is told to behave otherwise.
    Holds,
    /// Answers a request to take an address off its list only once it is told to behave otherwise.
    HoldsLifts,
}

/// A request that it received.
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer: status, a header, body.
pub struct Reply(pub u16, pub Option<(&'static str, String)>, pub String);

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        Reply(status, None, body.to_string())
    }
}

#[derive(Clone)]
pub struct Provider {
    pub kind: Kind,
    /// Its address, by a host that is not a name.
    pub url: String,
    shared: Arc<Shared>,
    mails: watch::Receiver<Vec<Mail>>,
}

/// State that all requests share.
struct Shared {
    kind: Kind,
    put: watch::Sender<Vec<Mail>>,
    behaviour: watch::Sender<Behaviour>,
    suppressed: Mutex<BTreeSet<String>>,
    /// Requests to take an address off its list, answered or not.
    lifts: watch::Sender<usize>,
    /// The request of each key by which it knows a mail again, and its id.
    known: Mutex<BTreeMap<String, (Bytes, String)>>,
    /// Lines like `POST /email`.
    heard: Mutex<Vec<String>>,
    /// The keys of mails, in order of arrival.
    keys: Mutex<Vec<String>>,
}

impl Provider {
    pub async fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let path = if kind == Kind::Http { "/send?of=team" } else { "" };
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let (put, mails) = watch::channel(Vec::new());
        let shared = Arc::new(Shared {
            kind,
            put,
            behaviour: watch::Sender::default(),
            suppressed: Mutex::default(),
            lifts: watch::Sender::default(),
            known: Mutex::default(),
            heard: Mutex::default(),
            keys: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Provider { kind, url, shared, mails }
    }

    /// Keys of an entry that leads here, without its name.
    pub fn keys(&self) -> String {
        self.keys_by(&self.url) + "\nnetworks = [\"127.0.0.0/8\", \"::1\"]"
    }

    /// The same by another URL, and without its network.
    pub fn keys_by(&self, url: &str) -> String {
        format!("{}\nurl = \"{url}\"", self.kind.keys())
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    pub fn suppress(&self, address: &str) {
        self.shared.suppressed.lock().unwrap().insert(address.to_owned());
    }

    /// Waits for the request number `n` to take an address off its list.
    pub async fn lifts(&self, n: usize) {
        let mut lifts = self.shared.lifts.subscribe();
        let asked = tokio::time::timeout(Duration::from_secs(20), lifts.wait_for(|all| *all >= n));
        asked.await.expect("a request in time").unwrap();
    }

    pub fn count(&self) -> usize {
        self.mails.borrow().len()
    }

    /// Waits for the first mail to `address`.
    pub async fn first_to(&self, address: &str) -> Mail {
        self.nth_to(address, 1).await
    }

    /// Waits for the mail of this number to `address`, the first being 1.
    pub async fn nth_to(&self, address: &str, number: usize) -> Mail {
        let mut mails = self.mails.clone();
        let nth = |mails: &[Mail]| {
            mails.iter().filter(|mail| mail.to == address).nth(number - 1).cloned()
        };
        let arrived = mails.wait_for(|mails| nth(mails).is_some());
        let mails = tokio::time::timeout(Duration::from_secs(20), arrived).await;
        let mails = mails.unwrap_or_else(|_| panic!("no mail in time: {:?}", self.heard()));
        nth(&mails.unwrap()).unwrap()
    }

    /// The id by which it reports of the newest mail: its own, or that of a service's mail.
    pub fn newest_id(&self) -> String {
        match self.kind {
            Kind::Http => self.mail_keys().pop().unwrap(),
            _ => format!("0100-{}", self.count()),
        }
    }

    /// The requests so far, like `POST /email 200`.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// The keys that came with mails, by which a provider knows one again.
    pub fn mail_keys(&self) -> Vec<String> {
        self.shared.keys.lock().unwrap().clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.path_and_query().unwrap().to_string();
    let request = Request { method, path, headers, body };
    let Reply(status, header, body) = reply(&shared, &request).await;
    let line = format!("{} {} {status}", request.method, request.path);
    shared.heard.lock().unwrap().push(line);
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

async fn reply(shared: &Shared, request: &Request) -> Reply {
    let behaviour = shared.behaviour.borrow().clone();
    if let Behaviour::Says(status, body) = behaviour {
        let to = (300..400).contains(&status).then(|| ("location", "/elsewhere".to_owned()));
        return Reply(status, to, body.to_owned());
    }
    if let Err(reply) = provider_rules::known(shared.kind, request) {
        return reply;
    }
    if let Some(reply) = lift(shared, request) {
        let mut behaviour = shared.behaviour.subscribe();
        shared.lifts.send_modify(|lifts| *lifts += 1);
        behaviour.wait_for(|now| *now != Behaviour::HoldsLifts).await.unwrap();
        return reply;
    }
    if request.method != Method::POST {
        return provider_rules::probe(shared.kind, request);
    }
    let mail = match provider_rules::mail(shared.kind, request) {
        Ok(mail) => mail,
        Err(reply) => return reply,
    };
    if behaviour == Behaviour::Echoes {
        let token = request.header("authorization").to_owned() + TOKEN;
        let words = format!("bad: {token}\n{}\n{} {}", mail.text, mail.html, mail.subject);
        let errors = json!([{ "message": words, "field": "x" }]);
        return Reply::json(400, json!({ "message": words, "Message": words, "errors": errors }));
    }
    if shared.suppressed.lock().unwrap().contains(&mail.to) {
        return provider_rules::suppressed(shared.kind);
    }
    let reply = keep(shared, request, mail);
    if behaviour == Behaviour::TakesAndFallsSilent {
        std::future::pending::<()>().await;
    }
    if behaviour == Behaviour::Holds {
        let mut told = shared.behaviour.subscribe();
        told.wait_for(|behaviour| *behaviour != Behaviour::Holds).await.unwrap();
    }
    reply
}

/// Keeps a mail, unless it is known by its key.
fn keep(shared: &Shared, request: &Request, mail: Mail) -> Reply {
    let key = ["idempotency-key", "webhook-id"].map(|name| request.header(name)).concat();
    shared.keys.lock().unwrap().push(key.clone());
    let mut known = shared.known.lock().unwrap();
    if let Some((body, id)) = known.get(&key).filter(|_| !key.is_empty()) {
        let is_changed = shared.kind == Kind::Resend && *body != request.body;
        return match is_changed {
            true => Reply::json(
                409,
                json!({ "statusCode": 409, "name": "invalid_idempotent_request",
                        "message": "This idempotency key was used with another body." }),
            ),
            false => provider_rules::taken(shared.kind, id),
        };
    }
    let id = format!("0100-{}", shared.put.borrow().len() + 1);
    known.insert(key, (request.body.clone(), id.clone()));
    shared.put.send_modify(|mails| mails.push(mail));
    provider_rules::taken(shared.kind, &id)
}

/// Removes an address from the list of those it sends nothing to, if it is asked to.
fn lift(shared: &Shared, request: &Request) -> Option<Reply> {
    let mut suppressed = shared.suppressed.lock().unwrap();
    if request.path == "/message-streams/sign%2Fin/suppressions/delete" {
        let body = request.json();
        let address = body["Suppressions"][0]["EmailAddress"].as_str().unwrap();
        suppressed.remove(address);
        let status = if address.starts_with("complained") { "Failed" } else { "Deleted" };
        let message = "You do not have the required authority to change this suppression.";
        let one = json!({ "EmailAddress": address, "Status": status, "Message": message });
        return Some(Reply::json(200, json!({ "Suppressions": [one] })));
    }
    if request.method != Method::DELETE {
        return None;
    }
    let (list, address) = request.path.rsplit_once('/').unwrap();
    let address = percent_decode_str(address).decode_utf8().unwrap().into_owned();
    let (lists, status): (&[_], _) = match shared.kind {
        Kind::Ses => (&["/v2/email/suppression/addresses"], 200),
        Kind::Resend => (&["/suppressions"], 200),
        Kind::SendGrid => (
            &[
                "/v3/suppression/bounces",
                "/v3/suppression/blocks",
                "/v3/suppression/invalid_emails",
                "/v3/suppression/spam_reports",
            ],
            204,
        ),
        Kind::Mailgun => (
            &[
                "/v3/mg.example.com/bounces",
                "/v3/mg.example.com/complaints",
                "/v3/mg.example.com/unsubscribes",
            ],
            200,
        ),
        Kind::Postmark | Kind::Http => (&[], 200),
    };
    assert!(lists.contains(&list), "there is no list {list}");
    // It is on the first list only.
    let was_there = list == lists[0] && suppressed.remove(&address);
    Some(Reply::json(if was_there { status } else { 404 }, json!({ "message": "not there" })))
}
