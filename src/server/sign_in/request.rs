//! Auth requests: asking for a mail, and asking again.

use std::collections::BTreeMap;
use tokio::sync::mpsc::Permit;
use url::Url;

use super::{
    Browser, Core,
    address::Address,
    code::Code,
    code_hash, destination, device, limits,
    link::{self, LinkToken},
    mode::Mode,
    not_you::What,
    payload::{Letter, Payload, Sealed, Template},
};
use crate::{
    error::Error,
    server::{
        clock::{Millis, SECOND, seconds_until},
        config::SignUp,
        event,
        store::{AuditEvent, AuthRequest, Credential, NewAuthRequest, QueuedMail},
        words::{language, say},
    },
};

/// Seconds that link and code may live, whoever asks.
const LIFETIMES: std::ops::RangeInclusive<u32> = 60..=3_600;
/// The caller's own text that comes back with the sign-in, in bytes.
const LONGEST_STATE: usize = 2_048;
const MOST_VARIABLES: usize = 30;
/// What a mail says by itself; a caller's variable of that name would say something else in its
/// place.
const RESERVED: [&str; 16] = [
    "accent",
    "asked",
    "brand",
    "code",
    "code_spaced",
    "host",
    "language",
    "lifetime",
    "link",
    "not_you",
    "on_accent",
    "origin",
    "support",
    "template",
    "variables",
    "words",
];

/// What a caller asks for. Only `email` is needed; the rest falls back on policy.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub email: String,
    /// Where the person wants to go: a path of this site.
    pub next: Option<String>,
    /// Given back with the sign-in.
    pub state: Option<String>,
    pub template: Option<Template>,
    /// Seconds.
    pub expires_in: Option<u32>,
    pub mode: Option<Mode>,
    /// Another app that takes `?link_token=`, of an origin that policy lists.
    pub magiclink_auth_uri: Option<String>,
    pub template_variables: BTreeMap<String, String>,
}

/// An accepted request for a mail.
#[derive(Clone, Debug)]
pub struct Started {
    pub auth_request_id: String,
    pub expires_at: Millis,
    /// Seconds.
    pub expires_in: u32,
    pub passwordless_type: String,
}

/// What of an ask is kept, checked: a fresh mail is made of it.
struct Terms {
    address: String,
    destination: String,
    state: Option<String>,
    template: String,
    expires_in: u32,
    mode: Mode,
    link_base: Option<String>,
    variables: BTreeMap<String, String>,
}

impl Terms {
    /// Checks an ask against the policy.
    fn of(core: &Core, ask: &Ask) -> Result<Self, Error> {
        if ask.email.trim().is_empty() {
            return Err(Error::missing("email"));
        }
        let address = Address::parse(&ask.email)?.as_str().to_owned();
        let policy = core.policy();
        let expires_in = ask.expires_in.unwrap_or(policy.auth.expires_in);
        if !LIFETIMES.contains(&expires_in) {
            return Err(Error::invalid(format!(
                "expires_in must be 60 to 3600 seconds, and is {expires_in}"
            )));
        }
        if ask.state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(Error::invalid(format!(
                "state must be at most {LONGEST_STATE} bytes long"
            )));
        }
        Ok(Terms {
            address,
            destination: destination::parse(core.public_url.url(), ask.next.as_deref()),
            state: ask.state.clone(),
            template: ask.template.unwrap_or_default().name().to_owned(),
            expires_in,
            mode: policy.auth.mode.narrowed(ask.mode)?,
            link_base: link_base(
                ask.magiclink_auth_uri.as_deref(),
                &policy.auth.magiclink_origins,
            )?,
            variables: checked(&ask.template_variables)?,
        })
    }

    /// Those of an earlier request, to begin anew.
    fn again(request: &AuthRequest) -> Result<Self, Error> {
        Ok(Terms {
            address: request.address.clone(),
            destination: request.destination.clone(),
            state: request.state.clone(),
            template: request.template.clone(),
            expires_in: u32::try_from(request.expires_in).map_err(|_| Error::Internal)?,
            mode: request.mode.parse()?,
            link_base: request.link_base.clone(),
            variables: serde_json::from_str(&request.variables).map_err(|_| Error::Internal)?,
        })
    }

    fn link(&self, core: &Core, token: &LinkToken) -> Result<String, Error> {
        let Some(base) = &self.link_base else { return Ok(core.public_url.link(&token.encode())) };
        let mut url = Url::parse(base).map_err(|_| Error::Internal)?;
        url.query_pairs_mut().append_pair("link_token", &token.encode());
        Ok(url.into())
    }
}

/// A link may lead to another app, if the policy lists its origin; to any other it would hand a
/// stranger the token (CWE-601).
fn link_base(uri: Option<&str>, origins: &[String]) -> Result<Option<String>, Error> {
    let Some(uri) = uri else { return Ok(None) };
    let url = Url::parse(uri).map_err(|_| Error::invalid("magiclink_auth_uri is not a URL"))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !plain || !origins.contains(&url.origin().ascii_serialization()) {
        return Err(Error::invalid(
            "magiclink_auth_uri is not of an origin in auth.magiclink_origins",
        ));
    }
    Ok(Some(url.into()))
}

fn checked(variables: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    if variables.len() > MOST_VARIABLES {
        return Err(Error::invalid(format!(
            "template_variables has more than {MOST_VARIABLES} entries"
        )));
    }
    match variables.keys().find(|name| RESERVED.contains(&name.as_str())) {
        Some(name) => Err(Error::invalid(format!(
            "template_variables may not set {name:?}, which the mail sets itself"
        ))),
        None => Ok(variables.clone()),
    }
}

/// New secrets: what is kept of them, and the mail that says them.
struct Secrets {
    credential: Credential,
    mail: Sealed,
}

impl Secrets {
    async fn make(
        core: &Core,
        id: &str,
        terms: &Terms,
        generation: i64,
        code_salt: &[u8],
        browser: &Browser,
        now: Millis,
    ) -> Result<Self, Error> {
        let token = LinkToken::random(&core.random)?;
        let code = Code::random(&core.random)?;
        let expires_at = now + Millis::from(terms.expires_in) * SECOND;
        // A secret that the mode does not mail is made all the same, and known to nobody.
        let code_hash = code_hash::keep(&code, code_salt, &core.keys)?;
        let credential = Credential { generation, link_hash: token.hash(), code_hash, expires_at };
        let letter = Letter {
            link: terms.mode.has_link().then(|| terms.link(core, &token)).transpose()?,
            code: terms.mode.has_code().then(|| code.as_str().to_owned()),
            expires_at,
            requested_at: now,
            user_agent: browser.client.user_agent.clone(),
            network: browser.client.ip_prefix.clone(),
            not_you: What::Request.link(core, id)?,
            language: language(),
            template: terms.template.clone(),
            variables: terms.variables.clone(),
        };
        let bucket = device::bucket(core, &terms.address, browser).await?;
        Ok(Secrets {
            credential,
            mail: Sealed::new(core, &Payload::SignIn(letter), bucket, expires_at)?,
        })
    }
}

/// Begins an auth request and queues its mail. What `browser` began earlier for the same address is
/// superseded; what others began is not, or anyone could kill a link.
pub async fn start(core: &Core, ask: &Ask, browser: &Browser) -> Result<Started, Error> {
    let terms = Terms::of(core, ask)?;
    core.ip_limits.send(browser.client.ip)?;
    begin(core, &terms, browser).await
}

async fn begin(core: &Core, terms: &Terms, browser: &Browser) -> Result<Started, Error> {
    let now = core.clock.now();
    let id = core.random.id()?;
    let code_salt = core.random.bytes::<16>()?;
    let secrets = Secrets::make(core, &id, terms, 1, &code_salt, browser, now).await?;
    let (mode, variables) = (
        terms.mode.to_string(),
        serde_json::to_string(&terms.variables).map_err(|_| Error::Internal)?,
    );
    let new = NewAuthRequest {
        id: &id,
        address: &terms.address,
        mode: &mode,
        template: &terms.template,
        destination: &terms.destination,
        state: terms.state.as_deref(),
        link_base: terms.link_base.as_deref(),
        variables: &variables,
        user_agent: &browser.client.user_agent,
        ip_prefix: &browser.client.ip_prefix,
        code_salt: &code_salt,
        expires_in: terms.expires_in.into(),
        held: &browser.held,
    };
    let policy = core.policy();
    let allow = |queued_at: &[Millis]| limits::mail(&policy.limits, queued_at, now);
    let event = core.event(event::AUTH_REQUESTED, Some(&terms.address), &browser.client);
    let worker = core.outbox.try_reserve().ok();
    let mail = secrets.mail.new_mail(&id, worker.is_some());
    let started = core.store.start(&new, &secrets.credential, &mail, &event, allow).await;
    accepted(core, &id, terms, secrets, &event, started, worker, browser).await
}

/// Sends a fresh mail for the auth request `id`: the same request, tries as they stand, new
/// secrets. One that can no longer sign anybody in begins anew, on the same terms.
pub async fn resend(core: &Core, id: &str, browser: &Browser) -> Result<Started, Error> {
    core.ip_limits.send(browser.client.ip)?;
    let now = core.clock.now();
    let unknown = || Error::invalid(say!("detail-no-sign-in"));
    let request = core.store.auth_request(id).await?.ok_or_else(unknown)?;
    let terms = Terms::again(&request)?;
    if request.ended().is_some() || now >= request.expires_at {
        return begin(core, &terms, browser).await;
    }
    let secrets =
        Secrets::make(core, id, &terms, request.generation + 1, &request.code_salt, browser, now)
            .await?;
    let policy = core.policy();
    let allow = |request: &AuthRequest, queued_at: &[Millis]| {
        let free_at = resend_at(core, request);
        if now < free_at {
            return Err(Error::RateLimited { retry_after: seconds_until(now, free_at) });
        }
        limits::mail(&policy.limits, queued_at, now)
    };
    let event = core.event(event::AUTH_REQUESTED, Some(&terms.address), &browser.client);
    let worker = core.outbox.try_reserve().ok();
    let mail = secrets.mail.new_mail(id, worker.is_some());
    let renewed = core.store.renew(id, &secrets.credential, &mail, &event, allow).await;
    let renewed = renewed.and_then(|found| found.ok_or_else(unknown));
    accepted(core, id, &terms, secrets, &event, renewed, worker, browser).await
}

/// Sends a fresh mail to where a link that no longer works was sent, to be opened in this browser.
pub async fn start_from_link(
    core: &Core,
    token: &LinkToken,
    browser: &Browser,
) -> Result<Started, Error> {
    core.ip_limits.send(browser.client.ip)?;
    let request = link::origin(core, token).await?.request;
    begin(core, &Terms::again(&request)?, browser).await
}

/// What to tell who waits for the mail of a request, when there is something to tell. Where sign-up
/// is closed there never is: only a known address has a mail that could fail.
pub async fn mail_trouble(core: &Core, request: &AuthRequest) -> Result<Option<String>, Error> {
    if core.policy().auth.sign_up == SignUp::Closed {
        return Ok(None);
    }
    let mail = core.store.mail_of(&request.id).await?;
    Ok(mail.and_then(|(state, why)| match (state.as_str(), why) {
        ("failed", _) => Some(say!("mail-failed")),
        ("queued", Some(_)) => Some(say!("mail-delayed")),
        _ => None,
    }))
}

/// When the next mail for a request may be asked for.
pub fn resend_at(core: &Core, request: &AuthRequest) -> Millis {
    request.last_mail_at + Millis::from(core.policy().auth.resend_cooldown) * SECOND
}

/// Tells what became of a request for a mail, and gives it to the worker if it was written down:
/// directly where the worker has room, which spares the database two round trips, else by way of
/// the outbox.
#[allow(clippy::too_many_arguments)] // the end of two functions that have all of these in hand
async fn accepted(
    core: &Core,
    auth_request_id: &str,
    terms: &Terms,
    secrets: Secrets,
    event: &AuditEvent,
    outcome: Result<(), Error>,
    worker: Option<Permit<'_, QueuedMail>>,
    browser: &Browser,
) -> Result<Started, Error> {
    if let Err(error) = outcome {
        return Err(core.refuse(error.into(), Some(&terms.address), &browser.client).await);
    }
    event.tell();
    let expires_at = secrets.credential.expires_at;
    match worker {
        Some(worker) => worker.send(secrets.mail.queued(&terms.address, event)),
        None => core.mail_queued.notify_one(),
    }
    Ok(Started {
        auth_request_id: auth_request_id.to_owned(),
        expires_at,
        expires_in: terms.expires_in,
        passwordless_type: terms.mode.to_string(),
    })
}
