//! The end of every way in: the one place where a session begins, whatever proved the person.

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
    values::event::{Event, Method, Reason},
};

/// A way in at its end: what it proves, and for whom.
pub(super) struct Proved<'a> {
    pub method: Method,
    pub address: &'a str,
    pub proof: Proof<'a>,
    /// The attempt to count if a code or a password turns out to be wrong.
    pub attempt: Option<&'a FailedTry<'a>>,
    /// The auth request it came of; `None` for a password.
    pub request: Option<AuthRequest>,
    /// The path of this site to go to.
    pub destination: String,
    /// The answer where the proof was right and signs nobody in.
    pub otherwise: Error,
}

/// Begins a session, once, if the proof is right when it is judged for the last time and the
/// address may sign in.
pub(super) async fn finish(
    auth: &Auth,
    requester: &Requester,
    proved: Proved<'_>,
) -> Result<SignedIn, Refused> {
    let Proved { method, address, proof, attempt, request, destination, otherwise } = proved;
    let (new_id, team_id) = (auth.random.id()?, auth.team_id(address).await?);
    let admission = auth.admission(team_id.as_ref(), &new_id);
    let begun = Begun::new(auth, method, address, requester).await?;
    let session = begun.session();
    let sign_in = SignIn { address, proof, attempt, admission, session: &session, at: begun.at };
    match auth.store.sign_in(&sign_in).await? {
        SignInOutcome::Wrong(error) => Err(error.into()),
        SignInOutcome::Gone => Err(otherwise.into()),
        // The answer an unknown address would get that guessed its code: it is of no use.
        SignInOutcome::NotAdmitted => Err(Refused { answer: otherwise, reason: Reason::NotAUser }),
        SignInOutcome::SignedIn { user_id } => {
            begun.tell(&user_id);
            let token = session::issue(
                auth,
                &begun.session_id,
                &user_id,
                begun.at,
                begun.token_expires_at,
            )?;
            Ok(SignedIn {
                user_id,
                address: address.to_owned(),
                destination,
                request,
                token,
                devices: begun.device.entries,
            })
        }
    }
}

/// A session as it begins: what is written of it in one step, and told after.
struct Begun<'a> {
    requester: &'a Requester,
    session_id: String,
    at: Millis,
    token_expires_at: Millis,
    expires_at: Millis,
    device: Device,
    /// The sign-in, and the session.
    events: [AuditEvent; 2],
    /// The session this browser presented, and its end.
    replaces: Option<(&'a str, AuditEvent)>,
    /// The end of another session of this device, which its browser did not present: its cookie was
    /// lost, or is another address's by now.
    replaces_of_device: Option<AuditEvent>,
    /// A mail for an owner who may not know of it.
    notice: Option<SealedMail>,
}

impl<'a> Begun<'a> {
    async fn new(
        auth: &Auth,
        method: Method,
        address: &str,
        requester: &'a Requester,
    ) -> Result<Self, Error> {
        let at = auth.clock.now();
        let expires_at = at + Millis::from(auth.policy().session.max_age) * SECOND;
        let token_expires_at = session::token_end(auth, at, expires_at);
        let device = device::of_sign_in(auth, address, requester, at).await?;
        let event =
            |name| auth.event(name, Some(address), &requester.client).because(Reason::By(method));
        let events = [Event::AuthVerified, Event::SessionIssued].map(event);
        let replaced = |address: &str| {
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
        Ok(Begun {
            requester,
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

    /// Tells logs and counters, once it is written.
    fn tell(&self, user_id: &str) {
        for event in self.events.iter().cloned() {
            event.of_user(user_id).tell();
        }
        if let Some((_, event)) = &self.replaces {
            event.tell();
        }
    }
}
