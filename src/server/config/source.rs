//! The origin of the policy.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ConfigError, DEFAULT_FILE, EMBEDDED, Policy, Variables,
    overlay::{parse_policy, stated},
    refuse,
};

/// The file and the variables that a policy is made from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// `None` if the built-in defaults are in use.
    pub path: Option<PathBuf>,
    pub variables: Variables,
}

impl Source {
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }

    /// Reads the current text of the file.
    pub fn text(&self) -> Result<String, ConfigError> {
        match &self.path {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                let file = path.display();
                ConfigError(format!(
                    "{file} cannot be read: {error}. LATCHKEY_CONFIG names it; without, the \
                     defaults serve."
                ))
            }),
            None => Ok(EMBEDDED.to_owned()),
        }
    }

    /// Parses the policy from this text and the variables. Refuses a file that sets nothing: it
    /// would mean every default, and a full disk or a copy that has just begun leaves such a file.
    pub fn policy_of(&self, text: &str) -> Result<Policy, ConfigError> {
        if self.path.is_some() && stated(text).is_ok_and(|keys| keys.is_empty()) {
            return refuse(format!(
                "{} states nothing. For the defaults, write [auth] alone, or leave the file out.",
                self.path().display()
            ));
        }
        let mut policy = parse_policy(self.path(), text, &self.variables)?;
        if self.path.is_none() {
            // The built-in text states the defaults.
            Arc::make_mut(&mut policy.origin).stated.clear();
        }
        Ok(policy)
    }

    /// Reads the policy from the current file and the variables.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        self.policy_of(&self.text()?)
    }
}
