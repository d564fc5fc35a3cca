//! Last step of every sign-in: the only place where a session begins, whatever the proof was.

use super::{
    Auth, Refused, Requester, SignedIn,
    device::{self, Device},
    notice,
    sealed::SealedMail,
    session,
};
use crate::server::{
    ground::{
        clock::{Millis, SECOND},
        error::Error,
    },
    store::{AuditEvent, AuthRequest, FailedTry, NewSession, Proof, SignIn, SignInOutcome},
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
    sign_in: SignInAttempt<'_>,
) -> Result<SignedIn, Refused> {
    let SignInAttempt { method, address, proof, attempt, request, destination, fallback } = sign_in;
    let (new_id, team_id) = (auth.random.id()?, auth.team_id(address).await?);
    let admission = auth.admission(team_id.as_ref(), &new_id);
    let pending = PendingSession::new(auth, method, address, requester).await?;
    let session = pending.session();
    let sign_in = SignIn { address, proof, attempt, admission, session: &session, at: pending.at };
    match auth.store.sign_in(&sign_in).await? {
        SignInOutcome::Wrong(error) => Err(error.into()),
        SignInOutcome::Gone => Err(fallback.into()),
        // Same answer as for a correctly guessed code of an unknown address: the code is of no use.
        SignInOutcome::NotAdmitted => Err(Refused { answer: fallback, reason: Reason::NotAUser }),
        SignInOutcome::SignedIn { user_id } => {
            pending.emit_events(&user_id);
            let token = session::issue(
                auth,
                &pending.session_id,
                &user_id,
                pending.at,
                pending.token_expires_at,
            )?;
            Ok(SignedIn {
                user_id,
                address: address.clone(),
                destination,
                request,
                token,
                devices: pending.device.entries,
            })
        }
    }
}

/// New session: what is written in one step, and reported afterwards.
struct PendingSession<'a> {
    requester: &'a Requester,
    method: Method,
    session_id: String,
    at: Millis,
    token_expires_at: Millis,
    expires_at: Millis,
    device: Device,
    /// Events of the sign-in and of the session.
    events: [AuditEvent; 2],
    /// Session that this browser presented, and the event of its end.
    replaces: Option<(&'a str, AuditEvent)>,
    /// Event of the end of another session of this device that its browser did not present, because
    /// the cookie was lost or belongs to another address by now.
    replaces_of_device: Option<AuditEvent>,
    /// Mail to the owner of the address, who may not know of the sign-in.
    notice: Option<SealedMail>,
}

impl<'a> PendingSession<'a> {
    async fn new(
        auth: &Auth,
        method: Method,
        address: &Address,
        requester: &'a Requester,
    ) -> Result<Self, Error> {
        let at = auth.clock.now();
        let expires_at = at + Millis::from(auth.policy().session.max_age) * SECOND;
        let token_expires_at = session::token_end(auth, at, expires_at);
        let device = device::of_sign_in(auth, address, requester, at).await?;
        let event =
            |name| auth.event(name, Some(address), &requester.client).because(Reason::By(method));
        let events = [Event::AuthVerified, Event::SessionIssued].map(event);
        let replaced = |address: &Address| {
            auth.event(Event::SessionRevoked, Some(address), &requester.client)
                .because(Reason::Replaced)
        };
        let replaces = requester
            .session
            .as_ref()
            .map(|had| (had.id.as_str(), replaced(&had.address).of_user(&had.user_id)));
        let replaces_of_device = (device.was_known && requester.signed_in_as() != Some(address))
            .then(|| replaced(address));
        let session_id = auth.random.id()?;
        let notice = notice::of_session(auth, address, &session_id, requester, &device, at)?;
        Ok(PendingSession {
            requester,
            method,
            session_id,
            at,
            token_expires_at,
            expires_at,
            device,
            events,
            replaces,
            replaces_of_device,
            notice,
        })
    }

    fn session(&self) -> NewSession<'_> {
        NewSession {
            id: &self.session_id,
            device: &self.device.id,
            method: self.method.name(),
            user_agent: &self.requester.client.user_agent,
            ip_prefix: &self.requester.client.ip_prefix,
            token_expires_at: self.token_expires_at,
            expires_at: self.expires_at,
            replaces: self.replaces.as_ref().map(|(id, event)| (*id, event)),
            replaces_of_device: self.replaces_of_device.as_ref(),
            events: &self.events,
            notice: self.notice.as_ref().map(|notice| notice.new_mail("", false)),
        }
    }

    /// Logs and counts the events, once they are written. The end of a session in
    /// `replaces_of_device` is only in the audit table.
    fn emit_events(&self, user_id: &str) {
        for event in self.events.iter().cloned() {
            event.of_user(user_id).emit();
        }
        if let Some((_, event)) = &self.replaces {
            event.emit();
        }
    }
}
