//! Link tokens and codes that were mailed for auth requests, as hashes.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuthRequest, Store,
    auth_requests::COLUMNS,
    statement::{Statement, values},
};
use crate::server::ground::{clock::Millis, error::Error};

/// Hashes of one generation of link token and code.
#[derive(Clone, Debug)]
pub struct Credential {
    pub generation: i64,
    pub link_hash: Vec<u8>,
    pub code_hash: String,
    pub expires_at: Millis,
}

/// A credential, whatever its state, and the auth request it was mailed for.
#[derive(Debug, FromRow)]
pub struct MailedCredential {
    #[sqlx(flatten)]
    pub request: AuthRequest,
    #[sqlx(rename = "credential_generation")]
    pub generation: i64,
    pub code_hash: String,
    #[sqlx(rename = "credential_expires_at")]
    pub expires_at: Millis,
}

pub static CREDENTIAL_OF_LINK: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE c.link_hash = $1", credential_and_request()));
pub static CREDENTIALS_OF_CODE: LazyLock<String> = LazyLock::new(|| {
    let of = "WHERE c.auth_request_id IN ($1, $2, $3, $4, $5) ORDER BY c.generation DESC";
    format!("{} {of}", credential_and_request())
});

fn credential_and_request() -> String {
    format!(
        "SELECT {COLUMNS}, c.generation AS credential_generation, c.code_hash, \
         c.expires_at AS credential_expires_at \
         FROM latchkey_auth_credentials c \
         JOIN latchkey_auth_requests r ON r.id = c.auth_request_id"
    )
}

pub const INSERT_CREDENTIAL: &str = "INSERT INTO latchkey_auth_credentials \
    (auth_request_id, generation, link_hash, code_hash, expires_at) VALUES ($1, $2, $3, $4, $5)";

impl Credential {
    /// Returns the statement that writes the credential for an auth request.
    pub(super) fn insert<'a>(&'a self, request_id: &'a str) -> Statement<'a> {
        let Credential { generation, link_hash, code_hash, expires_at } = self;
        let values = values![request_id, *generation, link_hash, code_hash, *expires_at];
        Statement::new(INSERT_CREDENTIAL, values)
    }
}

impl Store {
    /// Returns the credential that has this link hash, and its auth request.
    pub async fn credential_of_link(
        &self,
        link_hash: &[u8],
    ) -> Result<Option<MailedCredential>, Error> {
        self.first(&CREDENTIAL_OF_LINK, &values![link_hash]).await
    }

    /// Returns every credential of an auth request and of up to four others, the highest generation
    /// first.
    pub async fn credentials_of_code(
        &self,
        id: &str,
        others: &[String],
    ) -> Result<Vec<MailedCredential>, Error> {
        let other = |n| others.get(n).map_or(id, String::as_str);
        self.all(&CREDENTIALS_OF_CODE, &values![id, other(0), other(1), other(2), other(3)]).await
    }
}
