//! A mapped table: its statements, the type of its addresses, its index.

use sqlx::{AssertSqlSafe, Row};

use super::{Compared, Database, MapError, TeamUsers};
use crate::server::{
    config::UsersPolicy,
    store::{backend::rows, statement::values},
};

/// A table and two of its columns, as the policy names them and quoted for SQL.
#[derive(Clone, Debug)]
pub struct Table {
    pub table: String,
    pub address: String,
    quoted: String,
    /// Qualified with `u.`, because SQLite takes a quoted name that is not a column for a string.
    id_column: String,
    address_column: String,
}

/// Type of the addresses.
pub enum Kind {
    /// SQLite compares texts as texts in a column of any type.
    Sqlite,
    /// A text type of PostgreSQL, directly or as the base of a domain, as a cast names it.
    Text(String),
    /// Another type.
    NotText(String),
}

/// Reads the type of a PostgreSQL column and, for a domain, its base type. The -1 is there because
/// CHARACTER without a type modifier means one character.
const TYPE: &str = "WITH RECURSIVE type AS ( \
        SELECT t.oid, t.typtype, t.typbasetype, t.typcategory FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
        WHERE a.attrelid = CAST($1 AS regclass) AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped \
    UNION ALL \
        SELECT t.oid, t.typtype, t.typbasetype, t.typcategory FROM type d JOIN pg_type t ON t.oid = d.typbasetype \
        WHERE d.typtype = 'd') \
    SELECT format_type(oid, -1), typcategory = 'S' FROM type WHERE typtype <> 'd'";

/// True if an index of PostgreSQL holds each address once, for all rows.
const IS_UNIQUE: &str = "SELECT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = CAST($1 AS regclass) \
    AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 \
    AND CASE WHEN $3 THEN pg_get_indexdef(i.indexrelid, 1, FALSE) IN (format('lower(%I)', $2), format('lower((%I)::text)', $2)) \
        ELSE pg_get_indexdef(i.indexrelid, 1, FALSE) = quote_ident($2) END)";

impl Table {
    pub fn of(users: &UsersPolicy) -> Self {
        let quote = |name: &str| format!("\"{name}\"");
        Table {
            table: users.table.clone(),
            address: users.address.clone(),
            quoted: users.table.split('.').map(quote).collect::<Vec<_>>().join("."),
            id_column: format!("u.{}", quote(&users.id)),
            address_column: format!("u.{}", quote(&users.address)),
        }
    }

    /// Returns the ways to compare an address with those of this table, the best first: the key
    /// that is compared, and the parameter it is compared with. The parameter arrives as text and
    /// is cast to the column's own type, or the index would not be used: a `citext` is compared
    /// with a text as text.
    pub fn comparisons(&self, kind: &Kind) -> Result<Vec<(Compared, String, String)>, MapError> {
        let column = &self.address_column;
        let lowered = format!("lower({column})");
        Ok(match kind {
            Kind::Sqlite => vec![
                (Compared::Lowered, lowered, "$1".to_owned()),
                (Compared::InAnyCase, format!("{column} COLLATE NOCASE"), "$1".to_owned()),
                (Compared::Exactly, column.clone(), "$1".to_owned()),
            ],
            Kind::Text(kind) => {
                let is_citext = kind.trim_matches('"').rsplit('.').next() == Some("citext");
                let own = if is_citext { Compared::InAnyCase } else { Compared::Exactly };
                vec![
                    (Compared::Lowered, lowered, "CAST($1 AS text)".to_owned()),
                    (own, column.clone(), format!("CAST($1 AS {kind})")),
                ]
            }
            Kind::NotText(kind) => {
                return Err(MapError::Type {
                    table: self.table.clone(),
                    address: self.address.clone(),
                    kind: kind.clone(),
                });
            }
        })
    }

    pub fn look_up(&self, key: &str, parameter: &str) -> String {
        let Table { id_column, quoted, .. } = self;
        format!(
            "SELECT CAST({id_column} AS TEXT) FROM {quoted} AS u WHERE {key} = {parameter} LIMIT 2"
        )
    }

    /// Returns a subquery with the addresses of the first `rows` rows, or of all.
    fn rows(&self, rows: Option<i64>) -> String {
        let Table { id_column, address_column, quoted, .. } = self;
        let limit = rows.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        format!(
            "(SELECT {id_column}, {address_column} FROM {quoted} AS u WHERE {address_column} IS NOT NULL{limit}) AS u"
        )
    }

    pub fn duplicates(&self, rows: Option<i64>) -> String {
        let (from, address) = (self.rows(rows), &self.address_column);
        format!("SELECT 1 FROM {from} GROUP BY lower({address}) HAVING COUNT(*) > 1 LIMIT 1")
    }

    /// Returns the query for addresses with a character outside of printable ASCII or, where case
    /// counts, with a capital letter. All others are found as they stand.
    pub fn oddly_spelt(
        &self,
        database: &Database,
        compared: Compared,
        rows: Option<i64>,
        most: usize,
    ) -> String {
        let (from, id, address) = (self.rows(rows), &self.id_column, &self.address_column);
        let other_than = match compared {
            Compared::Exactly => "[^!-@[-~]",
            _ => "[^!-~]",
        };
        let odd = match database {
            Database::Sqlite(_) => {
                format!("({address} GLOB '*{other_than}*' OR typeof({address}) <> 'text')")
            }
            Database::Postgres(_) => {
                format!("CAST({address} AS text) COLLATE \"C\" ~ '{other_than}'")
            }
        };
        format!(
            "SELECT CAST({id} AS TEXT), CAST({address} AS TEXT) FROM {from} WHERE {odd} LIMIT {most}"
        )
    }
}

impl Database {
    /// Returns the type of a table's addresses. A missing column counts as text: reading it gives
    /// the error.
    pub async fn type_of(&self, table: &Table) -> sqlx::Result<Kind> {
        let Database::Postgres(pool) = self else { return Ok(Kind::Sqlite) };
        let found = pool.run(TYPE, &values![&table.quoted, &table.address]).await?;
        Ok(match rows::<_, _, (String, bool)>(found)?.into_iter().next() {
            Some((kind, true)) => Kind::Text(kind),
            Some((kind, false)) => Kind::NotText(kind),
            None => Kind::Text("text".to_owned()),
        })
    }
}

impl TeamUsers {
    /// Returns what the look-up uses instead of reading the whole table, if there is such an index:
    /// for SQLite its name, for PostgreSQL a step of the plan.
    pub async fn index(&self) -> sqlx::Result<Option<String>> {
        match &self.database {
            Database::Sqlite(pool) => {
                let plan = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", self.look_up));
                let steps: Vec<(i64, i64, i64, String)> =
                    rows(pool.run(plan, &values![""]).await?)?;
                let by_index = |step: &str| {
                    let (_, index) = step.strip_prefix("SEARCH ")?.split_once("INDEX ")?;
                    Some(index.rsplit_once(" (").map_or(index, |(name, _)| name).to_owned())
                };
                let found: Option<Vec<String>> =
                    steps.iter().map(|(.., step)| by_index(step)).collect();
                Ok(found.and_then(|mut names| names.pop()))
            }
            Database::Postgres(pool) => {
                // Explained the way it runs: prepared, with a parameter of the same type, and for
                // any value. A small table is scanned even if it has an index; forbidding that
                // shows whether there is one.
                let explain = format!(
                    "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan; \
                     PREPARE latchkey_look_up (text) AS {}; EXPLAIN EXECUTE latchkey_look_up (''); \
                     DEALLOCATE latchkey_look_up",
                    self.look_up
                );
                let mut lent = pool.begin(None).await?;
                let db = lent.connection()?;
                let plan = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *db).await?;
                db.end("ROLLBACK").await?;
                lent.give_back();
                let steps =
                    plan.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<Vec<String>>>()?;
                if steps.iter().any(|step| step.contains("Seq Scan")) {
                    return Ok(None);
                }
                Ok(steps.into_iter().find(|step| step.contains("Index Cond")))
            }
        }
    }

    /// True if the index itself guarantees that no address is there twice.
    pub async fn is_unique(&self, index: &str) -> sqlx::Result<bool> {
        let unique: Vec<(bool,)> = match &self.database {
            Database::Sqlite(pool) => {
                let table = self.table.table.rsplit('.').next().unwrap_or(&self.table.table);
                let unique = "SELECT EXISTS (SELECT 1 FROM pragma_index_list($1) \
                    WHERE name = $2 AND \"unique\" AND NOT partial) \
                    AND (SELECT COUNT(*) FROM pragma_index_info($2)) = 1";
                rows(pool.run(unique, &values![table, index]).await?)?
            }
            Database::Postgres(pool) => {
                let is_lowered = self.compared == Compared::Lowered;
                let values = values![&self.table.quoted, &self.table.address, is_lowered];
                rows(pool.run(IS_UNIQUE, &values).await?)?
            }
        };
        Ok(unique.first().is_some_and(|(is_unique,)| *is_unique))
    }
}
