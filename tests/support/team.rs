//! A team's database beside Latchkey's, whose users sign in.

use latchkey::server::{
    config::{Database, UsersPolicy},
    store::{MapError, Store, TeamUsers},
};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use super::{App, database};

/// A users table as a Rails app has it.
pub const RAILS: &str =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
    CREATE UNIQUE INDEX users_email ON users (email);
    INSERT INTO users (id, email) VALUES (7, 'ada@example.com');";

/// A SQLite database, or a PostgreSQL one if asked for and a cluster is available.
pub struct Team {
    folder: tempfile::TempDir,
    url: String,
    pub pool: Pool,
}

#[derive(Clone)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Team {
    pub async fn new(schema: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("team.db").display());
        let pool = SqlitePool::connect(&format!("{url}?mode=rwc")).await.unwrap();
        let team = Team { folder, url, pool: Pool::Sqlite(pool) };
        team.run(schema).await;
        team
    }

    /// Creates one on PostgreSQL; `None` where there is no cluster.
    pub async fn on_postgres(schema: &str) -> Option<Self> {
        let cluster = database::postgres()?;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{cluster}/{}", database::fresh_in(&cluster, "").await);
        let pool = Pool::Postgres(PgPool::connect(&url).await.unwrap());
        let team = Team { folder, url, pool };
        team.run(schema).await;
        Some(team)
    }

    pub async fn run(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match &self.pool {
            Pool::Sqlite(pool) => drop(sql.execute(pool).await.unwrap()),
            Pool::Postgres(pool) => drop(sql.execute(pool).await.unwrap()),
        }
    }

    /// Starts Latchkey with a table of this database mapped, whose columns are `id` and `email`.
    pub async fn app(&self, table: &str) -> App {
        self.app_at(table, &self.url).await
    }

    /// The same with a policy that is changed by further variables.
    pub async fn app_with(&self, table: &str, more: &[(&str, &str)]) -> App {
        App::with(&[&self.variables(table, &self.url)[..], more].concat()).await
    }

    /// Does the same as another role of the database.
    pub async fn app_of(&self, table: &str, role: &str) -> App {
        self.app_at(table, &self.url.replacen("://postgres@", &format!("://{role}@"), 1)).await
    }

    async fn app_at(&self, table: &str, url: &str) -> App {
        App::with(&self.variables(table, url)).await
    }

    fn variables<'a>(&self, table: &'a str, url: &'a str) -> [(&'a str, &'a str); 5] {
        [
            ("LATCHKEY_AUTH__SIGN_UP", "closed"),
            ("LATCHKEY_USERS__TABLE", table),
            ("LATCHKEY_USERS__ID", "id"),
            ("LATCHKEY_USERS__ADDRESS", "email"),
            ("LATCHKEY_USERS__DATABASE_URL", url),
        ]
    }

    /// Maps a table as Latchkey does; the error says why it cannot be mapped.
    pub async fn mapped(&self, table: &str, address: &str) -> Result<TeamUsers, MapError> {
        let url = format!("sqlite://{}", self.folder.path().join("own.db").display());
        let own = Store::open(&url, &Database::default()).await.unwrap();
        let users = UsersPolicy {
            table: table.to_owned(),
            id: "id".to_owned(),
            address: address.to_owned(),
            database_url: Some(self.url.clone()),
        };
        TeamUsers::open(&users, &own, &Database::default()).await
    }

    /// The reason why a table cannot be mapped.
    pub async fn refusal(&self, table: &str, address: &str) -> String {
        self.mapped(table, address).await.unwrap_err().to_string()
    }
}
