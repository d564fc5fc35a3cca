//! The policy as operators see it: what is in force, where it comes from, and how it changed.

use super::operator::Operator;
use crate::server::{
    auth::Auth,
    config::{
        desk::Role,
        overrides::{LeftOut, Override, Place, place_of, value_of, values},
        steerable,
    },
    ground::error::Error,
    store::PolicyChange,
};

/// Changes of the policy on one page.
const CHANGES_ON_A_PAGE: usize = 50;

/// A key that operators may override.
#[derive(Debug)]
pub struct Key {
    pub name: String,
    /// The value in force, as TOML has it; `None` if it has none.
    pub value: Option<String>,
    /// The place that the value comes from: `default`, `file`, `variable` or `override`.
    pub from: &'static str,
    /// The override in force, if there is one.
    pub over: Option<Override>,
}

/// The keys that operators may override, and what of their overrides is not in force.
#[derive(Debug)]
pub struct InForce {
    pub keys: Vec<Key>,
    pub left_out: Vec<LeftOut>,
}

/// Returns what is in force. Keys without a value that nobody has set are left out: the texts of
/// mails in all languages.
pub async fn in_force(auth: &Auth, operator: &Operator) -> Result<InForce, Error> {
    operator.may(auth, Role::Look).await?;
    let (policy, parts) = (auth.policy(), auth.parts());
    let (values, overrides) = (values(&policy), parts.in_force());
    let keys = steerable::keys().iter().filter_map(|steerable| {
        let name = steerable.key.clone();
        let value = value_of(&values, &name);
        let (from, over) = match place_of(&parts.base, &overrides, &name) {
            Place::Default if value.is_none() => return None,
            Place::Default => ("default", None),
            Place::File(_) => ("file", None),
            Place::Variable(_) => ("variable", None),
            Place::Override(over) => ("override", Some(over.clone())),
        };
        Some(Key { name, value, from, over })
    });
    Ok(InForce { keys: keys.collect(), left_out: parts.left_out.clone() })
}

/// Changes of the policy, the latest first.
#[derive(Debug)]
pub struct Changes {
    pub changes: Vec<PolicyChange>,
    /// Id that the next page is before. `None` at the end.
    pub older: Option<i64>,
}

/// Returns the latest changes before the one with the id `before`.
pub async fn changes(
    auth: &Auth,
    operator: &Operator,
    before: Option<i64>,
) -> Result<Changes, Error> {
    operator.may(auth, Role::Look).await?;
    let most = CHANGES_ON_A_PAGE as i64 + 1;
    let mut changes = auth.store.policy_changes(before.unwrap_or(i64::MAX), most).await?;
    let has_more = changes.len() > CHANGES_ON_A_PAGE;
    changes.truncate(CHANGES_ON_A_PAGE);
    let older = changes.last().filter(|_| has_more).map(|last| last.id);
    Ok(Changes { changes, older })
}
