//! Rules of overriding the policy: an operator lays keys over the file, or takes that back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::operator::{ActReason, Operator};
use crate::server::{
    auth::{Auth, policy::written},
    config::{
        Policy,
        desk::Role,
        overrides::{Bad, LeftOut, Override, admitted, lay, value_of, values, with_all},
        shown,
        steerable::{self, Kind},
    },
    ground::{
        clock::{Millis, rfc_3339},
        error::Error,
        words::say,
    },
    store::{PolicyChange, Record, Steering},
    values::event::{Event, Reason},
};

/// A key that an operator sets or takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub key: String,
    /// The value as it was typed. `None` takes an override back.
    pub value: Option<String>,
    /// Version of the override that the operator saw, 0 for none: another is not written over.
    /// `None` does not look.
    pub seen: Option<i64>,
}

/// Reason why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Error(#[from] Error),
    #[error("{}.", .0.iter().map(Bad::sentence).collect::<Vec<_>>().join("; "))]
    Keys(Vec<Bad>),
}

/// The refusal as a page or a program shows it.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Error(error) => error,
            Refusal::Keys(_) => Error::invalid(refusal.to_string()),
        }
    }
}

/// The state that an act is judged by.
struct Act<'a> {
    base: &'a Policy,
    edits: &'a [Edit],
    by: &'a str,
    reason: &'a str,
    at: Millis,
}

/// The effect of edits on the overrides there are.
#[derive(Debug, Default)]
struct Done {
    set: Vec<Override>,
    taken_back: Vec<String>,
}

/// Sets and takes back keys, all of them or none.
pub async fn steer(
    auth: &Auth,
    operator: &Operator,
    edits: &[Edit],
    reason: &ActReason,
) -> Result<(), Refusal> {
    operator.may_change(auth, Role::Steer).await?;
    let (parts, at) = (auth.parts(), auth.clock.now());
    let act = Act { base: &parts.base, edits, by: &operator.name, reason: reason.as_str(), at };
    let event = operator.event(auth, Event::PolicySteered, None, reason);
    let judge = |overrides: &[Override]| {
        let (Done { set, taken_back }, before, after) = act.judge(overrides)?;
        let record = act.record(&set, &taken_back, &before, &after);
        let keys = set.iter().map(|one| one.key.as_str());
        let keys: Vec<&str> = keys.chain(taken_back.iter().map(String::as_str)).collect();
        let event = event.clone().because(Reason::Said(keys.join(", ")));
        Ok(Steering { set, taken_back, record, event })
    };
    let steered = auth.store.steer(at, judge).await?;
    let event = steered.map_err(|faults: Vec<Bad>| match faults.is_empty() {
        true => Refusal::Error(Error::invalid(say!("desk-steer-nothing"))),
        false => Refusal::Keys(faults),
    })?;
    event.emit();
    // The act is done. If its result cannot be read now, the watch takes it.
    if let Ok(Some(replaced)) = auth.take_overrides().await {
        replaced.tell(&[]);
    }
    Ok(())
}

/// Returns true if edits are good and change anything.
pub fn would_change(auth: &Auth, edits: &[Edit]) -> bool {
    let (parts, at) = (auth.parts(), auth.clock.now());
    let act = Act { base: &parts.base, edits, by: "", reason: "", at };
    act.judge(&parts.overrides).is_ok()
}

/// Returns the policy as edits would make it, and what is wrong with them. Those that are wrong are
/// not in the policy.
pub fn try_out(auth: &Auth, edits: &[Edit]) -> (Arc<Policy>, Vec<Bad>) {
    let (parts, at) = (auth.parts(), auth.clock.now());
    let tried = |edits: &[Edit]| {
        let act = Act { base: &parts.base, edits, by: "", reason: "", at };
        act.judge(&parts.overrides).map(|(_, _, after)| Arc::new(after))
    };
    let faults = match tried(edits) {
        Ok(policy) => return (policy, Vec::new()),
        Err(faults) => faults,
    };
    let is_good = |edit: &&Edit| faults.iter().all(|fault| fault.key != edit.key);
    let good: Vec<Edit> = edits.iter().filter(is_good).cloned().collect();
    (tried(&good).unwrap_or_else(|_| auth.policy()), faults)
}

impl Act<'_> {
    /// Decides what the edits do, and returns that with the policies before and after. An error
    /// without a fault says that they change nothing.
    fn judge(&self, overrides: &[Override]) -> Result<(Done, Policy, Policy), Vec<Bad>> {
        let before = lay(self.base, overrides);
        let in_force = values(&before.policy);
        let (mut done, mut faults) = (Done::default(), Vec::new());
        for (n, edit) in self.edits.iter().enumerate() {
            if self.edits[..n].iter().any(|earlier| earlier.key == edit.key) {
                let why = "is named twice: keep one".to_owned();
                faults.push(Bad { key: edit.key.clone(), why });
                continue;
            }
            let there = overrides.iter().find(|one| one.key == edit.key);
            if let Err(why) = self.edited(edit, there, &in_force, &mut done) {
                faults.push(Bad { key: edit.key.clone(), why });
            }
        }
        let Done { set, taken_back } = &done;
        if !faults.is_empty() || (set.is_empty() && taken_back.is_empty()) {
            return Err(faults);
        }
        let is_edited =
            |key: &String| set.iter().any(|one| one.key == *key) || taken_back.contains(key);
        // Those that were left out before are no fault of this act.
        let stay = overrides.iter().filter(|one| {
            !is_edited(&one.key) && before.left_out.iter().all(|out| out.key != one.key)
        });
        let together: Vec<Override> = stay.chain(set).cloned().collect();
        with_all(self.base, &together).map_err(|bad| {
            let own = set.iter().map(|one| &one.key).chain(taken_back).collect::<Vec<_>>();
            match own.contains(&&bad.key) {
                true => vec![bad],
                // Another key does not go with these.
                false => own.first().map(|key| spoiled_by(key, &bad)).into_iter().collect(),
            }
        })?;
        // As it will be: what was left out before counts again, and may now go with the rest.
        let act = 1 + overrides.iter().map(|one| one.version).max().unwrap_or_default();
        let kept = overrides.iter().filter(|one| !is_edited(&one.key)).cloned();
        let new = set.iter().cloned().map(|one| Override { version: act, ..one });
        let after = lay(self.base, &kept.chain(new).collect::<Vec<_>>());
        let is_set = |out: &&LeftOut| set.iter().any(|one| one.key == out.key);
        if let Some(LeftOut { key, why }) = after.left_out.iter().find(is_set) {
            return Err(vec![Bad { key: key.clone(), why: why.clone() }]);
        }
        Ok((done, before.policy, after.policy))
    }

    /// Adds what an edit does, if it does anything.
    fn edited(
        &self,
        edit: &Edit,
        there: Option<&Override>,
        before: &toml::Table,
        done: &mut Done,
    ) -> Result<(), String> {
        let typed = edit.value.as_ref().map(|text| text.trim());
        let is_list = steerable::named(&edit.key).is_some_and(|it| it.kind == Kind::List);
        let text = match (typed, there) {
            (Some(""), _) if is_list => "",
            // It was empty before, even if an override is there that is not in force.
            (Some(""), _) if value_of(before, &edit.key).is_none() => return Ok(()),
            // A field that is emptied returns to the file, where it had an override.
            (None | Some(""), Some(_)) => {
                self.is_as_seen(edit, there)?;
                done.taken_back.push(edit.key.clone());
                return Ok(());
            }
            (None, None) => return Err("has no override to take back".to_owned()),
            (Some(text), _) => text,
        };
        let value = admitted(self.base, &edit.key)?.kind.parse(text)?.to_string();
        if value_of(before, &edit.key).as_ref() == Some(&value) {
            return Ok(());
        }
        self.is_as_seen(edit, there)?;
        done.set.push(Override {
            key: edit.key.clone(),
            value,
            set_by: self.by.to_owned(),
            reason: self.reason.to_owned(),
            at: self.at,
            version: 0,
        });
        Ok(())
    }

    /// Refuses to write over what another operator did since this one looked.
    fn is_as_seen(&self, edit: &Edit, there: Option<&Override>) -> Result<(), String> {
        match (edit.seen, there) {
            (None, _) | (Some(0), None) => Ok(()),
            (Some(seen), Some(one)) if seen == one.version => Ok(()),
            (Some(_), Some(Override { set_by, value, at, .. })) => {
                let at = rfc_3339(*at);
                Err(format!("was set to {value} meanwhile, by {set_by} at {at}: look again"))
            }
            (Some(_), None) => Err("was taken back meanwhile: look again".to_owned()),
        }
    }

    fn record(
        &self,
        set: &[Override],
        taken_back: &[String],
        before: &Policy,
        after: &Policy,
    ) -> Record {
        let (before, after) = (shown(before), shown(after));
        let change = |kind: &str, key: &String, old: &BTreeMap<_, String>| PolicyChange {
            id: 0,
            at: self.at,
            kind: kind.to_owned(),
            key: key.clone(),
            old: old.get(key).cloned(),
            new: after.get(key).cloned(),
            changed_by: self.by.to_owned(),
            reason: self.reason.to_owned(),
        };
        let by_hand: BTreeSet<&String> = set.iter().map(|one| &one.key).chain(taken_back).collect();
        // An override that was left out may be in force again by this act.
        let beside = after.keys().filter(|key| {
            steerable::named(key).is_some()
                && !by_hand.contains(key)
                && before.get(*key) != after.get(*key)
        });
        let beside = beside.map(|key| change("set", key, &before));
        let set = set.iter().map(|one| change("set", &one.key, &before));
        let taken_back = taken_back.iter().map(|key| change("taken_back", key, &before));
        Record { changes: set.chain(taken_back).chain(beside).collect(), policy: written(&after) }
    }
}

/// Says that a key cannot change as it should, because of another.
fn spoiled_by(key: &str, bad: &Bad) -> Bad {
    let why = format!("does not go with the rest: {}", bad.sentence());
    Bad { key: key.to_owned(), why }
}
