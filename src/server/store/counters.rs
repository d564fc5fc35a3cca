//! Counters of events, by the hour and by the day.

use sqlx::FromRow;

use super::{
    Store, Tx,
    statement::{Statement, values},
};
use crate::server::ground::{clock::Millis, error::Error};

/// A number that is added to one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Length of the hour or the day, in milliseconds.
    pub span: Millis,
    /// Time at which it begins.
    pub at: Millis,
    pub name: String,
    pub label: String,
    pub count: i64,
}

/// The sum of a counter over a time.
#[derive(Clone, Debug, FromRow)]
pub struct Sum {
    pub name: String,
    pub label: String,
    pub count: i64,
}

pub const ADD_COUNT: &str = "INSERT INTO latchkey_counters (span, at, name, label, count) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (span, at, name, label) \
    DO UPDATE SET count = latchkey_counters.count + excluded.count";
pub const DOMAINS_OF: &str =
    "SELECT label FROM latchkey_counters WHERE span = $1 AND at = $2 AND name = 'domain'";
/// The hundred busiest domains of the last hour or day before one, which has counters.
pub const BUSIEST_BEFORE: &str = "SELECT label FROM latchkey_counters WHERE span = $1 \
    AND at = (SELECT MAX(at) FROM latchkey_counters WHERE span = $1 AND at < $2) \
    AND name = 'domain' ORDER BY count DESC LIMIT 100";
pub const SUMS: &str = "SELECT name, label, CAST(SUM(count) AS BIGINT) AS count \
    FROM latchkey_counters WHERE span = $1 AND at >= $2 GROUP BY name, label";
/// Counts of all together, each hour or day.
pub const COURSE: &str = "SELECT at, name, count FROM latchkey_counters \
    WHERE span = $1 AND at >= $2 AND label = '' AND name IN ('asked', 'signed_in')";
pub const OLD_COUNTERS: &str = "DELETE FROM latchkey_counters WHERE (span, at, name, label) IN \
    (SELECT span, at, name, label FROM latchkey_counters WHERE span = $3 AND at < $1 LIMIT $2)";

/// Sizes of the batches in which counters are added to: few texts of statements, few round trips.
const BATCHES: [usize; 3] = [32, 8, 1];

impl Store {
    /// Returns the domains that have a place in the hour or day of this length at this time.
    pub async fn domains_of(&self, span: Millis, at: Millis) -> Result<Vec<String>, Error> {
        let found: Vec<(String,)> = self.all(DOMAINS_OF, &values![span, at]).await?;
        Ok(found.into_iter().map(|(label,)| label).collect())
    }

    /// Returns the hundred busiest domains of the last hour or day before this one.
    pub async fn busiest_before(&self, span: Millis, at: Millis) -> Result<Vec<String>, Error> {
        let found: Vec<(String,)> = self.all(BUSIEST_BEFORE, &values![span, at]).await?;
        Ok(found.into_iter().map(|(label,)| label).collect())
    }

    /// Returns the sums of all counters of hours or days since a time.
    pub async fn sums(&self, span: Millis, since: Millis) -> Result<Vec<Sum>, Error> {
        self.all(SUMS, &values![span, since]).await
    }

    /// Returns how many mails were asked for and how many sign-ins there were, for each hour or day
    /// since a time: its beginning, the name of the counter, and the count.
    pub async fn course(
        &self,
        span: Millis,
        since: Millis,
    ) -> Result<Vec<(Millis, String, i64)>, Error> {
        self.all(COURSE, &values![span, since]).await
    }
}

impl Tx {
    /// Adds to counters, each of which is named once.
    pub(super) async fn add_counts(&mut self, counts: &[Count]) -> Result<(), Error> {
        let mut left = counts;
        for size in BATCHES {
            while left.len() >= size {
                let (batch, rest) = left.split_at(size);
                let add = batch.iter().map(|Count { span, at, name, label, count }| {
                    Statement::new(ADD_COUNT, values![*span, *at, name, label, *count])
                });
                self.run(&add.collect::<Vec<_>>()).await?;
                left = rest;
            }
        }
        Ok(())
    }
}
