//! Auth requests: asking for a mail, and asking for another.

use super::{
    Auth, Requester, code_hash, device,
    dispute::Disputed,
    limits,
    link::{self, LinkToken},
    matching,
    sealed::SealedMail,
    terms::{Ask, Terms, link_base},
    worker_queue::Reservation,
};
use crate::server::values::event::Event;
use crate::server::{
    config::SameBrowser,
    ground::{
        clock::{Millis, SECOND, seconds_until},
        error::Error,
        words::{language, say},
    },
    mail::letter::{Letter, SignInLetter},
    store::{AuditEvent, AuthRequest, Credential, NewAuthRequest, NewTerms, Renewed, Usage},
};

/// Accepted request for a mail.
#[derive(Clone, Debug)]
pub struct Started {
    pub auth_request_id: String,
    pub expires_at: Millis,
    /// Lifetime in seconds.
    pub expires_in: u32,
    pub passwordless_type: String,
}

/// New secrets: their hashes to store, and the mail that contains them.
struct Secrets {
    credential: Credential,
    mail: SealedMail,
}

impl Secrets {
    async fn make(
        auth: &Auth,
        id: &str,
        terms: &Terms,
        generation: i64,
        code_salt: &[u8],
        requester: &Requester,
        now: Millis,
    ) -> Result<Self, Error> {
        let token = LinkToken::random(&auth.random)?;
        let expires_at = now + Millis::from(terms.expires_in) * SECOND;
        let code = terms.mode.has_code().then(|| auth.code_for(&terms.address)).transpose()?;
        // No code in the mail, no hash stored: there is nothing to guess. A link that was not
        // mailed cannot be guessed anyway.
        let code_hash = match &code {
            Some(code) => code_hash::keep(code, code_salt, &auth.keys)?,
            None => String::new(),
        };
        let credential = Credential { generation, link_hash: token.hash(), code_hash, expires_at };
        let letter = SignInLetter {
            link: terms.mode.has_link().then(|| terms.link(auth, &token)).transpose()?,
            code: code.as_ref().map(|code| code.as_str().to_owned()),
            expires_at,
            requested_at: now,
            user_agent: requester.client.user_agent.clone(),
            network: requester.client.ip_prefix.clone(),
            not_you: Disputed::Request.link(auth, id)?,
            language: language(),
            template: terms.template.clone(),
            variables: terms.variables.clone(),
        };
        let bucket = device::bucket(auth, &terms.address, requester).await?;
        Ok(Secrets {
            credential,
            mail: SealedMail::new(auth, &Letter::SignIn(letter), bucket, expires_at)?,
        })
    }
}

/// Begins an auth request and queues its mail. Supersedes what `requester` began earlier for the
/// same address, but nothing that others began, or anyone could invalidate a link.
pub async fn start(auth: &Auth, ask: &Ask, requester: &Requester) -> Result<Started, Error> {
    start_by(auth, ask, requester, None).await
}

/// Does the same for an operator. `act`, the event that names the operator and their reason, is
/// written with the mail or not at all.
pub async fn start_by(
    auth: &Auth,
    ask: &Ask,
    requester: &Requester,
    act: Option<&AuditEvent>,
) -> Result<Started, Error> {
    let terms = Terms::of(auth, ask, &requester.client)?;
    auth.one_more_send(&requester.client).await?;
    begin(auth, terms, requester, act).await
}

async fn begin(
    auth: &Auth,
    terms: Terms,
    requester: &Requester,
    act: Option<&AuditEvent>,
) -> Result<Started, Error> {
    let now = auth.clock.now();
    let terms = &terms.unlocking(auth, false, requester, now).await?;
    let id = auth.random.id()?;
    let code_salt = auth.random.bytes::<16>()?;
    let secrets = Secrets::make(auth, &id, terms, 1, &code_salt, requester, now).await?;
    let (mode, variables) = (
        terms.mode.to_string(),
        serde_json::to_string(&terms.variables).map_err(|_| Error::Internal)?,
    );
    let policy = auth.policy();
    let is_shown = policy.auth.same_browser == SameBrowser::Match && terms.has_window;
    let match_number = is_shown.then(|| matching::number(&auth.random)).transpose()?;
    let new = NewAuthRequest {
        id: &id,
        address: &terms.address,
        mode: &mode,
        template: &terms.template,
        destination: &terms.destination,
        state: terms.state.as_deref(),
        link_base: terms.link_base.as_deref(),
        variables: &variables,
        user_agent: &requester.client.user_agent,
        ip_prefix: &requester.client.ip_prefix,
        code_salt: &code_salt,
        expires_in: terms.expires_in.into(),
        unlocks: terms.unlocks,
        match_number,
        app_id: terms.app.as_deref(),
        held: &requester.held,
        act,
    };
    let network = limits::network(&terms.address, secrets.mail.bucket(), requester);
    auth.room_for_mail(network)?;
    let allow = |mails: &[Usage]| limits::mail(&policy.limits, mails, network, now);
    let event = auth.event(Event::AuthRequested, Some(&terms.address), &requester.client);
    let worker = auth.outbox.reserve();
    let mail = secrets.mail.new_mail(&id, worker.is_some());
    let started = auth.store.start(&new, &secrets.credential, &mail, &event, allow).await;
    if started.is_ok() {
        auth.one_more_mail(network);
        if let Some(act) = act {
            act.emit();
        }
    }
    accepted(auth, &id, terms, secrets, &event, started, worker, requester).await
}

/// Sends a fresh mail for the auth request `id`, with new secrets; the count of tries stays. A
/// request that can no longer sign anybody in begins anew, on the same terms. The request of an app
/// is known to that app alone.
pub async fn resend(auth: &Auth, id: &str, requester: &Requester) -> Result<Started, Error> {
    let ((), request) = tokio::try_join!(
        biased;
        auth.one_more_send(&requester.client),
        auth.store.auth_request(id),
    )?;
    let now = auth.clock.now();
    let app = &requester.client.app;
    let unknown = || match app {
        Some(_) => Error::RequestUnknown,
        None => Error::invalid(say!("detail-no-sign-in")),
    };
    let request = request.filter(|request| request.app_id == *app).ok_or_else(unknown)?;
    auth.is_for(&requester.client, &request.address)?;
    let terms = Terms::again(auth, &request)?;
    let switched_off = request.is_switched_off(auth.policy().auth.code_tries);
    // A back end goes on with the id that it was given first, so what has merely expired is mailed
    // anew under it. A browser is told the new one in a cookie. A code that is switched off would
    // be mailed in vain where no link can take its place.
    let is_dead = switched_off && !terms.may_link();
    let stays = app.is_some() && !switched_off || now < request.expires_at;
    if request.ended().is_some() || is_dead || !stays {
        return begin(auth, terms, requester, None).await;
    }
    let terms = terms.unlocking(auth, switched_off, requester, now).await?;
    let secrets =
        Secrets::make(auth, id, &terms, request.generation + 1, &request.code_salt, requester, now)
            .await?;
    let policy = auth.policy();
    let network = limits::network(&terms.address, secrets.mail.bucket(), requester);
    auth.room_for_mail(network)?;
    let allow = |request: &AuthRequest, mails: &[Usage]| {
        let free_at = resend_at(auth, request);
        if now < free_at {
            return Err(Error::RateLimited { retry_after: seconds_until(now, free_at) });
        }
        limits::mail(&policy.limits, mails, network, now)
    };
    let mode = terms.mode.to_string();
    let new_terms = NewTerms {
        mode: &mode,
        link_base: terms.link_base.as_deref(),
        expires_in: terms.expires_in.into(),
        unlocks: terms.unlocks,
    };
    let event = auth.event(Event::AuthRequested, Some(&terms.address), &requester.client);
    let worker = auth.outbox.reserve();
    let mail = secrets.mail.new_mail(id, worker.is_some());
    let renewed = auth.store.renew(id, &new_terms, &secrets.credential, &mail, &event, allow).await;
    let renewed = renewed.and_then(|renewed| match renewed {
        Renewed::Done => Ok(()),
        Renewed::Gone => Err(unknown()),
        Renewed::Overtaken => Err(Error::RateLimited { retry_after: 1 }),
    });
    if renewed.is_ok() {
        auth.one_more_mail(network);
    }
    accepted(auth, id, &terms, secrets, &event, renewed, worker, requester).await
}

/// Sends a fresh mail to the address that a link which no longer works was sent to, to be opened in
/// this browser.
pub async fn start_from_link(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<Started, Error> {
    auth.one_more_send(&requester.client).await?;
    let app = requester.client.app.as_deref();
    let mut request = link::mailed_credential(auth, token, app).await?.request;
    // An app that the policy no longer lists gets no link. The new link leads here instead.
    let origins = &auth.policy().auth.magiclink_origins;
    request.link_base.take_if(|base| link_base(Some(base), origins).is_err());
    let terms = Terms { has_window: true, ..Terms::again(auth, &request)? };
    begin(auth, terms, requester, None).await
}

/// Returns when the next mail for a request may be asked for.
pub fn resend_at(auth: &Auth, request: &AuthRequest) -> Millis {
    request.last_mail_at + Millis::from(auth.policy().auth.resend_cooldown) * SECOND
}

/// Reports the outcome of a request for a mail. If the mail was written, passes it to the worker:
/// directly if the worker has room, which saves two round trips to the database, else through the
/// outbox.
#[allow(clippy::too_many_arguments)] // shared end of two functions that have all of these
async fn accepted(
    auth: &Auth,
    auth_request_id: &str,
    terms: &Terms,
    secrets: Secrets,
    event: &AuditEvent,
    outcome: Result<(), Error>,
    worker: Option<Reservation<'_>>,
    requester: &Requester,
) -> Result<Started, Error> {
    if let Err(error) = outcome {
        return Err(auth.refuse(error.into(), Some(&terms.address), &requester.client).await);
    }
    event.emit();
    let expires_at = secrets.credential.expires_at;
    match worker {
        Some(worker) => worker.send(secrets.mail.queued(&terms.address, event)),
        None => auth.outbox.wake(),
    }
    Ok(Started {
        auth_request_id: auth_request_id.to_owned(),
        expires_at,
        expires_in: terms.expires_in,
        passwordless_type: terms.mode.to_string(),
    })
}
