//! The policy in force when a mail was asked for, as far as it differs from the one now: somebody
//! who could not sign in last week may have met other rules.

use std::collections::BTreeMap;

use crate::server::{
    auth::Auth,
    config::{shown, steerable},
    ground::{clock::Millis, error::Error, words::say},
    store::AuditRow,
    values::{address::Address, event::Event},
};

/// Most characters of a value in a sentence: a list of domains may be long.
const LONGEST: usize = 80;

/// A key of the policy whose value has changed since. Values are as TOML has them; `None`: the key
/// had, or has, none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyThen {
    pub key: String,
    pub then: Option<String>,
    pub now: Option<String>,
}

/// The policy at a time, compared with the one in force now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyThen {
    /// These keys, which matter to signing in, had other values.
    Differs(Vec<KeyThen>),
    /// The policy in force is not kept any more, or was not yet recorded.
    Unknown,
}

impl PolicyThen {
    /// Compares a policy with the one now. Returns `None` if nothing that matters has changed.
    fn of(then: Option<&BTreeMap<String, String>>, now: &BTreeMap<String, String>) -> Option<Self> {
        let Some(then) = then else { return Some(PolicyThen::Unknown) };
        let changed = keys().filter(|key| then.get(*key) != now.get(*key));
        let keys: Vec<KeyThen> = changed
            .map(|key| KeyThen {
                key: key.to_owned(),
                then: then.get(key).cloned(),
                now: now.get(key).cloned(),
            })
            .collect();
        (!keys.is_empty()).then_some(PolicyThen::Differs(keys))
    }

    /// Says it in words of the page's language.
    pub fn sentence(&self) -> String {
        match self {
            PolicyThen::Unknown => say!("timeline-policy-unknown"),
            PolicyThen::Differs(keys) => {
                let keys: Vec<String> = keys.iter().map(KeyThen::words).collect();
                say!("timeline-policy-then", keys = keys.join("; "))
            }
        }
    }
}

impl KeyThen {
    fn words(&self) -> String {
        let [then, now] = [&self.then, &self.now].map(|value| match value {
            Some(value) if value.chars().count() > LONGEST => {
                value.chars().take(LONGEST).chain(['…']).collect()
            }
            Some(value) => value.clone(),
            None => say!("desk-steer-unset"),
        });
        say!("timeline-policy-key", key = self.key.as_str(), then = then, now = now)
    }
}

/// Returns the keys that matter to signing in: those that operators may override, without looks
/// and words of mails.
fn keys() -> impl Iterator<Item = &'static str> {
    let keys = steerable::keys().iter().map(|steerable| steerable.key.as_str());
    keys.filter(|key| ["brand.", "mail.words."].iter().all(|looks| !key.starts_with(looks)))
}

/// The policies in force at the asks of a page of events, each with the time it began.
#[derive(Debug, Default)]
pub struct PoliciesThen(Vec<(Millis, Option<PolicyThen>)>);

impl PoliciesThen {
    /// Reads the policies at the asks among the events of a person.
    pub async fn of(auth: &Auth, address: &Address, rows: &[AuditRow]) -> Result<Self, Error> {
        let asks = || rows.iter().filter(|row| is_ask(row)).map(|row| row.at);
        let (Some(first), Some(last)) = (asks().min(), asks().max()) else {
            return Ok(PoliciesThen::default());
        };
        let now = shown(&auth.policy());
        let policies = auth.policies_at_asks(address, first, last).await?;
        let compared = |(since, then): (Millis, Option<BTreeMap<_, _>>)| {
            (since, PolicyThen::of(then.as_ref(), &now))
        };
        Ok(PoliciesThen(policies.into_iter().map(compared).collect()))
    }

    /// Returns what is to be told of the policy at an event: of an ask alone, and only if it was
    /// another than now.
    pub fn at(&self, row: &AuditRow) -> Option<PolicyThen> {
        if !is_ask(row) {
            return None;
        }
        let begun = self.0.partition_point(|(since, _)| *since <= row.at);
        self.0[..begun].last().map_or(Some(PolicyThen::Unknown), |(_, then)| then.clone())
    }
}

fn is_ask(row: &AuditRow) -> bool {
    row.event == Event::AuthRequested.name()
}
