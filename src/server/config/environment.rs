//! The variables: as the process has them, trimmed, and completed by the files that secrets are
//! kept in.

use std::{ffi::OsString, fs::File, io::Read, path::Path};

use super::{ConfigError, Variables, refuse};

/// Those that hold a secret and are not of the policy.
const SECRETS: [&str; 4] = ["DATABASE_URL", "METRICS_TOKEN", "SESSION_JWT_SECRET", "SMTP_URL"];
/// Where systemd puts the credentials of a unit (`LoadCredential=`, systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The most a file with a secret may hold, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The variables of this process. One of ours that is no text is refused; others are not looked at.
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

/// Ours of `variables`, trimmed, without those that are empty, and with what `…_FILE` and systemd's
/// credentials bring in place of a variable.
pub(super) fn completed(variables: &Variables) -> Result<Variables, ConfigError> {
    let mut completed: Variables = variables
        .iter()
        .filter(|(name, _)| is_ours(name))
        .map(|(name, value)| (name.clone(), value.trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    for (name, source, path) in files(&completed)? {
        // What names a file is no key of the policy.
        completed.remove(&source);
        if completed.contains_key(&name) {
            return refuse(format!("{name} is set twice, the second time by {source}. Keep one."));
        }
        completed.insert(name, content(&source, Path::new(&path))?);
    }
    Ok(completed)
}

/// The variables that a file holds: name, what says so, and the file's path.
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

/// Secrets and keys of the policy, of which some are secrets, too.
fn may_be_a_file(name: &str) -> bool {
    SECRETS.contains(&name)
        || name.strip_prefix("LATCHKEY_").is_some_and(|rest| rest.contains("__"))
}

/// What a file holds, trimmed. Nothing of it is repeated when it cannot be used.
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
