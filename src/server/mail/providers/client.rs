//! HTTP to a provider's API: one request, its answer, and where it may lead.

use ipnet::IpNet;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Client, Method, Request, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};
use url::Host;

use crate::server::{
    config::{ConfigError, MailPolicy, transports::MailTransport},
    ground::{error::with_causes, public_address::is_public},
    mail::send_error::SendError,
};

/// Time for a request with its answer, shorter than the worker's for a mail. A mail that was
/// accepted late would otherwise be sent twice.
const WHOLE: Duration = Duration::from_secs(40);
/// Time after which an unused connection is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Octets of an answer that are read.
const ANSWER: usize = 64 * 1024;

/// Characters that are written as %XX: all but the unreserved ones (RFC 3986, 2.3).
pub const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes a text as one segment of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A request, but for what proves who makes it.
pub struct Call {
    pub method: Method,
    /// Path below the address of the API; empty for that address itself.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        Call { method, path: path.into(), headers, body: Vec::new() }
    }

    /// Creates a POST of JSON.
    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        let call = Call::new(Method::POST, path);
        Call { body: body.to_string().into_bytes(), ..call }
            .with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// The answer to a request.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null if the body is no JSON.
    pub json: Value,
}

impl Answer {
    /// Returns a text in the JSON, by its place (RFC 6901); empty if there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Makes a header of a text with the token of an entry, and keeps it out of logs.
pub fn token_header(entry: &MailTransport, text: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        let name = entry.name.as_str();
        ConfigError(format!(
            "token of the transport {name:?} has characters that no token has. Copy it again."
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client of one API.
pub struct Http {
    base: Url,
    networks: Networks,
    connect: Duration,
    at_once: usize,
    /// Created with the first request: it reads the machine's root certificates.
    client: OnceLock<Client>,
}

impl Http {
    /// Creates a client of the API at `base`, unless that names an address it may not lead to.
    pub fn new(base: Url, entry: &MailTransport, mail: &MailPolicy) -> Result<Self, ConfigError> {
        let networks = Networks(entry.networks.as_slice().into());
        let ip = match base.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        if let Some(ip) = ip.filter(|ip| !networks.allow(*ip)) {
            let name = entry.name.as_str();
            return Err(ConfigError(format!("url of the transport {name:?}: {}.", refusal(ip))));
        }
        let (connect, at_once) = (Duration::from_secs(mail.timeout.into()), mail.at_once as usize);
        Ok(Http { base, networks, connect, at_once, client: OnceLock::new() })
    }

    /// Returns the URL of a path.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        }
        url
    }

    /// Makes a request, and reads the answer as far as it comes. An error after the connection was
    /// made leaves open whether the request has arrived.
    pub async fn ask(&self, call: Call) -> Result<Answer, SendError> {
        let mut request = Request::new(call.method, self.url(&call.path));
        *request.headers_mut() = call.headers;
        *request.body_mut() = (!call.body.is_empty()).then(|| call.body.into());
        let answer = self.client()?.execute(request).await;
        let mut answer = answer.map_err(|error| {
            let whose = if error.is_connect() { SendError::OfUs } else { SendError::Unsure };
            // Without the URL, whose query may hold a secret.
            whose(with_causes(&error.without_url()))
        })?;
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER {
                break;
            }
        }
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { status: answer.status(), headers: answer.headers().clone(), json })
    }

    /// Returns the client. It follows no redirect, because the mail and our credentials are for
    /// this host alone, and uses no proxy that the environment names.
    fn client(&self) -> Result<&Client, SendError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
            .tls_built_in_root_certs(self.base.scheme() == "https")
            .connect_timeout(self.connect)
            .timeout(WHOLE)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(self.at_once)
            .dns_resolver(Arc::new(self.networks.clone()))
            .build();
        let client = client.map_err(|error| SendError::OfUs(with_causes(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Networks that are not public and may be connected to all the same.
#[derive(Clone)]
struct Networks(Arc<[IpNet]>);

impl Networks {
    fn allow(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_public(ip) || self.0.iter().any(|network| network.contains(&ip))
    }
}

/// Resolves a host to those of its addresses that may be connected to. Whoever controls its DNS
/// could otherwise make us speak to the machine's own services (ASVS 5.0 1.3.6).
impl Resolve for Networks {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (allowed, refused): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|at| networks.allow(at.ip()));
            match refused.first().filter(|_| allowed.is_empty()) {
                Some(at) => Err(format!("{}: {}", name.as_str(), refusal(at.ip())).into()),
                None => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

fn refusal(ip: IpAddr) -> String {
    let ip = ip.to_canonical();
    format!("{ip} is not a public address; if it is right, add \"{ip}\" to networks of the entry")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_is_not_public_is_allowed_where_its_network_is_listed() {
        let networks = Networks(vec!["10.0.0.0/24".parse().unwrap()].as_slice().into());
        assert!(networks.allow(ip("10.0.0.7")) && networks.allow(ip("::ffff:10.0.0.7")));
        assert!(!networks.allow(ip("10.0.1.7")) && !networks.allow(ip("::ffff:127.0.0.1")));
    }
}
