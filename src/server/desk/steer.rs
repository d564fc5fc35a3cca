//! Rules of overriding the policy: an operator lays keys over the file, or takes that back.

use std::collections::BTreeMap;

use super::operator::{ActReason, Operator};
use crate::server::{
    auth::{Auth, policy::written},
    config::{
        Policy,
        desk::Role,
        overrides::{Bad, Override, admitted, lay, value_of, with_all},
        shown,
    },
    ground::{
        clock::{Millis, rfc_3339},
        error::Error,
    },
    store::{PolicyChange, Record, Steering},
    values::event::{Event, Reason},
};

/// A key that an operator sets or takes back.
#[derive(Clone, Debug)]
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

/// What an act is judged by.
struct Act<'a> {
    base: &'a Policy,
    edits: &'a [Edit],
    by: &'a str,
    reason: &'a str,
    at: Millis,
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
    let keys: Vec<&str> = edits.iter().map(|edit| edit.key.as_str()).collect();
    let event = operator.event(auth, Event::PolicySteered, None, reason);
    let event = event.because(Reason::Said(keys.join(", ")));
    let judge = |overrides: &[Override]| {
        let (set, taken_back, record) = act.judge(overrides)?;
        Ok(Steering { set, taken_back, record, event: event.clone() })
    };
    auth.store.steer(at, judge).await?.map_err(|faults: Vec<Bad>| match faults.is_empty() {
        true => Refusal::Error(Error::invalid("Nothing would change.")),
        false => Refusal::Keys(faults),
    })?;
    event.emit();
    // The act is done. If its result cannot be read now, the watch takes it.
    let _ = auth.take_overrides().await;
    Ok(())
}

impl Act<'_> {
    /// Decides what of the edits changes the overrides there are. An error without a fault says
    /// that nothing does.
    fn judge(
        &self,
        overrides: &[Override],
    ) -> Result<(Vec<Override>, Vec<String>, Record), Vec<Bad>> {
        let before = lay(self.base, overrides);
        let (mut set, mut taken_back, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for edit in self.edits {
            let there = overrides.iter().find(|one| one.key == edit.key);
            match self.edited(edit, there, &before.policy) {
                Ok(Some(one)) => set.push(one),
                Ok(None) if edit.value.is_none() => taken_back.push(edit.key.clone()),
                Ok(None) => {}
                Err(why) => faults.push(Bad { key: edit.key.clone(), why }),
            }
        }
        if !faults.is_empty() || (set.is_empty() && taken_back.is_empty()) {
            return Err(faults);
        }
        let is_edited = |key: &str| {
            set.iter().any(|one: &Override| one.key == key) || taken_back.iter().any(|k| k == key)
        };
        // Those that were left out before are no fault of this act.
        let stay = overrides.iter().filter(|one| {
            !is_edited(&one.key) && before.left_out.iter().all(|out| out.key != one.key)
        });
        let together: Vec<Override> = stay.chain(&set).cloned().collect();
        let after = with_all(self.base, &together).map_err(|bad| {
            match self.edits.iter().find(|edit| edit.key == bad.key) {
                Some(_) => vec![bad],
                // Another key does not go with these.
                None => self.edits.iter().take(1).map(|edit| self.spoiled_by(edit, &bad)).collect(),
            }
        })?;
        let record = self.record(&set, &taken_back, &before.policy, &after);
        Ok((set, taken_back, record))
    }

    fn spoiled_by(&self, edit: &Edit, bad: &Bad) -> Bad {
        let why = format!("does not go with the rest: {}", bad.sentence());
        Bad { key: edit.key.clone(), why }
    }

    /// Returns the override that an edit makes; `None` if it takes one back, or changes nothing.
    fn edited(
        &self,
        edit: &Edit,
        there: Option<&Override>,
        before: &Policy,
    ) -> Result<Option<Override>, String> {
        let Some(text) = &edit.value else {
            self.is_as_seen(edit, there)?;
            return there.map(|_| None).ok_or("has no override to take back".to_owned());
        };
        let value = admitted(self.base, &edit.key)?.kind.parse(text)?.to_string();
        if value_of(before, &edit.key).as_ref() == Some(&value) {
            return Ok(None);
        }
        self.is_as_seen(edit, there)?;
        Ok(Some(Override {
            key: edit.key.clone(),
            value,
            set_by: self.by.to_owned(),
            reason: self.reason.to_owned(),
            at: self.at,
            version: 0,
        }))
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
        let set = set.iter().map(|one| change("set", &one.key, &before));
        let taken_back = taken_back.iter().map(|key| change("taken_back", key, &before));
        Record { changes: set.chain(taken_back).collect(), policy: written(&after) }
    }
}
