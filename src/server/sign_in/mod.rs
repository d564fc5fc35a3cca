//! The heart: from an address to a session. No HTTP, no Leptos, no SQL; pages, server functions and API all end here.

pub mod address;
pub mod code;
pub mod destination;
pub mod device;
pub mod limits;
pub mod link;
pub mod mode;
pub mod password;
pub mod request;

use arc_swap::ArcSwap;
use std::{net::IpAddr, sync::Arc};
use tokio::sync::Notify;

use super::{
    clock::{Clock, Millis, SECOND},
    config::{Policy, PublicUrl, SignUp},
    event::Event,
    ip_limits::IpLimits,
    keys::Keys,
    random::Random,
    store::{Admission, AuthRequest, Completed, MappedUsers, NewSession, Store},
};
use crate::error::Error;

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
    /// The team's own user table, when one is mapped.
    pub mapped_users: Option<MappedUsers>,
    /// Wakes the outbox worker when there is a mail to send.
    pub mail_queued: Notify,
}

/// What a browser (or another caller) showed of itself.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Ids of the auth requests it began: the origin binding.
    pub held: Vec<String>,
    /// The session it had, which a sign-in replaces.
    pub session_id: Option<String>,
    pub user_agent: String,
    /// What it kept of addresses it has signed in to.
    pub devices: Vec<String>,
    pub ip: Option<IpAddr>,
    /// The network it came from: enough to recognise one's own, too little to find a person.
    pub ip_prefix: String,
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
    pub session_expires_at: Millis,
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
    ) -> Self {
        let ip_limits = IpLimits::new(clock.clone(), &policy.limits);
        let policy = ArcSwap::from_pointee(policy);
        Core { ip_limits, store, clock, random, keys, policy, public_url, mapped_users, mail_queued: Notify::new() }
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

    /// Whether mail may go to an address: to anyone while sign-up is open, else to users alone; never to a disabled one.
    /// Asked by the outbox worker, long after the request was answered, so that no answer can depend on it.
    pub async fn may_receive(&self, address: &str) -> Result<bool, Error> {
        if let Some(mapped) = &self.mapped_users {
            return Ok(mapped.find(address).await?.is_some() && !self.store.is_disabled(address).await?);
        }
        match self.policy().auth.sign_up {
            SignUp::Open => Ok(!self.store.is_disabled(address).await?),
            SignUp::Closed => self.store.is_user(address).await,
        }
    }

    /// Turns an auth request whose link or code was right into a session, once. `late` is what to say when somebody
    /// was faster.
    async fn complete(&self, request: AuthRequest, browser: &Browser, late: Error) -> Result<SignedIn, Error> {
        let now = self.clock.now();
        let session_id = self.random.id()?;
        let expires_at = now + Millis::from(self.policy().session.max_age) * SECOND;
        let session = NewSession { id: &session_id, user_agent: &browser.user_agent, ip_prefix: &browser.ip_prefix, expires_at };
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
        match self.store.complete(&request, admission, &session, browser.session_id.as_deref(), now).await? {
            Completed::Late => Err(late),
            // What an unknown address would hear that guessed its code: that it is of no use.
            Completed::Refused => {
                Event::AuthFailed { reason: "not_a_user", address: Some(&request.address) }.record();
                Err(late)
            }
            Completed::SignedIn { user_id } => {
                Event::AuthVerified { address: &request.address }.record();
                Event::SessionIssued { user_id: &user_id }.record();
                Ok(SignedIn {
                    session_id,
                    user_id,
                    address: request.address.clone(),
                    destination: request.destination.clone(),
                    request: Some(request),
                    issued_at: now,
                    session_expires_at: expires_at,
                })
            }
        }
    }
}
