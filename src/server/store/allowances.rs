//! Allowances shared by all instances that use the same database.

use std::{collections::HashMap, time::Duration};

use super::Store;
use crate::server::ground::{clock::Millis, error::Error};

/// A quantity that may be used up in a window of time and comes back evenly.
pub struct Allowance {
    pub name: String,
    /// Time in which one unit comes back.
    pub step: Duration,
}

/// Takes a quarter of what is left of each allowance, rounded up; an exhausted allowance returns no
/// row. `full_at` is the time at which the allowance is full again. A `full_at` further ahead than
/// the window was written before the clock was set back, and is ignored.
pub const RESERVE: &str = "INSERT INTO latchkey_allowances AS kept (name, step, full_at, taken) \
    SELECT name, step, $3 + step * (($4 / step + 3) / 4), ($4 / step + 3) / 4 \
    FROM UNNEST($1::TEXT[], $2::BIGINT[]) AS asked (name, step) \
    ON CONFLICT (name) DO UPDATE SET (step, full_at, taken) = ( \
    SELECT excluded.step, base + excluded.step * ((($3 + $4 - base) / excluded.step + 3) / 4), \
    (($3 + $4 - base) / excluded.step + 3) / 4 \
    FROM (SELECT CASE WHEN kept.full_at BETWEEN $3 AND $3 + $4 THEN kept.full_at ELSE $3 END AS base) \
    AS was) \
    WHERE kept.full_at NOT BETWEEN $3 AND $3 + $4 OR $3 + $4 - kept.full_at >= excluded.step \
    RETURNING name, taken";

/// Nanoseconds in a millisecond. Allowances are kept in nanoseconds, so that even a million per
/// minute have a step of a whole number.
const NANOS: i64 = 1_000_000;

impl Store {
    /// Reserves a part of each allowance for this instance. Returns how many units of each name it
    /// got. With SQLite, which has a single instance, the result is empty.
    pub async fn reserve(
        &self,
        now: Millis,
        window: Duration,
        allowances: &[Allowance],
    ) -> Result<HashMap<String, i64>, Error> {
        let Store::Postgres(pool) = self else { return Ok(HashMap::new()) };
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX).max(1);
        // Rows are locked in the order of their names, or two instances could deadlock.
        let mut asked: Vec<(&str, i64)> =
            allowances.iter().map(|one| (one.name.as_str(), nanos(one.step))).collect();
        asked.sort_unstable();
        let (names, steps): (Vec<&str>, Vec<i64>) = asked.into_iter().unzip();
        // Only PostgreSQL has arrays, so only PostgreSQL runs this statement.
        let reserve = sqlx::query_as(RESERVE).bind(names).bind(steps);
        let reserve = reserve.bind(now.saturating_mul(NANOS)).bind(nanos(window));
        let mut lent = pool.get().await?;
        let taken: Vec<(String, i64)> = reserve.fetch_all(lent.connection()?).await?;
        lent.give_back();
        Ok(taken.into_iter().collect())
    }
}
