//! The act of an operator for mails that wait.

use super::operator::{ActReason, Operator};
use crate::server::{
    auth::Auth,
    config::desk::Role,
    ground::{error::Error, words::say},
    mail::transports::Transports,
    values::event::Event,
};

/// Has all mails that wait tried again now, and returns how many they are. A transport that refuses
/// us is asked without the rest of its wait, by this instance.
pub async fn retry(
    auth: &Auth,
    transports: &Transports,
    operator: &Operator,
    reason: &ActReason,
) -> Result<u64, Error> {
    operator.may_change(auth, Role::Help).await?;
    let event = operator.event(auth, Event::MailsRetried, None, reason);
    let mails = auth.store.retry_mails(auth.clock.now(), Some(&event)).await?;
    if mails == 0 {
        return Err(Error::invalid(say!("detail-no-mail-waits")));
    }
    event.emit();
    transports.may_be_tried_now();
    auth.outbox.wake();
    Ok(mails)
}
