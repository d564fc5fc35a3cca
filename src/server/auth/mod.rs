//! Rules of the sign-in, from an address to a session, without HTTP, Leptos or SQL. Every entry
//! point ends here.

pub mod accounts;
pub mod admission;
pub mod audit;
pub mod client_limits;
pub mod code;
mod code_hash;
pub mod device;
pub mod dispute;
pub mod export;
mod finish;
mod hashing;
pub mod invitation_proofs;
pub mod invitations;
pub mod ledger;
pub mod limits;
pub mod link;
pub mod mail_standing;
pub mod matching;
pub mod notice;
pub mod password;
mod password_hash;
pub mod policy;
pub mod reports;
pub mod request;
pub mod request_log;
pub mod sealed;
pub mod session;
pub mod suppression;
pub mod terms;
pub mod test_people;
pub mod told;
mod totals;
pub mod waitlist;
pub mod worker_queue;

use arc_swap::ArcSwap;
use std::{net::IpAddr, sync::Arc};
use tokio::sync::Mutex;

use crate::server::{
    config::Policy,
    ground::{clock::Clock, error::Error, keys::Keys, random::Random},
    mail::numbers::Numbers,
    store::{AuthRequest, SessionRow, Store, TeamUsers},
    values::{
        address::Address,
        event::{Event, Reason},
        public_url::PublicUrl,
    },
};
use client_limits::ClientLimits;
use hashing::Hashing;
use policy::Parts;
use session::Token;
use totals::Totals;
use worker_queue::WorkerQueue;

/// State that every step of a sign-in needs.
#[derive(Debug)]
pub struct Auth {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub keys: Keys,
    policy: ArcSwap<Policy>,
    parts: ArcSwap<Parts>,
    /// Held while another policy is put in force.
    replacing: Mutex<()>,
    pub public_url: PublicUrl,
    pub client_limits: ClientLimits,
    totals: Totals,
    /// Team's own user table, if one is mapped.
    pub team_users: Option<TeamUsers>,
    /// Passes new mails to the outbox worker of this process.
    pub outbox: WorkerQueue,
    /// Numbers of mails for `/metrics`.
    pub numbers: Numbers,
    hashing: Hashing,
}

/// Credentials and origin that a browser (or another caller) presents with a request.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    /// Ids of the auth requests it began. They bind a sign-in to the browser that asked for it.
    pub held: Vec<String>,
    /// Current session, which a sign-in replaces.
    pub session: Option<SessionRow>,
    /// Device entries for the addresses it has signed in to.
    pub devices: Vec<String>,
    pub client: Client,
}

impl Requester {
    /// Returns the id of the auth request that a caller means: the one it names, which then counts
    /// as held, or the newest it holds. A program binds a sign-in to itself by keeping that id
    /// secret.
    pub fn holding(&mut self, named: Option<String>) -> Result<String, Error> {
        if let Some(id) = named.filter(|id| !id.is_empty()) {
            self.held.insert(0, id);
        }
        self.held.first().cloned().ok_or_else(|| Error::missing("auth_request_id"))
    }

    /// Returns the address it is signed in as.
    pub fn signed_in_as(&self) -> Option<&Address> {
        self.session.as_ref().map(|session| &session.address)
    }
}

/// Client that sent a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// `None` for this program itself, and for an app that does not tell whose request it sends.
    pub ip: Option<IpAddr>,
    /// Network of the IP address: enough to recognise one's own, too little to find a person. Of an
    /// app that does not tell whose request it sends, the name of the app (`values::network`).
    pub ip_prefix: String,
    pub user_agent: String,
    /// Correlation id.
    pub request_id: String,
    /// App that it has proved to be: a back end that speaks for all its users.
    pub app: Option<String>,
}

/// Refusal of a sign-in or a mail: the error for the caller, and the reason for the audit, which
/// may say more.
struct Refused {
    answer: Error,
    reason: Reason,
    /// True if a mail was opened by it for the first time.
    opens: bool,
}

impl From<Error> for Refused {
    fn from(answer: Error) -> Self {
        Refused { reason: Reason::Refused(answer.kind()), answer, opens: false }
    }
}

/// Address that its owner has just proved to an app.
#[derive(Debug)]
pub struct Proved {
    pub user_id: String,
    pub address: Address,
    /// Auth request that led to it.
    pub request: Option<AuthRequest>,
}

/// Session that has just begun.
#[derive(Debug)]
pub struct SignedIn {
    pub user_id: String,
    pub address: Address,
    /// Path of this site to go to.
    pub destination: String,
    /// Auth request that led to it; `None` for a password.
    pub request: Option<AuthRequest>,
    /// First token of the session.
    pub token: Token,
    /// Device entries for the browser to store, of this address and others.
    pub devices: Vec<String>,
}

impl Auth {
    #[allow(clippy::too_many_arguments)] // each is a field; a builder would only name them twice
    pub fn new(
        store: Store,
        clock: Clock,
        random: Random,
        keys: Keys,
        policy: Policy,
        public_url: PublicUrl,
        team_users: Option<TeamUsers>,
        outbox: WorkerQueue,
    ) -> Self {
        let client_limits = ClientLimits::new(clock.clone(), &policy.limits, &store);
        let base = Arc::new(policy);
        let parts = Parts {
            base: base.clone(),
            // That of no act: overrides are taken from the database, even if none was ever made.
            version: -1,
            overrides: Vec::new(),
            left_out: Vec::new(),
        };
        Auth {
            client_limits,
            totals: Totals::default(),
            numbers: Numbers::new(clock.clone()),
            store,
            clock,
            random,
            keys,
            policy: ArcSwap::new(base),
            parts: ArcSwap::from_pointee(parts),
            replacing: Mutex::new(()),
            public_url,
            team_users,
            outbox,
            hashing: Hashing::default(),
        }
    }

    /// Records a refusal and returns the error for the caller. Our own failures are not refusals:
    /// they are in the log already.
    async fn refuse(&self, refused: Refused, address: Option<&Address>, client: &Client) -> Error {
        let Refused { answer, reason, opens } = refused;
        if !matches!(answer, Error::Unavailable | Error::Internal) {
            let event = self.event(Event::AuthFailed, address, client).because(reason);
            let event = event.opening(opens);
            // An event without an address (of a made-up link) is skipped: nobody could look it up,
            // and it would only fill the table. If the write fails, the answer still stands, and
            // the log has both.
            if address.is_some() {
                let _ = self.store.note(&event).await;
            }
            event.emit();
        }
        answer
    }
}
