//! Changes that a reload of the policy would make, and the check that it may make them.

use std::collections::BTreeMap;

use super::{ConfigError, policy::Policy, test_people::TestPerson};

/// Keys whose values are entries with a name each.
const ENTRIES: [&str; 6] =
    ["apps", "desk.operators", "forward_auth", "mail.dkim", "mail.transports", TEST_PEOPLE];
const TEST_PEOPLE: &str = "test_people";

/// A key whose value changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub key: String,
    /// The values as TOML has them; never a secret.
    pub old: String,
    pub new: String,
    /// True if the new value lets more through than the old one.
    pub loosens: bool,
}

/// Returns every key whose value in force would change.
pub fn changes(old: &Policy, new: &Policy) -> Vec<Change> {
    let (before, after) = (flat(old), flat(new));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Change {
            key: key.clone(),
            old: told(key, before.get(key)),
            new: told(key, after.get(key)),
            loosens: loosens(key, before.get(key), after.get(key)),
        })
        .collect()
}

/// Refuses a policy that looks as if it was read from a truncated file: a table is gone, or a key
/// is gone and its absence lets more through. A start accepts either.
pub fn nothing_vanished(old: &Policy, new: &Policy) -> Result<(), ConfigError> {
    let gone = |key: &&String| !new.origin.stated.contains(*key);
    let is_table = |key: &&String| {
        let within = format!("{key}.");
        old.origin.stated.iter().any(|other| other.starts_with(&within))
    };
    // Without test people less is let through, so that they may go at any time.
    let is_entries = |key: &str| ENTRIES.contains(&key) && key != TEST_PEOPLE;
    let is_table = |key: &&String| is_table(key) || is_entries(key);
    if let Some(table) = old.origin.stated.iter().filter(gone).find(is_table) {
        return Err(ConfigError(format!(
            "[{table}] was there and is gone, as if the file were cut off. If it is meant to go, restart"
        )));
    }
    let loosened = changes(old, new).into_iter().filter(|change| change.loosens);
    let mut vanished = loosened.filter(|change| {
        old.origin.stated.contains(&change.key) && !new.origin.stated.contains(&change.key)
    });
    match vanished.next() {
        None => Ok(()),
        Some(Change { key, old, new, .. }) => Err(ConfigError(format!(
            "{key} = {old} was there and is gone, as if the file were cut off. If {new} is meant, write it, or restart"
        ))),
    }
}

/// Returns the changed keys of `new` that take effect only at the next start.
pub fn waits_for_start(old: &Policy, new: &Policy) -> Vec<&'static str> {
    let changed = [
        ("server.public_url", old.server.public_url != new.server.public_url),
        ("server.tls_certificate", old.server.tls_certificate != new.server.tls_certificate),
        ("server.tls_key", old.server.tls_key != new.server.tls_key),
        ("server.redirect_listen", old.server.redirect_listen != new.server.redirect_listen),
        ("database", old.database != new.database),
        ("server.connections", old.server.connections != new.server.connections),
        ("server.keep_alive", old.server.keep_alive != new.server.keep_alive),
        ("mail.from", old.mail.from != new.mail.from),
        ("mail.templates", old.mail.templates != new.mail.templates),
        ("mail.at_once", old.mail.at_once != new.mail.at_once),
        ("mail.timeout", old.mail.timeout != new.mail.timeout),
        ("mail.ehlo_name", old.mail.ehlo_name != new.mail.ehlo_name),
        ("mail.lmtp_listen", old.mail.lmtp_listen != new.mail.lmtp_listen),
        ("mail.transports", old.mail.transports != new.mail.transports),
        ("mail.dkim", old.mail.dkim != new.mail.dkim),
        ("users", old.users != new.users),
        ("desk.listen", old.desk.listen != new.desk.listen),
    ];
    changed.into_iter().filter_map(|(key, has_changed)| has_changed.then_some(key)).collect()
}

/// Returns the value of every key that has one, for people to read: never a secret.
pub fn shown(policy: &Policy) -> BTreeMap<String, String> {
    let shown = |(key, value): (String, toml::Value)| {
        let shown = told(&key, Some(&value));
        (key, shown)
    };
    flat(policy).into_iter().map(shown).collect()
}

/// Returns every key with its value, under its dotted name.
pub(super) fn flat(policy: &Policy) -> toml::Table {
    fn walk(table: toml::Table, above: &str, flat: &mut toml::Table) {
        for (key, value) in table {
            let key = if above.is_empty() { key } else { format!("{above}.{key}") };
            match value {
                toml::Value::Table(table) => walk(table, &key, flat),
                value => {
                    flat.insert(key, value);
                }
            }
        }
    }
    let mut flat = toml::Table::new();
    // Every policy was parsed from TOML, so it can be written as TOML.
    walk(toml::Table::try_from(policy).unwrap_or_default(), "", &mut flat);
    // Their codes are written nowhere, and a change of one is a change.
    let person = |person: &TestPerson| {
        let code = ("code".to_owned(), person.code.expose().into());
        toml::Value::Table(
            [("name".to_owned(), person.masked().into()), code].into_iter().collect(),
        )
    };
    let people: Vec<toml::Value> = policy.test_people.iter().map(person).collect();
    flat.insert(TEST_PEOPLE.to_owned(), people.into());
    flat
}

/// Returns a value for the log. Hides a secret, which is recognised by the name of its key or
/// because it is a URL with a user and a password.
fn told(key: &str, value: Option<&toml::Value>) -> String {
    let Some(value) = value else { return "unset".to_owned() };
    if let Some(entries) = value.as_array().filter(|_| ENTRIES.contains(&key)) {
        let name = |entry: &toml::Value| {
            let named = ["id", "host", "name", "selector", "address"]
                .into_iter()
                .find_map(|key| entry.get(key));
            let named = named?.as_str()?.to_owned();
            let role = entry.get("role").or_else(|| entry.get("desk"));
            Some(match role.and_then(toml::Value::as_str) {
                Some(role) => format!("{named} ({role})"),
                None => named,
            })
        };
        let ids = entries.iter().filter_map(name);
        return ids.collect::<Vec<_>>().join(", ");
    }
    let value = value.to_string();
    let name = key.rsplit('.').next().unwrap_or(key);
    let is_secret = ["database_url", "migrate_url", "password", "secret", "secrets", "token"]
        .iter()
        .any(|secret| name.ends_with(secret))
        || (value.contains("://") && value.contains('@'));
    if is_secret { "…".to_owned() } else { value }
}

/// Reports whether the new value of a key lets more through than the old one. A key that is not
/// named here changes looks or operation, not what is let through.
fn loosens(key: &str, old: Option<&toml::Value>, new: Option<&toml::Value>) -> bool {
    use toml::Value::{Array, Integer, String};
    let grew = match (old, new) {
        (Some(Integer(old)), Some(Integer(new))) => old < new,
        _ => false,
    };
    let became = |loose: &str| matches!(new, Some(String(new)) if new == loose);
    let gained = match (old, new) {
        (Some(Array(old)), Some(Array(new))) => new.iter().any(|item| !old.contains(item)),
        (None, Some(Array(new))) => !new.is_empty(),
        _ => false,
    };
    let list = |value: Option<&toml::Value>| match value {
        Some(Array(items)) => items.clone(),
        _ => Vec::new(),
    };
    match key {
        // Without an entry it has everybody.
        "sign_up.domains" => !list(old).is_empty() && (list(new).is_empty() || gained),
        "sign_up.blocked_domains" => list(old).iter().any(|item| !list(new).contains(item)),
        "sign_up.disposable" | "sign_up.sub_addresses" => became("allowed"),
        "sign_up.invitation_expires_in" | "sign_up.waitlist_per_hour" => grew,
        // Another list may lack what this one refuses.
        "sign_up.disposable_list" => true,
        "auth.sign_up" => became("open"),
        "auth.passwords" => became("optional"),
        "auth.same_browser" => !became("enforce"),
        "auth.resend" => became("keep"),
        // From both to one is stricter; every other change adds a way to sign in.
        "auth.mode" => !matches!(old, Some(String(old)) if old == "LINK_OTP"),
        "auth.resend_cooldown" | "audit.keep_days" => !grew,
        "auth.expires_in" | "auth.code_tries" | "session.token_ttl" | "session.max_age" => grew,
        "apps"
        | "forward_auth"
        | "desk.operators"
        | "session.audiences"
        | "auth.magiclink_origins"
        | TEST_PEOPLE
        | "server.trusted_proxies" => gained,
        "desk.enabled" | "desk.may_steer" => matches!(new, Some(toml::Value::Boolean(true))),
        "desk.locked" => match (old, new) {
            (Some(Array(old)), Some(Array(new))) => old.iter().any(|key| !new.contains(key)),
            _ => false,
        },
        "mail.new_device_notice" => matches!(new, Some(toml::Value::Boolean(false))),
        key => (key.starts_with("limits.") && grew) || key.starts_with("users."),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::overlay::parse_policy, *};
    use std::path::Path;

    fn policy(text: &str) -> Policy {
        parse_policy(Path::new("Leptos.toml"), text, &Default::default()).unwrap()
    }

    fn only(old: &str, new: &str) -> Change {
        let mut changes = changes(&policy(old), &policy(new));
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes.remove(0)
    }

    #[test]
    fn a_change_that_lets_more_through_counts_as_loosening() {
        for (key, strict, loose) in [
            ("auth.sign_up", "\"closed\"", "\"open\""),
            ("auth.sign_up", "\"waitlist\"", "\"open\""),
            ("sign_up.domains", "[\"example.com\"]", "[\"example.com\", \"example.org\"]"),
            ("sign_up.domains", "[\"example.com\"]", "[]"),
            ("sign_up.blocked_domains", "[\"example.com\"]", "[]"),
            ("sign_up.disposable", "\"refused\"", "\"allowed\""),
            ("sign_up.sub_addresses", "\"refused\"", "\"allowed\""),
            ("sign_up.invitation_expires_in", "3600", "7200"),
            ("sign_up.waitlist_per_hour", "10", "1000"),
            ("auth.passwords", "\"off\"", "\"optional\""),
            ("auth.same_browser", "\"enforce\"", "\"confirm\""),
            ("auth.same_browser", "\"enforce\"", "\"match\""),
            ("auth.resend", "\"rotate\"", "\"keep\""),
            ("auth.mode", "\"LINK\"", "\"LINK_OTP\""),
            ("auth.expires_in", "300", "600"),
            ("auth.code_tries", "3", "10"),
            ("auth.resend_cooldown", "60", "10"),
            ("auth.magiclink_origins", "[]", "[\"https://app.example.com\"]"),
            ("limits.mails_per_hour", "5", "100"),
            ("session.max_age", "86400", "604800"),
            ("audit.keep_days", "90", "1"),
            ("server.trusted_proxies", "[]", "[\"10.0.0.0/8\"]"),
            ("mail.new_device_notice", "true", "false"),
        ] {
            let (table, name) = key.split_once('.').unwrap();
            let text = |value: &str| format!("[{table}]\n{name} = {value}\n");
            let loosening = only(&text(strict), &text(loose));
            assert_eq!((loosening.key.as_str(), loosening.loosens), (key, true));
            assert!(!only(&text(loose), &text(strict)).loosens, "{key}");
        }
        let brand = only("", "[brand]\nname = \"B\"\n");
        assert_eq!((brand.old.as_str(), brand.new.as_str()), ("\"Latchkey\"", "\"B\""));
        assert!(!brand.loosens);
    }

    #[test]
    fn a_change_of_an_operators_role_shows() {
        let of = |role: &str| {
            let entry = format!("{{ address = \"ada@example.com\", role = \"{role}\" }}");
            format!("[desk]\noperators = [{entry}]\n")
        };
        let change = only(&of("look"), &of("steer"));
        let shown = (change.old.as_str(), change.new.as_str());
        assert_eq!(shown, ("ada@example.com (look)", "ada@example.com (steer)"));
    }

    #[test]
    fn keys_that_wait_for_the_next_start_are_named() {
        let waiting = |text: &str| waits_for_start(&policy(""), &policy(text));
        let both = "[mail]\ntemplates = \"a\"\n[brand]\nname = \"B\"\n";
        assert_eq!(waiting(both), ["mail.templates"]);
        assert!(waiting("[auth]\nexpires_in = 300\n").is_empty());
    }

    #[test]
    fn a_secret_is_not_shown() {
        let users = |password: &str| {
            format!(
                "[auth]\nsign_up = \"closed\"\n[users]\ntable = \"u\"\nid = \"id\"\naddress = \"a\"\n\
                 database_url = \"postgres://ada:{password}@db.example.com/app\"\n"
            )
        };
        let change = only(&users("hunter2"), &users("hunter3"));
        assert_eq!((change.old.as_str(), change.new.as_str()), ("…", "…"));
    }

    #[test]
    fn test_people_come_loudly_go_freely_and_their_codes_are_not_told() {
        let person = |code: &str| {
            format!("[[test_people]]\naddress = \"ada@example.com\"\ncode = \"{code}\"\n")
        };
        let added = only("", &person("111222"));
        assert_eq!((added.old.as_str(), added.new.as_str()), ("", "a***@example.com"));
        assert!(added.loosens);
        let changed = only(&person("111222"), &person("333444"));
        assert_eq!(
            (changed.old.as_str(), changed.new.as_str()),
            ("a***@example.com", "a***@example.com")
        );
        assert!(changed.loosens);
        assert!(!only(&person("111222"), "").loosens);
        assert_eq!(nothing_vanished(&policy(&person("111222")), &policy("")), Ok(()));
    }

    #[test]
    fn a_file_that_looks_cut_off_is_refused() {
        let key = "[[mail.dkim]]\nselector = \"s\"\nkey = \"s.pem\"\n";
        let signs = format!("[mail]\ntimeout = 20\n{key}");
        let refused = nothing_vanished(&policy(&signs), &policy("[mail]\ntimeout = 20\n"));
        assert!(refused.unwrap_err().0.starts_with("[mail.dkim] was there"));
        let whole = "[auth]\nmode = \"OTP\"\nsign_up = \"closed\"\n[brand]\nname = \"B\"\n";
        for (rest, says) in [
            ("[auth]\nmode = \"OTP\"\nsign_up = \"closed\"\n", "[brand] was there"),
            ("[brand]\nname = \"B\"\n", "[auth] was there"),
            ("[auth]\nmode = \"OTP\"\n[brand]\n", "auth.sign_up = \"closed\" was there"),
        ] {
            let refused = nothing_vanished(&policy(whole), &policy(rest)).unwrap_err().0;
            assert!(refused.starts_with(says), "{refused}");
        }
        let meant = whole.replace("closed", "open").replace("name = \"B\"\n", "");
        assert_eq!(nothing_vanished(&policy(whole), &policy(&meant)), Ok(()));
    }
}
