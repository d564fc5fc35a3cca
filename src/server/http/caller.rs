//! The sender of a request: its headers, its session, and its address.

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{
        Extensions, HeaderMap, HeaderValue, Method,
        header::{ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT},
        request::Parts,
    },
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use utoipa::IntoParams;

use super::{
    client_ip::{client_ip, ip_prefix},
    cookies::Cookies,
    correlation,
    state::AppState,
};
use crate::server::{
    apps::bearer::AtDesk,
    auth::{
        Client, Requester,
        session::{self, Presented, Session},
    },
    desk::operator::Operator,
    ground::{error::Error, words::Language},
    values::network,
};

/// Characters of a user agent that are kept. Users are shown it, and nobody reads more.
const USER_AGENT_LENGTH: usize = 400;

/// Headers by which an app tells whose request it sends. They are believed from apps that have
/// shown a token of their own, and ignored from everybody else.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)] // used in the description only
pub struct PersonHeaders {
    /// Only from an app with a token of its own: the IP address of the person it asks for. The
    /// limits of networks and clients are then that person's, and the email shows their network.
    #[param(rename = "x-user-ip", example = "203.0.113.7")]
    user_ip: Option<String>,
    /// Only from an app with a token of its own: the `User-Agent` of that person's browser.
    #[param(rename = "x-user-agent")]
    user_agent: Option<String>,
}

const USER_IP: &str = "x-user-ip";
const PERSON_AGENT: &str = "x-user-agent";

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub headers: HeaderMap,
    pub ip: IpAddr,
    /// True for HEAD requests and prefetches (by mail scanners, previews, or browsers that predict
    /// a click), which change nothing.
    pub only_looks: bool,
}

impl Caller {
    pub fn of(state: &AppState, parts: &Parts) -> Self {
        Self::of_head(state, &parts.method, &parts.headers, &parts.extensions)
    }

    /// The same for a request that is not taken apart yet.
    pub fn of_request(state: &AppState, request: &Request) -> Self {
        Self::of_head(state, request.method(), request.headers(), request.extensions())
    }

    fn of_head(
        state: &AppState,
        method: &Method,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Self {
        let proxies = &state.auth.policy().server.trusted_proxies;
        let ip = client_ip(peer(extensions), headers, proxies);
        let only_looks = *method == Method::HEAD || is_prefetch(headers);
        Caller { headers: headers.clone(), ip, only_looks }
    }

    /// Returns the session that the request presents, if it is alive.
    pub async fn session(&self, state: &AppState) -> Result<Option<Session>, Error> {
        match presented(state.cookies, &self.headers) {
            Some(presented) => session::present(&state.auth, &presented).await,
            None => Ok(None),
        }
    }

    /// Returns the client that stands behind an app whose own token the request presents: the
    /// person whom the app tells of, or else the app as a whole. `None` if no app has shown one.
    pub async fn client_of_app(&self, state: &AppState) -> Result<Option<Client>, Error> {
        let tokens = self.headers.get_all(AUTHORIZATION).iter().filter_map(bearer);
        let Some(app) = state.apps.calling(tokens).await? else { return Ok(None) };
        let (id, ip) = (String::from(app.id), user_ip(&self.headers)?);
        let agent = match (self.headers.get(PERSON_AGENT), ip) {
            // The address is a person's, and the program that calls is the back end's.
            (None, Some(_)) => None,
            (None, None) => self.headers.get(USER_AGENT),
            (told, _) => told,
        };
        Ok(Some(Client {
            ip,
            ip_prefix: ip.map_or_else(|| network::of_app(&id), ip_prefix),
            user_agent: agent.map(text).unwrap_or_default(),
            request_id: correlation::request_id(&self.headers).to_owned(),
            app: Some(id),
        }))
    }

    /// Returns the operator who calls the desk's API: an app with a token of its own, or a person
    /// with a session's, in the header `Authorization`. A cookie counts for nothing there, since
    /// browsers add it to what other sites make them send.
    pub async fn operator(&self, state: &AppState) -> Result<Operator, Error> {
        let mut tokens = self.headers.get_all(AUTHORIZATION).iter().filter_map(bearer).peekable();
        if tokens.peek().is_none() {
            return Err(Error::AppNeeded);
        }
        let (auth, client) = (&state.auth, self.client());
        if let Some(AtDesk { app_id, may, asked }) = state.apps.at_desk(tokens).await? {
            return Operator::of_app(auth, &app_id, (may, asked), client).await;
        }
        let session = self.session(state).await?.ok_or(Error::Unauthenticated)?;
        session::note_use(auth, &session).await;
        Operator::of(auth, &session, client).await
    }

    /// Collects what a request shows of its sender, with the session, which a sign-in replaces.
    pub async fn requester_with_session(&self, state: &AppState) -> Result<Requester, Error> {
        let session = self.session(state).await?.map(|session| session.row);
        Ok(Requester { session, ..self.requester(state) })
    }

    /// Collects the same without reading the session.
    pub fn requester(&self, state: &AppState) -> Requester {
        Requester {
            held: state.cookies.held(&self.headers),
            session: None,
            devices: state.cookies.devices(&self.headers),
            client: self.client(),
        }
    }

    /// Returns the caller's address, user agent and correlation id.
    pub fn client(&self) -> Client {
        Client {
            ip: Some(self.ip),
            ip_prefix: ip_prefix(self.ip),
            user_agent: self.headers.get(USER_AGENT).map(text).unwrap_or_default(),
            request_id: correlation::request_id(&self.headers).to_owned(),
            app: None,
        }
    }
}

/// Returns the text of a header, as much of it as is kept.
fn text(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect()
}

/// Returns the address that an app tells. Refuses two: one of them may be the person's own claim,
/// which a careless back end has passed on.
fn user_ip(headers: &HeaderMap) -> Result<Option<IpAddr>, Error> {
    let mut told = headers.get_all(USER_IP).iter();
    let ip: Option<IpAddr> = match (told.next(), told.next()) {
        (None, _) => return Ok(None),
        (Some(ip), None) => ip.to_str().ok().and_then(|ip| ip.parse().ok()),
        (Some(_), Some(_)) => None,
    };
    let why = "x-user-ip has to be one IP address, without a port, such as 203.0.113.7.";
    ip.map(|ip| Some(ip.to_canonical())).ok_or_else(|| Error::invalid(why))
}

/// Returns the address at the other end of the connection: of a proxy, if there is one.
pub fn peer(extensions: &Extensions) -> IpAddr {
    let socket = extensions.get::<ConnectInfo<SocketAddr>>();
    socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
        address.ip().to_canonical()
    })
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

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].into_iter().filter_map(|name| headers.get(name)).any(
        |purpose| {
            purpose.as_bytes().to_ascii_lowercase().windows(8).any(|bytes| bytes == b"prefetch")
        },
    )
}

/// Returns the language the user chose, or else the one their browser prefers.
pub fn language(cookies: Cookies, headers: &HeaderMap) -> Language {
    let chosen = cookies.language(headers).and_then(|tag| Language::of_tag(&tag));
    let accepted = || {
        headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(Language::accepted)
    };
    chosen.or_else(accepted).unwrap_or_default()
}

/// Returns the session token that a request presents, as a bearer token or in a cookie. Refuses two
/// bearer tokens, because it is unclear which one is meant.
pub fn presented(cookies: Cookies, headers: &HeaderMap) -> Option<Presented> {
    let mut bearers = headers.get_all(AUTHORIZATION).iter().filter_map(bearer);
    match (bearers.next(), bearers.next()) {
        (None, _) => Some(Presented { jwt: cookies.session(headers)?, by_cookie: true }),
        (Some(jwt), None) => Some(Presented { jwt: jwt.to_owned(), by_cookie: false }),
        (Some(_), Some(_)) => None,
    }
}

/// Returns the token of an `Authorization` header of the scheme `Bearer`, in any case (RFC 9110,
/// 11.1). Other schemes are ignored: a proxy that hides a test site from the public asks for one,
/// and browsers send it along with our cookie.
fn bearer(header: &HeaderValue) -> Option<&str> {
    let header = header.as_bytes().trim_ascii();
    let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
    let (scheme, token) = header.split_at(end);
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer");
    is_bearer.then(|| str::from_utf8(token.trim_ascii()).unwrap_or_default())
}
