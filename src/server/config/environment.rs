//! The environment variables: read from the process, trimmed, and completed by files that hold
//! secrets.

use std::{ffi::OsString, fs::File, io::Read, path::Path};

use super::{ConfigError, Variables, refuse};

/// Variables that hold a secret and do not belong to the policy.
const SECRETS: [&str; 4] = ["DATABASE_URL", "METRICS_TOKEN", "SESSION_JWT_SECRET", "SMTP_URL"];
/// Variable with the folder of a unit's credentials, set by systemd (`LoadCredential=`,
/// systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Maximum size of a file with a secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Reads the variables of this process. Refuses one of ours that is not UTF-8 and ignores others.
pub fn of_process(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Variables, ConfigError> {
    let mut taken = Variables::new();
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        match value.into_string() {
            Ok(value) => {
                taken.insert(name.to_owned(), value);
            }
            Err(_) if is_ours(name) => {
                return refuse(format!("{name} holds a byte that is no UTF-8. Write it anew."));
            }
            Err(_) => {}
        }
    }
    Ok(taken)
}

/// Returns our variables, trimmed, without empty ones, and with the values that `…_FILE` variables
/// and systemd's credentials supply.
pub(super) fn completed(variables: &Variables) -> Result<Variables, ConfigError> {
    let mut completed: Variables = variables
        .iter()
        .filter(|(name, _)| is_ours(name))
        .map(|(name, value)| (name.clone(), value.trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    for (name, source, path) in files(&completed)? {
        // Removed, because a variable that names a file is not a key of the policy.
        completed.remove(&source);
        if completed.contains_key(&name) {
            return refuse(format!("{name} is set twice, the second time by {source}. Keep one."));
        }
        completed.insert(name, content(&source, Path::new(&path))?);
    }
    Ok(completed)
}

/// Lists the variables whose value is in a file: the name, what refers to the file, and its path.
fn files(variables: &Variables) -> Result<Vec<(String, String, OsString)>, ConfigError> {
    let mut files: Vec<(String, String, OsString)> = variables
        .iter()
        .filter_map(|(by, path)| {
            let name = by.strip_suffix("_FILE").filter(|name| may_be_a_file(name))?;
            Some((name.to_owned(), by.clone(), path.into()))
        })
        .collect();
    let Some(folder) = variables.get(CREDENTIALS) else { return Ok(files) };
    let unread = |error| ConfigError(format!("{CREDENTIALS} ({folder}) cannot be read: {error}."));
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name().to_str().unwrap_or_default().to_ascii_uppercase();
        if may_be_a_file(&name) {
            let by = format!("the credential {}", entry.file_name().display());
            files.push((name, by, entry.path().into()));
        }
    }
    Ok(files)
}

fn is_ours(name: &str) -> bool {
    let plain = name.strip_suffix("_FILE").unwrap_or(name);
    SECRETS.contains(&plain)
        || name.starts_with("LATCHKEY_")
        || name.starts_with("LEPTOS_")
        || [CREDENTIALS, "RUST_LOG"].contains(&name)
}

/// True for the secrets and for keys of the policy, some of which are secrets, too.
fn may_be_a_file(name: &str) -> bool {
    SECRETS.contains(&name)
        || name.strip_prefix("LATCHKEY_").is_some_and(|rest| rest.contains("__"))
}

/// Reads a file and trims its text. An error repeats nothing of the text.
fn content(source: &str, path: &Path) -> Result<String, ConfigError> {
    let unusable = |why: &dyn std::fmt::Display| {
        ConfigError(format!("{source} names {}, which {why}.", path.display()))
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|error| unusable(&format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(unusable(&"is empty")),
        _ if text.len() as u64 > LONGEST => Err(unusable(&"is too long for a setting")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    fn given(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn a_byte_that_is_not_text_is_refused_only_in_our_variables() {
        let odd = || OsStr::from_bytes(b"\xff").to_owned();
        let process = |name: &str| of_process([(name.into(), odd())].into_iter());
        assert_eq!(process("LS_COLORS"), Ok(Variables::new()));
        let refused = process("SMTP_URL").unwrap_err().0;
        assert!(refused.starts_with("SMTP_URL holds a byte that is no UTF-8"), "{refused}");
    }

    #[test]
    fn every_variable_is_trimmed_and_an_empty_one_is_not_set() {
        let trimmed = completed(&given(&[
            ("LATCHKEY_AUTH__MODE", " OTP\n"),
            ("LEPTOS_SITE_ADDR", "127.0.0.1:1\r\n"),
            ("SMTP_URL", " \n"),
        ]));
        let expected =
            given(&[("LATCHKEY_AUTH__MODE", "OTP"), ("LEPTOS_SITE_ADDR", "127.0.0.1:1")]);
        assert_eq!(trimmed, Ok(expected));
    }

    #[test]
    fn a_secret_may_come_from_a_file_or_a_systemd_credential_but_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("smtp_url"), "smtps://mail.example.com\n").unwrap();
        std::fs::write(path("empty"), "\n").unwrap();
        let by_file = given(&[("SMTP_URL_FILE", &path("smtp_url"))]);
        let by_credential = given(&[(CREDENTIALS, &folder.path().display().to_string())]);
        for given in [&by_file, &by_credential] {
            let read = completed(given).unwrap();
            assert_eq!(read["SMTP_URL"], "smtps://mail.example.com");
            assert!(!read.contains_key("SMTP_URL_FILE"));
        }
        let twice = by_file.into_iter().chain(given(&[("SMTP_URL", "smtp://a")])).collect();
        let refused = completed(&twice).unwrap_err().0;
        assert!(refused.starts_with("SMTP_URL is set twice"), "{refused}");
        for (file, says) in [("empty", "is empty"), ("none", "cannot be read")] {
            let refused = completed(&given(&[("DATABASE_URL_FILE", &path(file))])).unwrap_err().0;
            assert!(refused.contains("DATABASE_URL_FILE") && refused.contains(says), "{refused}");
        }
    }
}
