//! Statements: text with `$1` placeholders, which both databases understand, and their values.

use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};
use std::fmt::Write;

use crate::server::values::address::Address;

/// A value of a statement. The first three are types of columns; a flag is only used within a
/// statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Text(Option<&'a str>),
    Int(Option<i64>),
    Bytes(Option<&'a [u8]>),
    Flag(bool),
}

macro_rules! value_from {
    ($($from:ty, $value:ident => $into:expr;)*) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

value_from! {
    &'a str, text => Value::Text(Some(text));
    &'a String, text => Value::Text(Some(text));
    &'a Address, address => Value::Text(Some(address.as_str()));
    Option<&'a str>, text => Value::Text(text);
    &'a Option<String>, text => Value::Text(text.as_deref());
    i64, number => Value::Int(Some(number));
    Option<i64>, number => Value::Int(number);
    &'a [u8], bytes => Value::Bytes(Some(bytes));
    &'a Vec<u8>, bytes => Value::Bytes(Some(bytes));
    bool, flag => Value::Flag(flag);
}

/// Makes the values of a statement, each of its own type: `values![id, now]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::server::store::Value::from($value)),*] };
}
pub(super) use values;

/// A row of either database.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send> Record for T {}

/// A statement of a batch.
pub struct Statement<'a> {
    pub sql: &'static str,
    pub values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    pub fn new(sql: &'static str, values: impl Into<Vec<Value<'a>>>) -> Self {
        Statement { sql, values: values.into() }
    }
}

/// Joins statements into one for SQLite. Each round trip costs two thread switches there, more than
/// most statements do.
pub fn batch_of_sqlite(statements: &[Statement<'_>]) -> String {
    numbered_through(statements).join("; ")
}

/// Joins statements into one for PostgreSQL, where each round trip costs the network: all but the
/// last become CTEs in front of it. No statement sees what another of them did.
pub fn batch_of_postgres(statements: &[Statement<'_>]) -> String {
    let mut numbered = numbered_through(statements);
    let last = numbered.pop().unwrap_or_default();
    if numbered.is_empty() {
        return last;
    }
    let named: Vec<String> =
        numbered.iter().enumerate().map(|(n, sql)| format!("s{n} AS ({sql})")).collect();
    format!("WITH {} {last}", named.join(", "))
}

/// Joins a statement and another that runs only if the first changed a row, for SQLite. The second
/// must be one that a WHERE can follow.
pub fn and_then_of_sqlite(both: &[Statement<'_>; 2]) -> String {
    batch_of_sqlite(both) + " WHERE changes() > 0"
}

/// Joins them for PostgreSQL, into one statement that is a transaction by itself.
pub fn and_then_of_postgres(both: &[Statement<'_>; 2]) -> String {
    let numbered = numbered_through(both);
    let first = &numbered[0];
    let then = &numbered[1];
    format!("WITH first AS ({first} RETURNING 1) {then} WHERE EXISTS (SELECT 1 FROM first)")
}

/// Returns the statements with their `$n` shifted by the number of values before them.
fn numbered_through(statements: &[Statement<'_>]) -> Vec<String> {
    let mut before = 0;
    let mut renumbered = |statement: &Statement<'_>| {
        let mut pieces = statement.sql.split('$');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = piece.split_at(digits);
            let number: usize = number.parse().unwrap_or(0);
            // Writing to a string does not fail.
            let _ = write!(out, "${}{rest}", before + number);
        }
        before += statement.values.len();
        out
    };
    statements.iter().map(&mut renumbered).collect()
}
