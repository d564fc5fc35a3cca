//! The run-time options of Leptos: a table of the file, overridden by the `LEPTOS_*` variables.

use leptos::config::LeptosOptions;
use std::path::Path;

use super::{ConfigError, EMBEDDED, Variables};

/// Reads the options from `text`, or from the built-in file if `text` has no table of them.
/// leptos_config itself would read the variables of the process, which are not trimmed.
pub(super) fn options(
    path: &Path,
    text: &str,
    variables: &Variables,
) -> Result<LeptosOptions, ConfigError> {
    let complaint = |error: toml::de::Error| {
        let why = error.to_string().trim_end().replace('\n', ", ");
        ConfigError(format!("LEPTOS_… or {}, [package.metadata.leptos]: {why}.", path.display()))
    };
    let mut table = match table(text).map_err(complaint)? {
        Some(table) => table,
        None => table(EMBEDDED).map_err(complaint)?.unwrap_or_default(),
    };
    for (name, value) in variables {
        let Some(key) = name.strip_prefix("LEPTOS_") else { continue };
        let value = match (value.parse(), value.parse()) {
            (Ok(number), _) => toml::Value::Integer(number),
            (_, Ok(truth)) => toml::Value::Boolean(truth),
            _ => toml::Value::String(value.clone()),
        };
        table.insert(key.to_ascii_lowercase().replace('_', "-"), value);
    }
    let mut options: LeptosOptions = table.try_into().map_err(complaint)?;
    // cargo-leptos leaves the hashes of the assets beside the program it builds. Without that file,
    // the names of assets have no hash.
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(options.hash_file.as_ref())));
    options.hash_files = beside.is_some_and(|hashes| hashes.exists());
    Ok(options)
}

/// Returns the table `[package.metadata.leptos]` of a file.
fn table(text: &str) -> Result<Option<toml::Table>, toml::de::Error> {
    let mut above: toml::Table = toml::from_str(text)?;
    for name in ["package", "metadata", "leptos"] {
        match above.remove(name) {
            Some(toml::Value::Table(table)) => above = table,
            _ => return Ok(None),
        }
    }
    Ok(Some(above))
}
