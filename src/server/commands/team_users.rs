//! Checks that the users of a mapped table can be found by their addresses, and tells the operator.

use crate::server::{
    ground::error::Error,
    store::{ROWS_OF_A_START, TeamUsers},
    values::address::{Address, masked},
};

/// Most rows that are looked up one by one: enough to show that there is a fault.
const TRIED: usize = 1_000;

/// Returns a sentence about users of a mapped table who are never found by their addresses. `None`
/// if there are none. Rows without a valid address do not count.
pub async fn amiss(mapped: &TeamUsers, rows: Option<i64>) -> Result<Option<String>, Error> {
    let odd = mapped.oddly_spelt(rows, TRIED).await?;
    let (mut missed, mut example) = (0, None);
    for (id, spelt) in &odd {
        let Ok(address) = Address::parse(spelt) else { continue };
        if mapped.find(&address).await?.as_ref() != Some(id) {
            missed += 1;
            example.get_or_insert_with(|| masked(spelt.trim()));
        }
    }
    let Some(example) = example else { return Ok(None) };
    let at_least = if rows.is_some() || odd.len() == TRIED { "at least " } else { "" };
    let (users, are) = if missed == 1 { ("user", "is") } else { ("users", "are") };
    Ok(Some(format!(
        "{at_least}{missed} {users}, {example} for one, {are} never found by the address as it is kept, and cannot sign in. {}",
        mapped.remedy()
    )))
}

/// Logs a warning about such users at the start, after a look at the first rows.
pub async fn warn(mapped: &TeamUsers, table: &str) {
    match amiss(mapped, Some(ROWS_OF_A_START)).await {
        Ok(None) => (),
        Ok(Some(amiss)) => tracing::warn!("[users] {table}: {amiss}"),
        // The error was logged already, and is no reason to stop a start.
        Err(_) => tracing::warn!("[users] {table} could not be looked over"),
    }
}
