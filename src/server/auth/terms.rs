//! Terms of a mail: what a caller asks for, limited to what the policy grants.

use std::collections::BTreeMap;
use url::Url;

use super::{Auth, Client, Requester, device, limits, link::LinkToken};
use crate::server::{
    ground::{
        clock::Millis,
        error::Error,
        mode::{Instead, Mode},
    },
    mail::letter::Template,
    store::AuthRequest,
    values::{address::Address, destination},
};

/// Shortest lifetime of link and code that a caller may ask for, in seconds.
const SHORTEST_LIFE: u32 = 60;
/// Longest `state` in bytes: the caller's own text that is returned with the sign-in.
const LONGEST_STATE: usize = 2_048;
/// Query parameter of a link that carries its secret.
const LINK_TOKEN: &str = "link_token";
const MOST_VARIABLES: usize = 30;
/// Longest name and longest value of a variable, in characters.
const LONGEST_VARIABLE: usize = 256;
/// Request of a caller. Only `email` is needed; the rest defaults to the policy.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub email: String,
    /// Path of this site that the person wants to go to.
    pub next: Option<String>,
    /// Returned with the sign-in.
    pub state: Option<String>,
    pub template: Option<Template>,
    /// Lifetime in seconds.
    pub expires_in: Option<u32>,
    pub mode: Option<Mode>,
    /// URL of another app that takes `?link_token=`, of an origin that the policy lists.
    pub magiclink_auth_uri: Option<String>,
    pub template_variables: BTreeMap<String, String>,
    /// True if a page of ours waits for the sign-in, which can show a number to match.
    pub has_window: bool,
}

/// Checked terms of an auth request. They are stored, and later mails are made from them.
pub struct Terms {
    pub address: Address,
    pub destination: String,
    pub state: Option<String>,
    pub template: String,
    pub expires_in: u32,
    pub mode: Mode,
    pub link_base: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// App that asks on behalf of its own user.
    pub app: Option<String>,
    /// True if the mail carries a link in place of codes that are paused or switched off.
    pub unlocks: bool,
    /// True if a page of ours waits for the sign-in.
    pub has_window: bool,
}

impl Terms {
    /// Checks what a client asks for against the policy.
    pub fn of(auth: &Auth, ask: &Ask, client: &Client) -> Result<Self, Error> {
        if ask.email.trim().is_empty() {
            return Err(Error::missing("email"));
        }
        let address = Address::parse(&ask.email)?;
        auth.is_for(client, &address)?;
        let (policy, app) = (auth.policy(), client.app.as_deref());
        let expires_in = ask.expires_in.unwrap_or(policy.auth.expires_in);
        let longest = policy.auth.expires_in;
        if !(SHORTEST_LIFE..=longest).contains(&expires_in) {
            return Err(Error::invalid(format!(
                "expires_in must be {SHORTEST_LIFE} to {longest} seconds (auth.expires_in), and is \
                 {expires_in}."
            )));
        }
        if ask.state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(Error::invalid(format!(
                "state must be at most {LONGEST_STATE} bytes long."
            )));
        }
        let link_base =
            link_base(ask.magiclink_auth_uri.as_deref(), &policy.auth.magiclink_origins)?;
        let mode = policy.auth.mode.narrowed(ask.mode)?;
        Ok(Terms {
            address,
            destination: destination::parse(auth.public_url.url(), ask.next.as_deref()),
            state: ask.state.clone(),
            template: ask.template.unwrap_or_default().name().to_owned(),
            expires_in,
            mode: leading_somewhere(mode, app, link_base.as_deref())?,
            link_base,
            variables: checked(&ask.template_variables)?,
            app: app.map(str::to_owned),
            unlocks: false,
            has_window: ask.has_window,
        })
    }

    /// Returns the terms of an earlier request, limited to what the policy still grants. An error
    /// if it no longer lists the origin of `link_base`.
    pub fn again(auth: &Auth, request: &AuthRequest) -> Result<Self, Error> {
        let policy = auth.policy();
        let expires_in = u32::try_from(request.expires_in).map_err(|_| Error::Internal)?;
        let link_base = link_base(request.link_base.as_deref(), &policy.auth.magiclink_origins)?;
        let mode = policy.auth.mode.left_of(&request.mode).unwrap_or(policy.auth.mode);
        Ok(Terms {
            address: request.address.clone(),
            destination: request.destination.clone(),
            state: request.state.clone(),
            template: request.template.clone(),
            expires_in: expires_in.min(policy.auth.expires_in),
            mode: leading_somewhere(mode, request.app_id.as_deref(), link_base.as_deref())?,
            link_base,
            variables: serde_json::from_str(&request.variables).map_err(|_| Error::Internal)?,
            app: request.app_id.clone(),
            unlocks: false,
            has_window: request.match_number.is_some(),
        })
    }

    /// Replaces the code with a link if mails carry codes alone and codes are of no use to the
    /// requester: paused for the address, or `switched_off` after too many tries. The link is then
    /// their way in. Costs at least one extra read, in that mode alone.
    pub async fn unlocking(
        self,
        auth: &Auth,
        switched_off: bool,
        requester: &Requester,
        now: Millis,
    ) -> Result<Self, Error> {
        if self.mode.has_link() || !self.may_link() {
            return Ok(self);
        }
        let bucket = device::bucket(auth, &self.address, requester).await?;
        let failed = auth.store.failed_tries(&bucket, now).await?;
        let (limits, network) =
            (&auth.policy().limits, limits::network(&self.address, &bucket, requester));
        let paused = limits::tries(limits, &failed, network, Instead::NextLink, now)
            .and_then(|()| auth.room_for_try(network, Instead::NextLink))
            .is_err();
        let unlocks = paused || switched_off;
        Ok(Terms { mode: if unlocks { Mode::Link } else { self.mode }, unlocks, ..self })
    }

    /// True if a link would lead somewhere.
    pub fn may_link(&self) -> bool {
        leading_somewhere(Mode::Link, self.app.as_deref(), self.link_base.as_deref()).is_ok()
    }

    pub fn link(&self, auth: &Auth, token: &LinkToken) -> Result<String, Error> {
        let Some(base) = &self.link_base else { return Ok(auth.public_url.link(&token.encode())) };
        let mut url = Url::parse(base).map_err(|_| Error::Internal)?;
        url.query_pairs_mut().append_pair(LINK_TOKEN, &token.encode());
        Ok(url.into())
    }
}

/// Returns what a mail carries of `mode`. A link of ours would lead the user of an app to a page
/// that cannot sign them in, because the app holds the request: without a link of its own, its
/// mails carry the code alone.
fn leading_somewhere(
    mode: Mode,
    app: Option<&str>,
    link_base: Option<&str>,
) -> Result<Mode, Error> {
    if app.is_none() || link_base.is_some() || !mode.has_link() {
        return Ok(mode);
    }
    if mode.has_code() { Ok(Mode::Otp) } else { Err(Error::missing("magiclink_auth_uri")) }
}

/// Returns the way in that mails of `mode` leave while the codes of a request are of no use.
pub fn instead_of_code(mode: Mode, request: &AuthRequest) -> Instead {
    let (app, base) = (request.app_id.as_deref(), request.link_base.as_deref());
    mode.instead_of_code(leading_somewhere(Mode::Link, app, base).is_ok())
}

/// Checks the base URL of a link that leads to another app: the policy must list its origin, or the
/// link would hand the token to a stranger (CWE-601).
pub fn link_base(uri: Option<&str>, origins: &[String]) -> Result<Option<String>, Error> {
    let Some(uri) = uri else { return Ok(None) };
    let url = Url::parse(uri).map_err(|_| Error::invalid("magiclink_auth_uri is not a URL."))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !plain || !origins.contains(&url.origin().ascii_serialization()) {
        return Err(Error::invalid(
            "magiclink_auth_uri is not of an origin in auth.magiclink_origins.",
        ));
    }
    // A parameter of that name is removed: ours would be the second, and the app might read the
    // first.
    if url.query_pairs().any(|(name, _)| name == LINK_TOKEN) {
        let others: Vec<_> = url.query_pairs().filter(|(name, _)| name != LINK_TOKEN).collect();
        let mut without = url.clone();
        without.set_query(None);
        if !others.is_empty() {
            without.query_pairs_mut().extend_pairs(others);
        }
        return Ok(Some(without.into()));
    }
    Ok(Some(url.into()))
}

fn checked(variables: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    if variables.len() > MOST_VARIABLES {
        return Err(Error::invalid(format!(
            "template_variables has more than {MOST_VARIABLES} entries."
        )));
    }
    for (name, value) in variables {
        if [name, value].iter().any(|text| text.chars().count() > LONGEST_VARIABLE) {
            return Err(Error::invalid(format!(
                "template_variables may hold {LONGEST_VARIABLE} characters each, and {:?} holds more.",
                cut(name)
            )));
        }
        // Anybody may call, and the mail speaks in the name of this site. So a caller's text must
        // not lead elsewhere, or hide the text around it.
        if value.chars().any(is_control) || is_like_a_url(value) {
            return Err(Error::invalid(format!(
                "template_variables may hold no control characters and nothing that a mail program \
                 makes a link of, and {:?} does.",
                cut(name)
            )));
        }
    }
    Ok(variables.clone())
}

/// Returns the beginning of a caller's text, to be shown in an error: the answer fits into what
/// clients of gRPC take as headers.
pub fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reports whether `c` is a control character, a line separator or a change of text direction.
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reports whether a mail program would turn part of `text` into a link: a URL, or a host name like
/// `example.com`, alone or in an address.
fn is_like_a_url(text: &str) -> bool {
    let is_host = |word: &str| {
        let labels: Vec<&str> = word.split('.').collect();
        let last = labels.last().copied().unwrap_or_default();
        labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && last.chars().count() > 1
            && last.chars().all(char::is_alphabetic)
    };
    // Dots that some resolvers treat as `.` (UTS #46).
    let text = text.replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
    text.contains("://")
        || text
            .split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-')
            .any(|word| is_host(word.trim_matches('.')))
}
