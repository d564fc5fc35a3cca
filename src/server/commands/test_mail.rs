//! Command of an operator that sends a test mail.

use super::serve::ServeError;
use crate::server::{
    config::Settings,
    ground::{clock::Clock, random::Random},
    mail::{compose::test_mail, dkim::Dkim, transports::Transports},
    values::address::Address,
};

/// Sends a test mail by every transport, or by the one named `by`, and prints what each answered.
pub async fn send(
    settings: &Settings,
    email: &str,
    by: Option<&str>,
) -> Result<(), Box<dyn std::error::Error>> {
    let address = Address::parse(email)?;
    let dkim = Dkim::open(&settings.policy.mail, &settings.from, Clock::System);
    let dkim = dkim.map_err(ServeError::from)?;
    let transports = Transports::open(settings, &dkim.into(), &Clock::System);
    let transports = transports.map_err(ServeError::from)?;
    let wanted = |name: &str| by.is_none_or(|by| by == name);
    let mut refused = 0;
    let mut asked = 0;
    for transport in transports.iter().filter(|transport| wanted(transport.name())) {
        asked += 1;
        let id = Random::System.id()?;
        let brand = &settings.policy.brand.name;
        let mail = test_mail(&id, &address, brand, &settings.from, &settings.public_url)?;
        match transport.transport.send(&id, mail).await {
            Ok(_) => println!("{}: it took a mail to {email}", transport.name()),
            Err(error) => {
                refused += 1;
                println!("{}: it did not take it: {error}", transport.name());
            }
        }
    }
    match (asked, by) {
        (0, Some(by)) => Err(format!("no transport has the name {by:?}").into()),
        (0, None) => Err("SMTP_URL is not set, and mail.transports has no entry: there is nobody \
                          to send it to"
            .into()),
        _ if refused > 0 => Err(format!("{refused} of {asked} transports did not take it").into()),
        _ => Ok(()),
    }
}
