//! Reads the location of a database from a URL. No part of the URL is ever shown or logged: in a
//! malformed one, any part may be the password.

use sqlx::{ConnectOptions, postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use std::{path::Path, str::FromStr};
use url::Url;

use crate::server::config::database_url;

/// Parameters that connecting understands.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Database that a URL names.
pub enum Place {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// Why a URL names no database, as the rest of a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("{0}.")]
    Refused(&'static str),
    #[error(
        "cannot be understood. It should be like postgres://user:password@host/database, and each \
         parameter like sslmode=verify-full."
    )]
    Malformed,
    #[error("names no file. It should be like sqlite:///var/lib/latchkey/latchkey.db.")]
    NoFile,
}

impl Place {
    pub fn of(url: &str) -> Result<Self, BadUrl> {
        database_url(url).map_err(BadUrl::Refused)?;
        match url.split_once(':') {
            Some(("sqlite", rest)) => {
                let file = rest.trim_start_matches("//").split('?').next().unwrap_or_default();
                if file.is_empty() {
                    return Err(BadUrl::NoFile);
                }
                let options = SqliteConnectOptions::from_str(url);
                Ok(Place::Sqlite(options.map_err(|_| BadUrl::Malformed)?))
            }
            _ => Ok(Place::Postgres(postgres(url)?)),
        }
    }

    /// Returns the absolute path of the database file if the file does not exist.
    pub fn missing_file(&self) -> Option<String> {
        let Place::Sqlite(options) = self else { return None };
        let file = std::path::absolute(options.get_filename()).ok()?;
        (!file.exists()).then(|| file.display().to_string())
    }

    /// Returns a name for the database, without secrets.
    pub fn name(&self) -> String {
        match self {
            Place::Sqlite(options) => {
                let file = options.get_filename();
                let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
                format!("SQLite, {}", file.display())
            }
            Place::Postgres(options) => {
                let database = options.get_database().unwrap_or("postgres");
                let host = options.get_socket().map(|socket| socket.as_path());
                let host = host.unwrap_or(Path::new(options.get_host())).display();
                format!("PostgreSQL, {database} on {host}")
            }
        }
    }
}

/// Returns the absolute path of the file that a URL names if the file does not exist.
pub fn missing_file(url: &str) -> Option<String> {
    Place::of(url).ok()?.missing_file()
}

/// Returns a name for the database of a URL, without secrets.
pub fn name_of(url: &str) -> String {
    Place::of(url).map_or_else(|_| "a database".to_owned(), |place| place.name())
}

fn postgres(url: &str) -> Result<PgConnectOptions, BadUrl> {
    let mut parsed = Url::parse(url).map_err(|_| BadUrl::Malformed)?;
    // sqlx would log parameters it does not know, with their values.
    let is_known = |key: &str| PARAMETERS.contains(&key) || key.starts_with("options[");
    let given: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    let known: Vec<_> = given.iter().filter(|(key, _)| is_known(key)).collect();
    if known.len() < given.len() {
        tracing::warn!("the URL of a database has parameters that are not known, and do nothing");
    }
    match known.as_slice() {
        [] => parsed.set_query(None),
        known => drop(parsed.query_pairs_mut().clear().extend_pairs(known.iter().copied())),
    }
    parsed.set_fragment(None);
    PgConnectOptions::from_url(&parsed).map_err(|_| BadUrl::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_invalid_url_is_quoted() {
        for url in [
            "postgres://latchkey:s3/cret@db/latchkey",
            "latchkey:s3cret@db/latchkey",
            "s3cret",
            "postgres://latchkey:s3cret",
            "postgres://db/latchkey?sslmode=s3cret",
        ] {
            let told = Place::of(url).map(|_| ()).unwrap_err().to_string() + &name_of(url);
            assert!(!told.contains("s3"), "{told}");
        }
    }

    #[test]
    fn an_encoded_password_and_unknown_parameters_are_accepted() {
        let url = "postgres://latchkey:s3%40c%2Fr:t@db.example.com/app?channel_binding=require";
        assert_eq!(name_of(url), "PostgreSQL, app on db.example.com");
        assert_eq!(
            name_of("postgres:///app?host=/run/postgresql"),
            "PostgreSQL, app on /run/postgresql"
        );
    }

    #[test]
    fn a_sqlite_url_must_name_a_file() {
        for url in ["sqlite://", "sqlite:", "sqlite://?mode=rwc"] {
            assert_eq!(Place::of(url).err(), Some(BadUrl::NoFile), "{url}");
        }
        assert!(Place::of("sqlite://data/latchkey.db").is_ok());
    }
}
