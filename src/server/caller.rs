//! Who sent a request: its headers, and the address it came from.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        HeaderMap,
        header::{ACCEPT_LANGUAGE, USER_AGENT},
        request::Parts,
    },
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};
use woothee::parser::Parser;

use super::{
    cookies::Cookies,
    session::{self, Session},
    sign_in::{Browser, Client},
    state::AppState,
    telemetry,
    words::{Language, say},
};
use crate::error::Error;

/// A user agent longer than this is cut: it is shown to people, and nobody reads more.
const USER_AGENT_LENGTH: usize = 400;

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub headers: HeaderMap,
    pub ip: IpAddr,
}

impl Caller {
    pub fn of(state: &AppState, parts: &Parts) -> Self {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let socket = socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
            address.ip().to_canonical()
        });
        let ip = client_ip(socket, &parts.headers, &state.core.policy().server.trusted_proxies);
        Caller { headers: parts.headers.clone(), ip }
    }

    /// The session it presents, if it is alive.
    pub async fn session(&self, state: &AppState) -> Result<Option<Session>, Error> {
        session::present(&state.core, state.cookies, &self.headers).await
    }

    /// What it showed of itself.
    pub async fn browser(&self, state: &AppState) -> Result<Browser, Error> {
        let session = self.session(state).await?.map(|session| session.row);
        Ok(Browser { session, ..self.visitor(state) })
    }

    /// The same, but for its session.
    pub fn visitor(&self, state: &AppState) -> Browser {
        Browser {
            held: state.cookies.held(&self.headers),
            session: None,
            devices: state.cookies.devices(&self.headers),
            client: self.client(),
        }
    }

    /// Where it came from.
    pub fn client(&self) -> Client {
        let user_agent = self
            .headers
            .get(USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Client {
            ip: Some(self.ip),
            ip_prefix: ip_prefix(self.ip),
            user_agent: user_agent
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .take(USER_AGENT_LENGTH)
                .collect(),
            request_id: telemetry::request_id(&self.headers).to_owned(),
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        Ok(Caller::of(state, parts))
    }
}

/// The language a person chose, or else the one their browser likes best.
pub fn language(cookies: Cookies, headers: &HeaderMap) -> Language {
    let chosen = cookies.language(headers).and_then(|tag| Language::of_tag(&tag));
    let accepted = || {
        headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(Language::accepted)
    };
    chosen.or_else(accepted).unwrap_or_default()
}

/// The address a request came from: the socket's, unless that is a trusted proxy's. Then
/// `X-Forwarded-For` is read from the right, each entry written by the proxy after it, up to the
/// first that is not one of ours. What stands left of that one, the client wrote itself.
fn client_ip(socket: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&socket) {
        if headers.contains_key("x-forwarded-for") {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(%socket, "X-Forwarded-For of whom server.trusted_proxies does not have is not believed");
            });
        }
        return socket;
    }
    // As bytes: what the client wrote itself may be anything, and hides nothing to its right.
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut client = socket;
    for hop in hops {
        let hop = str::from_utf8(hop.trim_ascii()).ok();
        let Some(ip) = hop.and_then(parse_hop) else { return client };
        client = ip;
        if !is_trusted(&ip) {
            return client;
        }
    }
    client
}

/// An address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    ip.or_else(|_| hop.trim_matches(['[', ']']).parse()).ok().map(|ip: IpAddr| ip.to_canonical())
}

/// The network of an address: enough for people to recognise their own, too little to find a
/// person.
fn ip_prefix(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.*")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:*")
        }
    }
}

/// A user agent as people know it: "Firefox on Linux".
pub fn describe(user_agent: &str) -> String {
    let unknown = |name: &str| name.is_empty() || name == "UNKNOWN";
    match Parser::new().parse(user_agent) {
        Some(agent) if !unknown(agent.name) && !unknown(agent.os) => {
            say!("browser-on", browser = agent.name, system = agent.os)
        }
        Some(agent) if !unknown(agent.name) => agent.name.to_owned(),
        _ => say!("unknown-browser"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(socket: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let bytes = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
        let headers = forwarded
            .iter()
            .map(|value| HeaderValue::from_bytes(&bytes(value)).unwrap())
            .map(|value| ("x-forwarded-for".parse().unwrap(), value))
            .collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_ip(socket.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_headers_count_only_from_a_trusted_proxy_and_only_from_the_right() {
        assert_eq!(client("203.0.113.9", &["1.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "1.1.1.1:443"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["\u{ff}, 1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["\u{ff}", "1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, \u{ff}"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(client("::1", &["[2001:db8::7]:80"], &["::1/128"]), "2001:db8::7");
    }

    #[test]
    fn a_prefix_names_a_network_and_nobody_in_it() {
        assert_eq!(ip_prefix("203.0.113.9".parse().unwrap()), "203.0.113.*");
        assert_eq!(ip_prefix("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1:*");
    }

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(describe(firefox), "Firefox on Linux");
        assert_eq!(describe("curl-ish"), "an unknown browser");
    }
}
