//! Edits of the policy as the desk's form sends them, in a query or a body:
//! `values[auth.mode]=OTP`, `seen[auth.mode]=3`, and `was[auth.mode]=LINK`, the value that the
//! field came with.

use std::collections::HashMap;
use url::form_urlencoded::{Serializer, parse};

use crate::server::desk::steer::Edit;

/// Longest query that leads back to a form with what was typed, in bytes: a header is not longer.
const LONGEST: usize = 6_000;

/// Returns the edits in a query.
pub fn of_query(query: &str) -> Vec<Edit> {
    let mut values = HashMap::new();
    let (mut seen, mut was) = (HashMap::new(), HashMap::new());
    let within = |name: &str, list: &str| -> Option<String> {
        Some(name.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?.to_owned())
    };
    for (name, value) in parse(query.as_bytes()) {
        if let Some(key) = within(&name, "values") {
            values.insert(key, value.into_owned());
        } else if let Some(key) = within(&name, "seen") {
            seen.extend(value.parse().ok().map(|version: i64| (key, version)));
        } else if let Some(key) = within(&name, "was") {
            was.insert(key, value.into_owned());
        }
    }
    of_fields(values, &seen, &was)
}

/// Returns the edits of fields by their keys, in the order of the keys. Fields that nobody touched
/// are none: to write them would undo what the file has changed meanwhile.
pub fn of_fields(
    values: HashMap<String, String>,
    seen: &HashMap<String, i64>,
    was: &HashMap<String, String>,
) -> Vec<Edit> {
    let edit = |(key, value): (String, String)| Edit {
        seen: seen.get(&key).copied(),
        value: Some(value),
        key,
    };
    let mut edits: Vec<Edit> =
        values.into_iter().filter(|(key, value)| was.get(key) != Some(value)).map(edit).collect();
    edits.sort_by(|one, other| one.key.cmp(&other.key));
    edits
}

/// Returns the query of edits, with other fields before them. Without the edits if they are too
/// long for one.
pub fn query(fields: &[(&str, &str)], edits: &[Edit]) -> String {
    whole_query(fields, edits).unwrap_or_else(|| plain_query(fields).finish())
}

/// Returns the same query, or `None` if the edits are too long for one.
pub fn whole_query(fields: &[(&str, &str)], edits: &[Edit]) -> Option<String> {
    let mut whole = plain_query(fields);
    for Edit { key, value, seen } in edits {
        if let Some(value) = value {
            whole.append_pair(&format!("values[{key}]"), value);
        }
        if let Some(seen) = seen {
            whole.append_pair(&format!("seen[{key}]"), &seen.to_string());
        }
    }
    let whole = whole.finish();
    (whole.len() <= LONGEST).then_some(whole)
}

fn plain_query(fields: &[(&str, &str)]) -> Serializer<'static, String> {
    let mut plain = Serializer::new(String::new());
    plain.extend_pairs(fields);
    plain
}
