//! The rules, from an address to a session: no HTTP, no Leptos, no SQL. Every door ends here.

mod beginning;
pub mod code;
mod code_hash;
pub mod device;
pub mod event;
pub mod hand_over;
mod hashing;
pub mod ip_limits;
pub mod limits;
pub mod link;
pub mod not_you;
pub mod notice;
pub mod password;
mod password_hash;
pub mod request;
pub mod sealed;
pub mod session;
pub mod terms;
mod totals;

use crate::server::values::event::{Event, Method, Reason};
use arc_swap::ArcSwap;
use std::{net::IpAddr, sync::Arc};

use crate::server::{
    config::{Policy, SignUp},
    ground::{
        clock::{Clock, Millis},
        error::Error,
        keys::Keys,
        random::Random,
    },
    store::{
        Admission, AuthRequest, Completed, FailedTry, MappedUsers, SessionRow, Store, Taken,
        Verdict,
    },
    values::{destination, public_url::PublicUrl},
};
use beginning::Beginning;
use hand_over::HandOver;
use hashing::Hashing;
use ip_limits::IpLimits;
use totals::Totals;

/// What every step of a sign-in needs.
#[derive(Debug)]
pub struct Core {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub keys: Keys,
    policy: ArcSwap<Policy>,
    pub public_url: PublicUrl,
    pub ip_limits: IpLimits,
    totals: Totals,
    /// The team's own user table, when one is mapped.
    pub mapped_users: Option<MappedUsers>,
    /// Takes new mails to this process's outbox worker.
    pub outbox: HandOver,
    hashing: Hashing,
}

/// What a browser (or another caller) showed of itself.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Ids of the auth requests it began: the origin binding.
    pub held: Vec<String>,
    /// The session it had, which a sign-in replaces.
    pub session: Option<SessionRow>,
    /// What it kept of addresses it has signed in to.
    pub devices: Vec<String>,
    pub client: Client,
}

impl Browser {
    /// The address it is signed in as.
    pub fn signed_in_as(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.address.as_str())
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub ip: Option<IpAddr>,
    /// The network of it: enough to recognise one's own, too little to find a person.
    pub ip_prefix: String,
    pub user_agent: String,
    /// The correlation id.
    pub request_id: String,
}

/// A sign-in refused: what the caller is told, and what is noted of it, which may be more.
struct Refused {
    answer: Error,
    reason: Reason,
}

impl From<Error> for Refused {
    fn from(answer: Error) -> Self {
        Refused { reason: Reason::Refused(answer.kind()), answer }
    }
}

/// A session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    pub session_id: String,
    pub user_id: String,
    pub address: String,
    pub destination: String,
    /// Of the auth request; `None` when a password did it.
    pub request: Option<AuthRequest>,
    pub issued_at: Millis,
    /// The end of the first token.
    pub token_expires_at: Millis,
    /// What the browser keeps of this address and others.
    pub devices: Vec<String>,
}

impl Core {
    #[allow(clippy::too_many_arguments)] // each is a part; a builder would only name them twice
    pub fn new(
        store: Store,
        clock: Clock,
        random: Random,
        keys: Keys,
        policy: Policy,
        public_url: PublicUrl,
        mapped_users: Option<MappedUsers>,
        outbox: HandOver,
    ) -> Self {
        let ip_limits = IpLimits::new(clock.clone(), &policy.limits, &store);
        let policy = ArcSwap::from_pointee(policy);
        Core {
            ip_limits,
            totals: Totals::default(),
            store,
            clock,
            random,
            keys,
            policy,
            public_url,
            mapped_users,
            outbox,
            hashing: Hashing::default(),
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Puts another policy in force, as a whole.
    pub fn set_policy(&self, policy: Policy) {
        self.ip_limits.apply(&policy.limits);
        self.policy.store(Arc::new(policy));
    }

    /// Whether mail may go to an address: to anyone while sign-up is open, else to users alone;
    /// never to who is kept out. Asked by the outbox worker, long after the request was answered,
    /// so that no answer can depend on it.
    pub async fn may_receive(&self, address: &str) -> Result<bool, Error> {
        if let Some(mapped) = &self.mapped_users {
            let Some(user_id) = mapped.find(address).await? else { return Ok(false) };
            return Ok(!self.store.is_banned(Some(&user_id), address).await?);
        }
        match self.policy().auth.sign_up {
            SignUp::Open => Ok(!self.store.is_banned(None, address).await?),
            SignUp::Closed => self.store.is_user(address).await,
        }
    }

    /// Notes that a sign-in was refused, and gives what to say. Trouble of our own is no refusal,
    /// and the log has it.
    async fn refuse(&self, refused: Refused, address: Option<&str>, client: &Client) -> Error {
        let Refused { answer, reason } = refused;
        if !matches!(answer, Error::Unavailable | Error::Internal) {
            let event = self.event(Event::AuthFailed, address, client).because(reason);
            // What belongs to no address (a made-up link) is nobody's to read: it would only fill
            // the table. Should it not be written, the answer still stands; the log tells both.
            if address.is_some() {
                let _ = self.store.note(&event).await;
            }
            event.tell();
        }
        answer
    }

    /// Turns an auth request into a session, once, if `judge` finds its link or code right.
    /// `useless` is what to say of one that was right and signs nobody in.
    async fn complete(
        &self,
        method: Method,
        request: AuthRequest,
        code_try: Option<&FailedTry<'_>>,
        browser: &Browser,
        useless: Error,
        judge: impl Fn(&AuthRequest, &[Taken]) -> Verdict,
    ) -> Result<SignedIn, Refused> {
        let beginning = Beginning::new(self, method, &request.address, browser).await?;
        let new_id = self.random.id()?;
        let mapped_id = match &self.mapped_users {
            Some(mapped) => Some(mapped.find(&request.address).await?),
            None => None,
        };
        let admission = match (&mapped_id, self.policy().auth.sign_up) {
            (Some(Some(user_id)), _) => Admission::As { user_id },
            (Some(None), _) => Admission::Nobody,
            (None, SignUp::Open) => Admission::Anyone { new_id: &new_id },
            (None, SignUp::Closed) => Admission::Known,
        };
        match self
            .store
            .complete(&request, code_try, admission, &beginning.session(), beginning.at, judge)
            .await?
        {
            Completed::Wrong(error) => Err(error.into()),
            Completed::Gone => Err(useless.into()),
            // What an unknown address would hear that guessed its code: that it is of no use.
            Completed::InVain => Err(Refused { answer: useless, reason: Reason::NotAUser }),
            Completed::SignedIn { user_id } => {
                let address = request.address.clone();
                let destination =
                    destination::with_state(&request.destination, request.state.as_deref());
                Ok(beginning.signed_in(user_id, address, destination, Some(request)))
            }
        }
    }
}
