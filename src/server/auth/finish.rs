//! Last step of every sign-in: the only place where a session begins, whatever the proof was.

use super::{Auth, Proved, Refused, Requester, SignedIn, device, notice, session};
use crate::server::{
    ground::{
        clock::{Millis, SECOND},
        error::Error,
    },
    store::{AuthRequest, FailedTry, NewSession, Proof, SignIn, SignInOutcome},
    values::{
        address::Address,
        event::{Event, Method, Reason},
    },
};

/// Sign-in attempt ready for its last check: the proof, and the address it is for.
pub(super) struct SignInAttempt<'a> {
    pub method: Method,
    pub address: &'a Address,
    pub proof: Proof<'a>,
    /// Attempt to count if a code or a password turns out to be wrong.
    pub attempt: Option<&'a FailedTry<'a>>,
    /// Auth request that led to it; `None` for a password.
    pub request: Option<AuthRequest>,
    /// Path of this site to go to.
    pub destination: String,
    /// Error to return if the proof was right but signs nobody in.
    pub fallback: Error,
}

/// Begins a session, only once, if the proof is still right in its final check and the address may
/// sign in.
pub(super) async fn finish(
    auth: &Auth,
    requester: &Requester,
    mut sign_in: SignInAttempt<'_>,
) -> Result<SignedIn, Refused> {
    let (at, client, address) = (auth.clock.now(), &requester.client, sign_in.address);
    let expires_at = at + Millis::from(auth.policy().session.max_age) * SECOND;
    let token_expires_at = session::token_end(auth, at, expires_at);
    let device = device::of_sign_in(auth, address, requester, at).await?;
    let session_id = auth.random.id()?;
    let issued = auth.event(Event::SessionIssued, Some(address), client);
    let issued = issued.because(Reason::By(sign_in.method));
    let replaced = |address: &Address| {
        auth.event(Event::SessionRevoked, Some(address), client).because(Reason::Replaced)
    };
    let replaces = requester
        .session
        .as_ref()
        .map(|had| (had.id.as_str(), replaced(&had.address).of_user(&had.user_id)));
    // Another session of this device, which its browser did not present, because the cookie was
    // lost or belongs to another address by now. Its end is only in the audit table.
    let replaces_of_device =
        (device.was_known && requester.signed_in_as() != Some(address)).then(|| replaced(address));
    let notice = notice::of_session(auth, address, &session_id, requester, &device, at)?;
    let session = NewSession {
        id: &session_id,
        device: &device.id,
        method: sign_in.method.name(),
        user_agent: &client.user_agent,
        ip_prefix: &client.ip_prefix,
        token_expires_at,
        expires_at,
        replaces: replaces.as_ref().map(|(id, event)| (*id, event)),
        replaces_of_device: replaces_of_device.as_ref(),
        issued: &issued,
        notice: notice.as_ref().map(|notice| notice.new_mail("", false)),
    };
    let destination = std::mem::take(&mut sign_in.destination);
    let Proved { user_id, address, request } =
        used_up(auth, requester, sign_in, Some(&session), at).await?;
    issued.of_user(&user_id).emit();
    replaces.iter().for_each(|(_, event)| event.emit());
    let token = session::issue(auth, &session_id, &user_id, at, token_expires_at)?;
    Ok(SignedIn { user_id, address, destination, request, token, devices: device.entries })
}

/// Uses the proof up, only once, under the same checks, for an app that keeps the session of its
/// user itself. A row of ours would be one that nobody holds the token of and nobody ends.
pub(super) async fn prove(
    auth: &Auth,
    requester: &Requester,
    sign_in: SignInAttempt<'_>,
) -> Result<Proved, Refused> {
    used_up(auth, requester, sign_in, None, auth.clock.now()).await
}

/// Decides admission, and lets the store judge the proof and write what follows: with a session, or
/// without one.
async fn used_up(
    auth: &Auth,
    requester: &Requester,
    sign_in: SignInAttempt<'_>,
    session: Option<&NewSession<'_>>,
    at: Millis,
) -> Result<Proved, Refused> {
    let SignInAttempt { method, address, proof, attempt, request, fallback, .. } = sign_in;
    let (new_id, team_id) = (auth.random.id()?, auth.team_id(address).await?);
    let client = &requester.client;
    let admission = auth.admission(client, address, team_id.as_ref(), &new_id);
    let verified = auth.event(Event::AuthVerified, Some(address), client);
    let mut verified = verified.because(Reason::By(method));
    if let Some(asked) = &request {
        // Read a moment ago: of two that open a mail at once, both may count as the first.
        let opens = method != Method::FixedCode && asked.is_unopened(asked.generation);
        verified = verified.since(asked.created_at).opening(opens);
    }
    let sign_in = SignIn { address, proof, attempt, admission, session, verified: &verified, at };
    let (user_id, has_accepted) = match auth.store.sign_in(&sign_in).await? {
        SignInOutcome::Wrong(error) => return Err(error.into()),
        SignInOutcome::Gone => return Err(fallback.into()),
        // Same answer as for a correctly guessed code of an unknown address: the code is of no use.
        SignInOutcome::NotAdmitted => {
            return Err(Refused { reason: Reason::NotAUser, ..fallback.into() });
        }
        SignInOutcome::SignedIn { user_id, has_accepted } => (user_id, has_accepted),
    };
    let verified = verified.of_user(&user_id);
    verified.emit();
    if has_accepted {
        verified.accepting().emit();
    }
    auth.warn_of_sign_in(address, &user_id);
    Ok(Proved { user_id, address: address.clone(), request })
}
