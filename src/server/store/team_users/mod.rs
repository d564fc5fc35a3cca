//! The team's own user table, which Latchkey reads and never writes.

mod table;

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use crate::server::{
    config::{Database as Limits, UsersPolicy},
    ground::error::Error,
    store::{
        OpenError, Pool, Store,
        backend::rows,
        open::{self, Purpose},
        postgres,
        statement::{Record, Value, values},
        url::{BadUrl, Place},
    },
    values::address::Address,
};
use table::Table;

/// The table, and the query that finds a user in it by its index.
#[derive(Clone, Debug)]
pub struct TeamUsers {
    database: Database,
    table: Table,
    compared: Compared,
    look_up: String,
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite(Pool<SqliteConnection>),
    Postgres(Pool<PgConnection>),
}

/// The way an address is compared with those of the table, as its index allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// By `lower()`.
    Lowered,
    /// By a type or a collation that ignores case: `citext`, `NOCASE`.
    InAnyCase,
    /// Exactly: a user whose address is stored with capitals is not found.
    Exactly,
}

/// Number of connections to a database of the team's own.
const CONNECTIONS: usize = 4;

/// Rows that are checked at a start for duplicate addresses and for addresses that cannot be found;
/// `latchkey check` reads all rows. The team's database must not read ten million rows whenever an
/// instance starts.
pub const ROWS_OF_A_START: i64 = 100_000;

/// Why a table cannot be mapped, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    #[error("[users] database_url {0}")]
    Url(BadUrl),
    #[error("[users] {0}")]
    Open(#[from] OpenError),
    #[error("[users] {table} cannot be read: {error}. {}", remedy(error))]
    Read { table: String, error: sqlx::Error },
    #[error(
        "[users] {address} of {table} is of the type {kind}, in which no address can be looked up. Name a column of text: text, varchar, char, citext, or a domain of one of them."
    )]
    Type { table: String, address: String, kind: String },
    #[error(
        "[users] {table} has no index on {address}, so every sign-in would read the whole table. Add one: CREATE UNIQUE INDEX ON {table} (lower({address}))."
    )]
    NoIndex { table: String, address: String },
    #[error(
        "[users] {table} has several rows with the same {address}, so nobody can say whose sign-in it is. Make the addresses unique, regardless of case."
    )]
    NotUnique { table: String, address: String },
}

/// Returns what to do about a table that cannot be read.
fn remedy(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    match &*code {
        // SQLITE_READONLY_RECOVERY, _CANTINIT, _DIRECTORY.
        "264" | "1288" | "1544" => {
            "The file is in WAL mode, and SQLite keeps what its readers share in files beside it: \
             let our user write in its folder, or take the file out of that mode (PRAGMA \
             journal_mode = DELETE)."
        }
        _ => "Check users.table, users.id, users.address and the rights of the database user.",
    }
}

impl Database {
    /// Returns every row of a statement.
    async fn all<T: Record>(&self, sql: String, values: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        let sql = AssertSqlSafe(sql);
        match self {
            Database::Sqlite(pool) => rows(pool.run(sql, values).await?),
            Database::Postgres(pool) => rows(pool.run(sql, values).await?),
        }
    }
}

impl TeamUsers {
    /// Maps the table that `users` names, in its own database or in Latchkey's, after checking it:
    /// the table must exist, its addresses must be unique, and finding one must not read the whole
    /// table.
    pub async fn open(users: &UsersPolicy, own: &Store, limits: &Limits) -> Result<Self, MapError> {
        let unreadable = |error| MapError::Read { table: users.table.clone(), error };
        let database = match (&users.database_url, own) {
            (None, Store::Sqlite { readers, .. }) => Database::Sqlite(readers.clone()),
            (None, Store::Postgres(pool)) => Database::Postgres(pool.clone()),
            (Some(url), _) => open_read_only(url, limits).await?,
        };
        let table = Table::of(users);
        let kind = database.type_of(&table).await.map_err(unreadable)?;
        for (compared, key, parameter) in table.comparisons(&kind)? {
            let look_up = table.look_up(&key, &parameter);
            let team_users =
                TeamUsers { database: database.clone(), table: table.clone(), compared, look_up };
            // A missing permission shows here, rather than in the EXPLAIN of the index check.
            team_users.ids("").await.map_err(unreadable)?;
            let Some(index) = team_users.index().await.map_err(unreadable)? else { continue };
            let unique = team_users.is_unique(&index).await.map_err(unreadable)?;
            if !unique {
                team_users.judge_duplicates(Some(ROWS_OF_A_START)).await?;
            }
            return Ok(team_users);
        }
        Err(MapError::NoIndex { table: users.table.clone(), address: users.address.clone() })
    }

    /// Fails if its database does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        self.database.all::<(i32,)>("SELECT 1".to_owned(), &[]).await?;
        Ok(())
    }

    /// Returns the id of the user with this address, in either spelling of its domain. Two matches
    /// count as none, because it is unclear whose sign-in it is.
    pub async fn find(&self, address: &Address) -> Result<Option<String>, Error> {
        let mut ids = self.ids(address.as_str()).await?;
        if let Some(spelt) = in_unicode(address) {
            ids.extend(self.ids(&spelt).await?);
        }
        ids.dedup();
        Ok(if ids.len() == 1 { ids.pop() } else { None })
    }

    async fn ids(&self, address: &str) -> sqlx::Result<Vec<String>> {
        let ids: Vec<(String,)> =
            self.database.all(self.look_up.clone(), &values![address]).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Fails if an address is there twice, among the first `rows` rows or among all.
    pub async fn judge_duplicates(&self, rows: Option<i64>) -> Result<(), MapError> {
        let Table { table, address, .. } = self.table.clone();
        match self.database.all::<(i32,)>(self.table.duplicates(rows), &[]).await {
            Ok(found) if found.is_empty() => Ok(()),
            Ok(_) => Err(MapError::NotUnique { table, address }),
            Err(error) => Err(MapError::Read { table, error }),
        }
    }

    /// Returns up to `most` ids and addresses that a look-up may miss because of their spelling,
    /// among the first `rows` rows or among all.
    pub async fn oddly_spelt(
        &self,
        rows: Option<i64>,
        most: usize,
    ) -> sqlx::Result<Vec<(String, String)>> {
        let query = self.table.oddly_spelt(&self.database, self.compared, rows, most);
        self.database.all(query, &[]).await
    }

    /// Returns what to do about addresses that are not found.
    pub fn remedy(&self) -> String {
        let Table { table, address, .. } = &self.table;
        match self.compared {
            Compared::Exactly => format!(
                "Only the very spelling has an index, and everybody is looked up in lower case. Add one: CREATE UNIQUE INDEX ON {table} (lower({address}))."
            ),
            _ => "Keep each once, in lower case and without spaces around it.".to_owned(),
        }
    }
}

/// Returns an address with its domain in Unicode, if that is another spelling: a team may store
/// either. The domain of one of our addresses consists of A-labels.
fn in_unicode(address: &Address) -> Option<String> {
    let (local, domain) = address.local_and_domain();
    if !domain.contains("xn--") {
        return None;
    }
    let (spelt, sound) = idna::domain_to_unicode(domain);
    sound.ok().filter(|()| spelt != domain).map(|()| format!("{local}@{spelt}"))
}

/// Opens connections that cannot write, whatever statement they run.
async fn open_read_only(url: &str, limits: &Limits) -> Result<Database, MapError> {
    let place = Place::of(url).map_err(MapError::Url)?;
    Ok(match place {
        Place::Sqlite(options) => {
            Database::Sqlite(open::sqlite_to_read(options, CONNECTIONS).await?)
        }
        Place::Postgres(options) => {
            Database::Postgres(postgres::open(options, limits, CONNECTIONS, Purpose::Read).await?)
        }
    })
}
