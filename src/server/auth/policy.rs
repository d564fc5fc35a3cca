//! The policy in force: that of the file and the variables, with the operators' overrides laid over
//! it. It is made in one place, at the start and whenever either changes.

use std::{collections::BTreeMap, sync::Arc};

use super::Auth;
use crate::server::{
    config::{
        Change, Policy, changes,
        overrides::{Laid, LeftOut, Override, lay},
        shown,
    },
    ground::{clock::Millis, error::Error},
    store::{PolicyChange, Record},
    values::address::Address,
};

/// The parts that the policy in force is made of.
#[derive(Debug)]
pub struct Parts {
    /// Policy of the file and the variables.
    pub base: Arc<Policy>,
    /// Number of the last act on overrides.
    pub version: i64,
    pub overrides: Vec<Override>,
    pub left_out: Vec<LeftOut>,
}

impl Parts {
    /// Returns the overrides that are in force.
    pub fn in_force(&self) -> Vec<Override> {
        let is_out = |one: &&Override| self.left_out.iter().any(|out| out.key == one.key);
        self.overrides.iter().filter(|one| !is_out(one)).cloned().collect()
    }
}

/// Result of putting another policy in force.
#[derive(Debug)]
pub struct Replaced {
    pub changes: Vec<Change>,
    /// Overrides that were in force and are not any more.
    pub newly_left_out: Vec<LeftOut>,
}

impl Replaced {
    /// Logs what the policy changes, except keys that are `waiting` for the next start. Returns the
    /// number of changed keys.
    pub fn tell(&self, waiting: &[&str]) -> usize {
        let waits = |key: &str| {
            waiting.iter().any(|waits| key == *waits || key.starts_with(&format!("{waits}.")))
        };
        let mut changed = 0;
        for change in self.changes.iter().filter(|change| !waits(&change.key)) {
            let (key, old, new) = (&change.key, &change.old, &change.new);
            changed += 1;
            if change.loosens {
                tracing::warn!(event = "policy.changed", key, old, new, "more is let through");
            } else {
                tracing::info!(event = "policy.changed", key, old, new);
            }
        }
        for out in &self.newly_left_out {
            tracing::warn!(
                event = "policy.override_left_out",
                key = out.key,
                why = out.why,
                "take it back, or make it possible again"
            );
        }
        changed
    }
}

impl Auth {
    /// Returns the policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Returns the parts of the policy in force.
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.load_full()
    }

    /// Takes the policy that the file and the variables make now.
    pub async fn take_file(&self, base: Policy) -> Replaced {
        let _one_at_a_time = self.replacing.lock().await;
        let Parts { version, overrides, .. } = &*self.parts();
        self.replace(Arc::new(base), *version, overrides.clone())
    }

    /// Takes the overrides that are in the database now. Returns `None` if they are those in force.
    /// After an error the policy in force stays.
    pub async fn take_overrides(&self) -> Result<Option<Replaced>, Error> {
        let _one_at_a_time = self.replacing.lock().await;
        let parts = self.parts();
        // Read first: overrides that are newer than their version are read again, never missed.
        let version = self.store.policy_version().await?;
        if version == parts.version {
            return Ok(None);
        }
        let overrides = self.store.overrides().await?;
        Ok(Some(self.replace(parts.base.clone(), version, overrides)))
    }

    fn replace(&self, base: Arc<Policy>, version: i64, overrides: Vec<Override>) -> Replaced {
        let (before, parts) = (self.policy(), self.parts());
        let Laid { policy, left_out } = lay(&base, &overrides);
        let newly_left_out = left_out.iter().filter(|out| !parts.left_out.contains(out));
        let replaced = Replaced {
            changes: changes(&before, &policy),
            newly_left_out: newly_left_out.cloned().collect(),
        };
        self.client_limits.apply(&policy.limits);
        self.policy.store(Arc::new(policy));
        self.parts.store(Arc::new(Parts { base, version, overrides, left_out }));
        replaced
    }

    /// Records the policy of the file and the variables, if it differs from the one recorded last,
    /// by this or another instance.
    pub async fn note_file(&self) -> Result<(), Error> {
        let (base, policy, at) = (self.parts().base.clone(), self.policy(), self.clock.now());
        let now = shown(&base);
        let record = |before: &str| Record {
            // Before the first record nothing has changed.
            changes: match read(before) {
                Some(before) => differences(at, &before, &now),
                None => Vec::new(),
            },
            policy: written(&shown(&policy)),
        };
        self.store.note_policy_file(at, &written(&now), record).await.map(drop)
    }

    /// Returns every key of the policy that was in force at a time, with its value as people read
    /// it; `None` if that is not known any more.
    pub async fn policy_at(&self, at: Millis) -> Result<Option<BTreeMap<String, String>>, Error> {
        Ok(self.store.policy_at(at).await?.as_deref().and_then(read))
    }

    /// Returns the policies that were in force when mails to an address were asked for, from a time
    /// to another, each with the time from which on it was; the earliest first. One that this
    /// version cannot read is `None`.
    pub async fn policies_at_asks(
        &self,
        address: &Address,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<(Millis, Option<BTreeMap<String, String>>)>, Error> {
        let mut states = Vec::new();
        // After a rotation of the secrets an address has one subject under each.
        for subject in self.keys.subjects(address.as_str()) {
            states.extend(self.store.states_at_asks(&subject, from, to).await?);
        }
        states.sort_by_key(|state| (state.at, state.id));
        states.dedup_by_key(|state| state.id);
        Ok(states.into_iter().map(|state| (state.at, read(&state.policy))).collect())
    }
}

/// Writes a policy as the database keeps it.
pub fn written(shown: &BTreeMap<String, String>) -> String {
    serde_json::to_string(shown).unwrap_or_default()
}

fn read(text: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_str(text).ok()
}

fn differences(
    at: Millis,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<PolicyChange> {
    let mut keys: Vec<&String> = before.keys().chain(now.keys()).collect();
    keys.sort();
    keys.dedup();
    let changed = keys.into_iter().filter(|key| before.get(*key) != now.get(*key));
    changed
        .map(|key| PolicyChange {
            id: 0,
            at,
            kind: "file".to_owned(),
            key: key.clone(),
            old: before.get(key).cloned(),
            new: now.get(key).cloned(),
            changed_by: String::new(),
            reason: String::new(),
        })
        .collect()
}
