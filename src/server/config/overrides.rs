//! Overrides: keys of the policy that operators have laid over the file, from the database. The
//! variables of the environment are laid over both: who sets one on the machine means it.

use sqlx::FromRow;
use std::{collections::BTreeSet, fmt::Write};

use super::{
    change::flat,
    policy::Policy,
    steerable::{self, Steerable},
    validation::BadKey,
};
use crate::server::ground::clock::{Millis, rfc_3339};

/// A key that an operator has set.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Override {
    pub key: String,
    /// The value as TOML has it.
    pub value: String,
    pub set_by: String,
    /// The operator's reason in words.
    pub reason: String,
    pub at: Millis,
    /// Number of the act that set it. Keys that were set together have the same.
    pub version: i64,
}

/// An override that is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub key: String,
    /// The reason, as the rest of a sentence that starts with the key.
    pub why: String,
}

/// A policy that overrides are laid over, and those that could not be.
#[derive(Debug)]
pub struct Laid {
    pub policy: Policy,
    pub left_out: Vec<LeftOut>,
}

/// Place that the value of a key in force comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Default,
    /// The file, with the line if it is found.
    File(Option<usize>),
    Variable(&'a str),
    Override(&'a Override),
}

type Values<'a> = Vec<(&'a Override, toml::Value)>;

/// Lays overrides over `base`, the policy of the file and the variables. Those that this version
/// does not know, that are locked, or that are bad in this file are left out, and the rest applies:
/// no override can prevent a start.
pub fn lay(base: &Policy, overrides: &[Override]) -> Laid {
    let mut left_out = Vec::new();
    let mut values: Values<'_> = Vec::new();
    for one in overrides {
        let value = admitted(base, &one.key).and_then(|_| parsed(&one.value));
        // Its type is tried alone, because an error of all together does not name a key.
        let value =
            value.and_then(|value| typed(base, [(one.key.as_str(), &value)]).map(|_| value));
        match value {
            Ok(value) => values.push((one, value)),
            Err(why) => left_out.push(LeftOut { key: one.key.clone(), why }),
        }
    }
    let policy = match checked(base, &values) {
        Ok(policy) => policy,
        Err(bad) => {
            let (kept, policy) = fewest_left_out(base, &values);
            let gone = values.iter().filter(|(one, _)| !kept.contains(&one.version));
            left_out.extend(gone.map(|(one, _)| LeftOut {
                key: one.key.clone(),
                why: if bad.key == one.key { bad.why.clone() } else { bad.sentence() },
            }));
            policy
        }
    };
    Laid { policy, left_out }
}

/// Returns the acts that can stay, and the policy of their overrides. One act left out is tried
/// first, the newest before older ones; then each act is added in order, if it can be.
fn fewest_left_out(base: &Policy, values: &Values<'_>) -> (BTreeSet<i64>, Policy) {
    let acts: BTreeSet<i64> = values.iter().map(|(one, _)| one.version).collect();
    let of = |acts: &BTreeSet<i64>| -> Values<'_> {
        values.iter().filter(|(one, _)| acts.contains(&one.version)).cloned().collect()
    };
    for act in acts.iter().rev() {
        let mut rest = acts.clone();
        rest.remove(act);
        if let Ok(policy) = checked(base, &of(&rest)) {
            return (rest, policy);
        }
    }
    let (mut kept, mut policy) = (BTreeSet::new(), base.clone());
    for act in acts {
        kept.insert(act);
        match checked(base, &of(&kept)) {
            Ok(with) => policy = with,
            Err(_) => {
                kept.remove(&act);
            }
        }
    }
    (kept, policy)
}

/// A value that a policy cannot have.
#[derive(Debug, PartialEq, Eq)]
pub struct Bad {
    pub key: String,
    /// The rest of a sentence that starts with the key.
    pub why: String,
}

impl Bad {
    pub fn sentence(&self) -> String {
        format!("{} {}", self.key, self.why)
    }
}

/// Returns the policy with all of these values, or the first that is bad.
pub fn with_all(base: &Policy, overrides: &[Override]) -> Result<Policy, Bad> {
    let mut values = Vec::new();
    for one in overrides {
        let bad = |why| Bad { key: one.key.clone(), why };
        let value = parsed(&one.value).map_err(bad)?;
        typed(base, [(one.key.as_str(), &value)]).map_err(bad)?;
        values.push((one, value));
    }
    checked(base, &values)
}

/// Returns the key if it may be overridden, or the reason why not.
pub fn admitted(base: &Policy, key: &str) -> Result<&'static Steerable, String> {
    let known = steerable::named(key).ok_or("is no key that this version lets anybody override")?;
    if !base.desk.may_steer {
        return Err("is locked: desk.may_steer is false".to_owned());
    }
    let is_lock = |lock: &&String| {
        key == lock.as_str() || key.strip_prefix(lock.as_str()).is_some_and(|r| r.starts_with('.'))
    };
    if let Some(lock) = base.desk.locked.iter().find(is_lock) {
        return Err(format!("is locked: desk.locked has {lock:?}"));
    }
    match base.origin.variable_of(key) {
        Some(variable) => Err(format!("is fixed by the variable {variable}")),
        None => Ok(known),
    }
}

fn parsed(text: &str) -> Result<toml::Value, String> {
    let table = toml::from_str::<toml::Table>(&format!("value = {text}"));
    let value = table.ok().and_then(|mut table| table.remove("value"));
    value.ok_or_else(|| "has a value that is no TOML".to_owned())
}

/// Returns the policy with these values, whose types are checked alone.
fn typed<'a>(
    base: &Policy,
    values: impl IntoIterator<Item = (&'a str, &'a toml::Value)>,
) -> Result<Policy, String> {
    let mut document = base.origin.document.clone();
    for (key, value) in values {
        place(&mut document, key, value.clone())?;
    }
    let policy = Policy::of_document(&base.origin, document);
    policy.map_err(|error| format!("is bad: {}", error.message().trim_end().replace('\n', ", ")))
}

fn checked(base: &Policy, values: &Values<'_>) -> Result<Policy, Bad> {
    let pairs = values.iter().map(|(one, value)| (one.key.as_str(), value));
    let mut policy = typed(base, pairs).map_err(|why| Bad { key: "the policy".to_owned(), why })?;
    let bad = |BadKey { key, why }: BadKey| {
        // The texts of a mail share a key, and the reason names the one at fault.
        let is_it = |one: &str| why.starts_with(&format!("has {}, which", &one[key.len() + 1..]));
        let inner = values.iter().map(|(one, _)| one.key.as_str()).find(|one| {
            one.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')) && is_it(one)
        });
        match inner.and_then(|inner| Some((inner, why.split_once(", which ")?.1))) {
            Some((inner, why)) => Bad { key: inner.to_owned(), why: why.to_owned() },
            None => Bad { key: key.to_owned(), why },
        }
    };
    policy.check().map_err(bad)?;
    let files = base.brand_files.with_accent(policy.brand.accent.as_deref());
    policy.brand_files = files.map_err(|(key, why)| bad(BadKey { key, why }))?;
    policy.disposable_domains = base.disposable_domains.clone();
    Ok(policy)
}

/// Sets a key like `mail.words.en.title`.
fn place(document: &mut toml::Table, key: &str, value: toml::Value) -> Result<(), String> {
    let (tables, name) = key.rsplit_once('.').ok_or("is no key of a table")?;
    let mut table = document;
    for name in tables.split('.') {
        let inner = table.entry(name).or_insert_with(|| toml::Table::new().into());
        table =
            inner.as_table_mut().ok_or_else(|| format!("is within {name}, which is no table"))?;
    }
    table.insert(name.to_owned(), value);
    Ok(())
}

/// Returns the values of all keys of a policy, by their dotted names.
pub fn values(policy: &Policy) -> toml::Table {
    flat(policy)
}

/// Returns one of these values, as TOML has it; `None` if the key has none.
pub fn value_of(values: &toml::Table, key: &str) -> Option<String> {
    values.get(key).map(toml::Value::to_string)
}

/// Returns where the value of a key in force comes from. `in_force` are the overrides that are not
/// left out.
pub fn place_of<'a>(base: &'a Policy, in_force: &'a [Override], key: &str) -> Place<'a> {
    let origin = &base.origin;
    match (origin.variable_of(key), in_force.iter().find(|one| one.key == key)) {
        (Some(variable), _) => Place::Variable(variable),
        (None, Some(one)) => Place::Override(one),
        (None, None) if origin.stated.contains(key) => Place::File(origin.line_of(key)),
        (None, None) => Place::Default,
    }
}

/// Returns the overrides as the policy file would state them, with who set each and why.
pub fn export(in_force: &[Override]) -> String {
    let mut sorted: Vec<(&str, &str, &Override)> = in_force
        .iter()
        .filter_map(|one| one.key.rsplit_once('.').map(|(table, key)| (table, key, one)))
        .collect();
    sorted.sort_by_key(|(table, key, _)| (*table, *key));
    let (mut text, mut inside) = (String::new(), "");
    for (table, key, one) in sorted {
        // Writing to a string does not fail.
        if table != inside {
            let _ = writeln!(text, "{}[{table}]", if inside.is_empty() { "" } else { "\n" });
            inside = table;
        }
        let Override { value, set_by, reason, at, .. } = one;
        let _ =
            writeln!(text, "# {}", in_one_line(&format!("{}, {set_by}: {reason}", rfc_3339(*at))));
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

/// Returns a text that cannot leave its comment: TOML 1.0 allows no control characters there.
fn in_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
