//! Numbers that waiting windows show, to be typed where the link is opened.

use super::{
    AuditEvent, AuthRequest, Counted, Durability, FailedTry, RequestJudge, Store, Tx, Verdict,
    attempts::failed_tries,
    auth_requests::{BY_ID, CANCEL},
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

pub const SHOWN_NUMBERS: &str = "SELECT match_number FROM latchkey_auth_requests \
    WHERE address = $1 AND ended_at IS NULL AND expires_at > $2 AND match_number IS NOT NULL";
pub const MATCH: &str = "UPDATE latchkey_auth_requests SET matched_at = $1 WHERE id = $2";

/// Returns `wanted`, or the next number that no other window for this address shows: a number typed
/// into the wrong one of two mails must not finish a stranger's window.
pub async fn free_number(
    tx: &mut Tx,
    address: &Address,
    wanted: i64,
    now: Millis,
) -> Result<i64, Error> {
    let shown: Vec<(i64,)> = tx.all(SHOWN_NUMBERS, &values![address, now]).await?;
    let all = (0..90).map(|step| 10 + (wanted - 10 + step) % 90);
    Ok(all.into_iter().find(|number| !shown.contains(&(*number,))).unwrap_or(wanted))
}

impl Store {
    /// Judges a number typed where a link was opened, and writes the outcome in the same step: a
    /// right one approves the auth request, a wrong one is counted and ends it.
    pub async fn match_number(
        &self,
        request: &AuthRequest,
        attempt: &FailedTry<'_>,
        judge: &RequestJudge<'_>,
        approved: &AuditEvent,
        cancelled: &AuditEvent,
    ) -> Result<Counted, Error> {
        let AuthRequest { id, address, .. } = request;
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            let found = tx.first::<AuthRequest>(&BY_ID, &values![id]).await?;
            let Some(request) = found else { return Ok(Counted::Gone) };
            match judge(&request, &failed_tries(tx, attempt.bucket, attempt.at).await?) {
                // The same number again writes nothing: it would push other lines off the list.
                Verdict::Right if request.matched_at.is_some() => Ok(Counted::Right),
                Verdict::Right => {
                    let approve = Statement::new(MATCH, values![attempt.at, id]);
                    tx.finish(&[approve, approved.insert()]).await?;
                    Ok(Counted::Right)
                }
                Verdict::Wrong(error) => {
                    let cancel = Statement::new(CANCEL, values![attempt.at, id]);
                    tx.finish(&[attempt.insert(), cancel, cancelled.insert()]).await?;
                    Ok(Counted::Wrong(error))
                }
                Verdict::Refused(error) => Err(error),
            }
        })
        .await
    }
}
