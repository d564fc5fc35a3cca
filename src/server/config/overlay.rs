//! Builds a policy from the text of a file and the variables that override it. Errors name the
//! place of the mistake.

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ConfigError, Variables, brand::BrandFiles, disposable::DisposableDomains, policy::Policy,
    validation::BadKey,
};

/// The texts that a policy was parsed from.
#[derive(Clone, Default)]
pub struct Origin {
    pub path: PathBuf,
    pub text: String,
    pub variables: Variables,
    /// The file, with the variables laid over it.
    pub document: toml::Table,
    /// The tables and keys that the file sets, such as `auth` and `auth.mode`.
    pub stated: BTreeSet<String>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts may hold secrets.
        f.debug_struct("Origin").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Parses the policy in `text`, overridden by every `LATCHKEY_<TABLE>__<KEY>`.
pub(super) fn parse_policy(
    path: &Path,
    text: &str,
    variables: &Variables,
) -> Result<Policy, ConfigError> {
    let policy: Policy = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, key) = whereabouts(text, at);
        ConfigError(format!(
            "{}, line {line}, {key}: {}.",
            path.display(),
            error.message().trim_end().replace('\n', ", ")
        ))
    })?;
    let (mut policy, document) = lay_over(policy, text, variables)?;
    let path = path.to_owned();
    let (text, variables) = (text.to_owned(), variables.clone());
    let stated = stated(&text)?;
    policy.origin = Arc::new(Origin { path, text, variables, document, stated });
    let checked = policy.settle_paths().check().and_then(|()| policy.files());
    let origin = policy.origin.clone();
    (policy.brand_files, policy.disposable_domains) = checked.map_err(|BadKey { key, why }| {
        let file = origin.path.display();
        match (origin.variable_of(key), origin.line_of(key)) {
            (Some(name), _) => ConfigError(format!("{name} ({key}) {why}.")),
            (None, Some(line)) => ConfigError(format!("{file}, line {line}, {key} {why}.")),
            (None, None) => ConfigError(format!("{file}: {key} {why}.")),
        }
    })?;
    Ok(policy)
}

impl Policy {
    /// Parses a policy from the document of `origin`, changed.
    pub(super) fn of_document(
        origin: &Arc<Origin>,
        document: toml::Table,
    ) -> Result<Self, toml::de::Error> {
        let mut policy: Policy = document.try_into()?;
        policy.origin = origin.clone();
        policy.settle_paths();
        Ok(policy)
    }

    /// Reads the files that the policy names and that are part of it.
    fn files(&self) -> Result<(BrandFiles, DisposableDomains), BadKey> {
        let (brand, list) = (&self.brand, self.sign_up.disposable_list.as_deref());
        let brand_files = BrandFiles::new(brand.accent.as_deref(), brand.logo.as_deref())
            .map_err(|(key, why)| BadKey { key, why })?;
        let domains = DisposableDomains::read(list)
            .map_err(|why| BadKey { key: "sign_up.disposable_list", why })?;
        Ok((brand_files, domains))
    }

    /// Lets relative paths start at the folder of the file, wherever the server is started.
    fn settle_paths(&mut self) -> &Self {
        let folder = std::path::absolute(&self.origin.path)
            .ok()
            .and_then(|path| Some(path.parent()?.to_owned()))
            .unwrap_or_default();
        let Policy { brand, mail, server, sign_up, .. } = self;
        let tls = [&mut server.tls_certificate, &mut server.tls_key];
        let dkim = mail.dkim.iter_mut().map(|entry| &mut entry.key);
        let others = [&mut brand.logo, &mut mail.templates, &mut sign_up.disposable_list];
        let paths = others.into_iter().chain(tls).flatten();
        for path in paths.chain(dkim) {
            *path = folder.join(&path);
        }
        self
    }
}

/// Returns the tables and keys that a file sets; none if it is empty or nothing but comments.
pub(super) fn stated(text: &str) -> Result<BTreeSet<String>, ConfigError> {
    fn walk(table: &toml::Table, above: &str, stated: &mut BTreeSet<String>) {
        for (key, value) in table {
            let key = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            if let toml::Value::Table(table) = value {
                walk(table, &key, stated);
            }
            stated.insert(key);
        }
    }
    let document: toml::Table =
        toml::from_str(text).map_err(|error| ConfigError(error.message().to_owned()))?;
    let mut stated = BTreeSet::new();
    walk(&document, "", &mut stated);
    Ok(stated)
}

impl Origin {
    /// Returns the variable that sets `key`, or a table that it is in, if there is one.
    pub fn variable_of(&self, key: &str) -> Option<&str> {
        let (table, mut key) = key.split_once('.')?;
        loop {
            let name = format!("{table}__{key}");
            let is_it = |known: &&String| {
                let rest = known.strip_prefix("LATCHKEY_");
                rest.is_some_and(|rest| rest.eq_ignore_ascii_case(&name))
            };
            if let Some(found) = self.variables.keys().find(is_it) {
                return Some(found);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// Returns the line (from 1) of the file that sets `key`, as in `auth.expires_in`.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let (table, key) = key.rsplit_once('.')?;
        let mut inside = "";
        for (number, line) in self.text.lines().enumerate() {
            inside = table_of(line).unwrap_or(inside);
            if inside == table && line.split_once('=').is_some_and(|(name, _)| name.trim() == key) {
                return Some(number + 1);
            }
        }
        None
    }
}

/// Applies the variables one at a time, so that an error can name the one at fault. Returns the
/// policy and the document that it is made from.
fn lay_over(
    mut policy: Policy,
    text: &str,
    variables: &Variables,
) -> Result<(Policy, toml::Table), ConfigError> {
    let mut document: toml::Table =
        toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
    for (name, value) in variables {
        let Some((table, key)) =
            name.strip_prefix("LATCHKEY_").and_then(|rest| rest.split_once("__"))
        else {
            continue;
        };
        let (table, key) = (table.to_ascii_lowercase(), key.to_ascii_lowercase());
        // 42 is a number and may also be a brand's name. So a value is tried as TOML, then as a
        // text, then as a list of texts.
        let as_text = toml::Value::String(value.clone());
        let as_itself = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut t| t.remove("value"));
        let mut attempt = |value: toml::Value| -> Result<Policy, String> {
            place(&mut document, &table, &key, value)?;
            document
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| error.message().trim_end().replace('\n', ", "))
        };
        let as_list = toml::Value::Array(
            value.split(',').map(|item| toml::Value::String(item.trim().to_owned())).collect(),
        );
        let mut ways = as_itself.into_iter().chain([as_text, as_list]);
        let first = ways.next().map_or(Err("is empty".to_owned()), &mut attempt);
        let laid = first.or_else(|why| ways.find_map(|value| attempt(value).ok()).ok_or(why));
        policy = laid.map_err(|why| ConfigError(format!("{name} ({table}.{key}): {why}.")))?;
    }
    Ok((policy, document))
}

/// Sets a key of a table, or of an entry of `[[mail.transports]]`, which is named like
/// `transports__postmark__token`.
fn place(
    document: &mut toml::Table,
    table: &str,
    key: &str,
    value: toml::Value,
) -> Result<(), String> {
    let table = document.entry(table).or_insert_with(|| toml::Table::new().into());
    let table = table.as_table_mut().ok_or("is not a table")?;
    let Some((entries, (name, key))) =
        // The name may have dashes side by side or at its ends, the key has no two of them.
        key.split_once("__").and_then(|(list, rest)| Some((list, rest.rsplit_once("__")?)))
    else {
        table.insert(key.to_owned(), value);
        return Ok(());
    };
    let is_named = |entry: &&mut toml::Value| {
        let own = entry.get("name").and_then(toml::Value::as_str).unwrap_or_default();
        own.replace('-', "_") == name
    };
    let mut entries = table.get_mut(entries).and_then(toml::Value::as_array_mut).into_iter();
    let entry = entries.find_map(|entries| entries.iter_mut().find(is_named));
    let entry = entry.and_then(toml::Value::as_table_mut);
    let entry =
        entry.ok_or_else(|| format!("no entry has the name {:?}", name.replace('_', "-")))?;
    entry.insert(key.to_owned(), value);
    Ok(())
}

/// Returns the line (from 1) and the dotted key at a byte offset of the file.
fn whereabouts(text: &str, at: usize) -> (usize, String) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count();
    let key = text
        .lines()
        .nth(line)
        .and_then(|line| line.split_once('='))
        .map_or("", |(key, _)| key.trim());
    let table = text.lines().take(line + 1).filter_map(table_of).last().unwrap_or_default();
    (line + 1, if key.is_empty() { table.to_owned() } else { format!("{table}.{key}") })
}

fn table_of(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.trim_start_matches('[').split(']').next()
}

#[cfg(test)]
mod tests {
    use super::{super::EMBEDDED, *};

    fn policy_of(text: &str, variables: &[(&str, &str)]) -> Result<Policy, String> {
        let variables =
            variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        parse_policy(Path::new("Leptos.toml"), text, &variables).map_err(|error| error.0)
    }

    #[test]
    fn the_file_of_the_repository_states_the_defaults() {
        let stated = policy_of(EMBEDDED, &[]).unwrap();
        assert_eq!(
            format!("{stated:?}").split("_package").next(),
            format!("{:?}", Policy::default()).split("_package").next()
        );
    }

    #[test]
    fn a_variable_of_a_key_is_found_in_any_case_and_by_the_table_that_it_sets() {
        let variables = [
            ("LATCHKEY_auth__mode", "OTP"),
            ("LATCHKEY_MAIL__WORDS", "{ en = { title = \"Hello\" } }"),
        ];
        let origin = policy_of("", &variables).unwrap().origin;
        assert_eq!(origin.variable_of("auth.mode"), Some("LATCHKEY_auth__mode"));
        assert_eq!(origin.variable_of("mail.words.en.title"), Some("LATCHKEY_MAIL__WORDS"));
        assert_eq!(origin.variable_of("auth.expires_in"), None);
    }

    #[test]
    fn an_unknown_key_is_named_with_file_and_line() {
        let error = policy_of("[auth]\nexpires_in = 300\nexpiry = 5\n", &[]).unwrap_err();
        assert!(error.starts_with("Leptos.toml, line 3, auth.expiry: unknown field"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_file_and_line() {
        let error = policy_of("\n[auth]\nexpires_in = \"soon\"\n", &[]).unwrap_err();
        assert!(error.starts_with("Leptos.toml, line 3, auth.expires_in: invalid type"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_file_and_line() {
        let error = policy_of("[auth]\nexpires_in = 5\n", &[]).unwrap_err();
        assert_eq!(error, "Leptos.toml, line 2, auth.expires_in must be 60 to 3600, and is 5.");
    }

    #[test]
    fn a_variable_overrides_the_file_and_a_bad_one_is_named() {
        let text = "[auth]\nexpires_in = 300\n";
        assert_eq!(
            policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "120")]).unwrap().auth.expires_in,
            120
        );
        assert_eq!(policy_of(text, &[("LATCHKEY_BRAND__NAME", "42")]).unwrap().brand.name, "42");
        let error = policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "soon")]).unwrap_err();
        assert!(
            error.starts_with("LATCHKEY_AUTH__EXPIRES_IN (auth.expires_in): invalid type"),
            "{error}"
        );
        let error = policy_of(text, &[("LATCHKEY_AUTH__COLOUR", "red")]).unwrap_err();
        assert!(error.starts_with("LATCHKEY_AUTH__COLOUR (auth.colour): unknown field"), "{error}");
    }

    #[test]
    fn a_variable_sets_a_key_of_a_transport_by_its_name() {
        let text = "[[mail.transports]]\nname = \"post-mark\"\nkind = \"postmark\"\n";
        let variable = "LATCHKEY_MAIL__TRANSPORTS__POST_MARK__TOKEN";
        let policy = policy_of(text, &[(variable, "42")]).unwrap();
        assert_eq!(policy.mail.transports[0].token.as_ref().unwrap().expose(), "42");
        let error = policy_of("", &[(variable, "42")]).unwrap_err();
        assert!(error.contains("no entry has the name \"post-mark\""), "{error}");
        let error = policy_of(text, &[]).unwrap_err();
        assert!(error.contains("mail.transports \"post-mark\" needs token"), "{error}");
        for name in ["a--b", "a-", "-a", "--"] {
            let text = format!(
                "[[mail.transports]]\nname = \"a\"\nkind = \"postmark\"\ntoken = \"t\"\n\
                 [[mail.transports]]\nname = \"{name}\"\nkind = \"postmark\"\n"
            );
            let name = name.to_uppercase().replace('-', "_");
            let variable = format!("LATCHKEY_MAIL__TRANSPORTS__{name}__TOKEN");
            let policy = policy_of(&text, &[(&variable, "42")]).unwrap();
            assert_eq!(policy.mail.transports[1].token.as_ref().unwrap().expose(), "42");
        }
    }

    #[test]
    fn trusted_proxies_are_a_list_or_a_text_of_networks_or_addresses() {
        let text = "[server]\ntrusted_proxies = [\"10.0.0.0/24\", \"::1\"]\n";
        assert_eq!(policy_of(text, &[]).unwrap().server.trusted_proxies.len(), 2);
        let variable = |value| policy_of("", &[("LATCHKEY_SERVER__TRUSTED_PROXIES", value)]);
        assert_eq!(
            variable("10.0.0.0/24, 10.0.1.1").unwrap().server.trusted_proxies[1].to_string(),
            "10.0.1.1/32"
        );
        let error = variable("10.0.0.300/24").unwrap_err();
        assert!(error.contains("\"10.0.0.300/24\" is no network, like \"10.0.0.0/24\""), "{error}");
    }
}
