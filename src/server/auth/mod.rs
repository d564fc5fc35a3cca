//! The rules, from an address to a session: no HTTP, no Leptos, no SQL. Every door ends here.

mod admission;
pub mod audit;
pub mod client_limits;
pub mod code;
mod code_hash;
pub mod device;
pub mod dispute;
mod finish;
pub mod hand_over;
mod hashing;
pub mod limits;
pub mod link;
pub mod notice;
pub mod password;
mod password_hash;
pub mod request;
pub mod sealed;
pub mod session;
pub mod terms;
mod totals;

use arc_swap::ArcSwap;
use std::{net::IpAddr, sync::Arc};

use crate::server::{
    config::Policy,
    ground::{clock::Clock, error::Error, keys::Keys, random::Random},
    store::{AuthRequest, SessionRow, Store, TeamUsers},
    values::{
        event::{Event, Reason},
        public_url::PublicUrl,
    },
};
use client_limits::ClientLimits;
use hand_over::HandOver;
use hashing::Hashing;
use session::Token;
use totals::Totals;

/// What every step of a sign-in needs.
#[derive(Debug)]
pub struct Auth {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub keys: Keys,
    policy: ArcSwap<Policy>,
    pub public_url: PublicUrl,
    pub client_limits: ClientLimits,
    totals: Totals,
    /// The team's own user table, when one is mapped.
    pub team_users: Option<TeamUsers>,
    /// Takes new mails to this process's outbox worker.
    pub outbox: HandOver,
    hashing: Hashing,
}

/// What a browser (or another caller) showed of itself.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    /// Ids of the auth requests it began: the origin binding.
    pub held: Vec<String>,
    /// The session it had, which a sign-in replaces.
    pub session: Option<SessionRow>,
    /// What it kept of addresses it has signed in to.
    pub devices: Vec<String>,
    pub client: Client,
}

impl Requester {
    /// The auth request that a caller means: the one it names, which thereby counts as held, or the
    /// newest it holds. A program binds a sign-in to itself by keeping the id to itself.
    pub fn holding(&mut self, named: Option<String>) -> Result<String, Error> {
        if let Some(id) = named.filter(|id| !id.is_empty()) {
            self.held.insert(0, id);
        }
        self.held.first().cloned().ok_or_else(|| Error::missing("auth_request_id"))
    }

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
    pub user_id: String,
    pub address: String,
    /// The path of this site to go to.
    pub destination: String,
    /// The auth request it came of; `None` for a password.
    pub request: Option<AuthRequest>,
    /// The first token of the session.
    pub token: Token,
    /// What the browser keeps of this address and others.
    pub devices: Vec<String>,
}

impl Auth {
    #[allow(clippy::too_many_arguments)] // each is a part; a builder would only name them twice
    pub fn new(
        store: Store,
        clock: Clock,
        random: Random,
        keys: Keys,
        policy: Policy,
        public_url: PublicUrl,
        team_users: Option<TeamUsers>,
        outbox: HandOver,
    ) -> Self {
        let client_limits = ClientLimits::new(clock.clone(), &policy.limits, &store);
        let policy = ArcSwap::from_pointee(policy);
        Auth {
            client_limits,
            totals: Totals::default(),
            store,
            clock,
            random,
            keys,
            policy,
            public_url,
            team_users,
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
        self.client_limits.apply(&policy.limits);
        self.policy.store(Arc::new(policy));
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
}
