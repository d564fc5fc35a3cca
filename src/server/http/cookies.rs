//! Cookies, read and written raw.
//!
//! Cookie crates are not used. They percent-decode names, so that `__%48ost-session` would count as
//! `__Host-session` though no browser protects it, and they drop every cookie when one holds an odd
//! byte.

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use sha2::{Digest, Sha256};
use std::fmt::Write;

use crate::server::auth::SignedIn;

/// Most auth requests that a browser holds at once: asking for a second address does not break the
/// link of the first.
const HELD: usize = 4;
/// Most addresses that a browser is remembered by, one entry each. 16 take 1.3 KB.
const REMEMBERED: usize = 16;
/// Seconds that a browser keeps its auth requests: longer than any link lives, so that an expired
/// one can be explained.
const HELD_FOR: u32 = 86_400;
/// Seconds that a browser remembers a language, or an address it has signed in to: half a year.
const REMEMBERED_FOR: u64 = 15_552_000;
/// Seconds in which a browser that was redirected to the public URL is not redirected again.
const MOVED_FOR: u64 = 60;
/// Seconds that an error waits for the page it belongs on.
const FLASH_FOR: u32 = 60;

/// The cookies of this site. On https their names start with `__Host-`, which browsers accept only
/// from this very host, with `Secure` and `Path=/` (ASVS 5.0 3.3.1, 3.3.3). http on loopback cannot
/// have that.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    secure: bool,
}

#[derive(Clone, Copy)]
enum Name {
    Session,
    AuthRequest,
    Authorization,
    Device,
    Flash,
    Language,
    Moved,
    Host,
    Entry,
}

impl Cookies {
    pub fn new(https: bool) -> Self {
        Cookies { secure: https }
    }

    fn name(self, name: Name) -> &'static str {
        match (name, self.secure) {
            (Name::Session, true) => "__Host-session",
            (Name::Session, false) => "session",
            (Name::AuthRequest, true) => "__Host-auth-request",
            (Name::AuthRequest, false) => "auth-request",
            (Name::Authorization, true) => "__Host-authorization",
            (Name::Authorization, false) => "authorization",
            (Name::Device, true) => "__Host-device",
            (Name::Device, false) => "device",
            (Name::Flash, true) => "__Host-flash",
            (Name::Flash, false) => "flash",
            (Name::Language, true) => "__Host-language",
            (Name::Language, false) => "language",
            (Name::Moved, true) => "__Host-moved",
            (Name::Moved, false) => "moved",
            (Name::Host, true) => "__Host-latchkey",
            (Name::Host, false) => "latchkey",
            (Name::Entry, true) => "__Host-latchkey-entry",
            (Name::Entry, false) => "latchkey-entry",
        }
    }

    /// Returns the session token that a browser sent.
    pub fn session(self, headers: &HeaderMap) -> Option<String> {
        value(headers, self.name(Name::Session))
    }

    /// Returns the ids of the auth requests that a browser holds, newest first.
    pub fn held(self, headers: &HeaderMap) -> Vec<String> {
        self.ids(headers, Name::AuthRequest)
    }

    /// Returns the ids of the requests of apps that a browser has brought, newest first.
    pub fn authorizations(self, headers: &HeaderMap) -> Vec<String> {
        self.ids(headers, Name::Authorization)
    }

    fn ids(self, headers: &HeaderMap, name: Name) -> Vec<String> {
        let value = value(headers, self.name(name)).unwrap_or_default();
        value.split('.').filter(|id| id.len() == 22).take(HELD).map(str::to_owned).collect()
    }

    /// Returns a browser's entries of addresses it has signed in to, newest first.
    pub fn devices(self, headers: &HeaderMap) -> Vec<String> {
        let value = value(headers, self.name(Name::Device)).unwrap_or_default();
        value
            .split('~')
            .filter(|device| !device.is_empty())
            .take(REMEMBERED)
            .map(str::to_owned)
            .collect()
    }

    /// Returns what the last form posted without JavaScript left for the next page.
    pub fn flash(self, headers: &HeaderMap) -> Option<String> {
        value(headers, self.name(Name::Flash))
    }

    /// Returns the tag of the language that the user chose.
    pub fn language(self, headers: &HeaderMap) -> Option<String> {
        value(headers, self.name(Name::Language))
    }

    pub fn set_session(self, token: &str, seconds: u64) -> HeaderValue {
        self.set(Name::Session, token, seconds)
    }

    /// Returns the cookies of a browser that has just signed in: its session and its device
    /// entries.
    pub fn signed_in(self, signed_in: &SignedIn) -> [HeaderValue; 2] {
        let SignedIn { token, devices, .. } = signed_in;
        [self.set_session(&token.jwt, token.ttl), self.remember(devices)]
    }

    /// Returns the cookies of a browser that has just signed out. It forgets its auth requests, too:
    /// whoever uses it next must not be shown for which addresses they were.
    pub fn signed_out(self) -> [HeaderValue; 3] {
        [Name::Session, Name::AuthRequest, Name::Authorization].map(|name| self.set(name, "", 0))
    }

    /// Adds `id` to the ids a browser already holds.
    pub fn hold(self, held: &[String], id: &str) -> HeaderValue {
        self.add(Name::AuthRequest, held, id)
    }

    /// Adds `id` to the requests of apps that a browser has brought: two tabs may each have one.
    pub fn hold_authorization(self, held: &[String], id: &str) -> HeaderValue {
        self.add(Name::Authorization, held, id)
    }

    fn add(self, name: Name, held: &[String], id: &str) -> HeaderValue {
        let others = held.iter().map(String::as_str).filter(|other| *other != id);
        let ids: Vec<&str> = std::iter::once(id).chain(others).take(HELD).collect();
        self.set(name, &ids.join("."), HELD_FOR.into())
    }

    /// Makes a browser keep these entries of addresses it has signed in to, newest first.
    pub fn remember(self, devices: &[String]) -> HeaderValue {
        let kept = &devices[..devices.len().min(REMEMBERED)];
        self.set(Name::Device, &kept.join("~"), REMEMBERED_FOR)
    }

    pub fn set_flash(self, value: &str) -> HeaderValue {
        self.set(Name::Flash, value, FLASH_FOR.into())
    }

    pub fn set_language(self, tag: &str) -> HeaderValue {
        self.set(Name::Language, tag, REMEMBERED_FOR)
    }

    /// True if a browser was redirected to the public URL a moment ago.
    pub fn was_moved(self, headers: &HeaderMap) -> bool {
        value(headers, self.name(Name::Moved)).is_some()
    }

    pub fn set_moved(self) -> HeaderValue {
        self.set(Name::Moved, "1", MOVED_FOR)
    }

    pub fn clear_flash(self) -> HeaderValue {
        self.set(Name::Flash, "", 0)
    }

    /// Returns what a browser sent to a guarded host to show that it was let in.
    pub fn host(self, headers: &HeaderMap) -> Option<String> {
        value(headers, self.name(Name::Host))
    }

    pub fn set_host(self, cookie: &str, seconds: u64) -> HeaderValue {
        self.set(Name::Host, cookie, seconds)
    }

    /// Returns the nonce of a browser that is on its way to a guarded host.
    pub fn entry(self, headers: &HeaderMap) -> Option<String> {
        value(headers, self.name(Name::Entry)).filter(|nonce| nonce.len() == 22)
    }

    pub fn set_entry(self, nonce: &str) -> HeaderValue {
        self.set(Name::Entry, nonce, HELD_FOR.into())
    }

    fn set(self, name: Name, value: &str, seconds: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}",
            self.name(name)
        );
        // Values are base64url, dots and tildes, so this cannot fail. If it did, the cookie would
        // be one that no page reads.
        HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static("invalid=; Max-Age=0"))
    }
}

/// Returns the value of the cookie `name`. Two cookies of the same name mean that another party set
/// one of them (cookie tossing). It is unknown which, so neither counts.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = None;
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    for pair in pairs {
        let mut halves = pair.trim_ascii().splitn(2, |byte| *byte == b'=');
        if halves.next() != Some(name.as_bytes()) {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = halves.next();
    }
    let found = str::from_utf8(found?).ok()?;
    let plain = found.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && !found.is_empty()).then(|| found.to_owned())
}

/// Returns a short name of an auth request for use in URLs. It tells two tabs apart and reveals
/// nothing.
pub fn handle(auth_request_id: &str) -> String {
    let digest = Sha256::digest(auth_request_id);
    digest[..6].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Picks one of the auth requests that a browser holds: the one named by `wanted`, or the newest.
pub fn pick<'a>(held: &'a [String], wanted: Option<&str>) -> Option<&'a String> {
    match wanted.filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => held.iter().find(|id| handle(id) == wanted),
        None => held.first(),
    }
}

/// Adds a `Set-Cookie` header.
pub fn append(headers: &mut HeaderMap, cookie: HeaderValue) {
    headers.append(SET_COOKIE, cookie);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: Cookies = Cookies { secure: true };

    fn sent(cookie: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(cookie).unwrap())])
    }

    #[test]
    fn one_odd_byte_never_hides_a_good_cookie() {
        assert_eq!(
            SECURE.session(&sent(b"x=\xff\xfe; __Host-session=abc; y")).as_deref(),
            Some("abc")
        );
    }

    #[test]
    fn cookie_names_are_not_decoded() {
        for other in
            [&b"__%48ost-session=abc"[..], b"session=abc", b"__host-session=abc", b"__Host-session"]
        {
            assert_eq!(SECURE.session(&sent(other)), None);
        }
    }

    #[test]
    fn a_duplicate_cookie_is_refused() {
        assert_eq!(SECURE.session(&sent(b"__Host-session=a; __Host-session=b")), None);
    }

    #[test]
    fn a_browser_holds_its_last_four_auth_requests() {
        let ids: Vec<String> = "abcdef".chars().map(|c| c.to_string().repeat(22)).collect();
        let mut held = Vec::new();
        for id in &ids {
            let cookie = SECURE.hold(&held, id);
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            held = SECURE.held(&sent(pair.as_bytes()));
        }
        assert_eq!(held, [&ids[5], &ids[4], &ids[3], &ids[2]].map(Clone::clone));
        assert_eq!(pick(&held, None), Some(&ids[5]));
        assert_eq!(pick(&held, Some(&handle(&ids[3]))), Some(&ids[3]));
        assert_eq!(pick(&held, Some(&handle(&ids[0]))), None);
    }

    #[test]
    fn cookies_are_for_this_host_and_out_of_reach_of_scripts() {
        let cookie = SECURE.set_session("abc", 60);
        assert_eq!(
            cookie,
            "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert_eq!(
            Cookies { secure: false }.signed_out()[0],
            "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
