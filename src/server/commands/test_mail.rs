//! Command of an operator that sends a test mail.

use super::serve::ServeError;
use crate::server::{
    config::Settings,
    ground::{clock::Clock, random::Random},
    mail::{compose::test_mail, smtp::Smtp, transport::Transport},
    values::address::Address,
};

/// Sends a test mail over the mail server, and prints that it took it.
pub async fn send(settings: &Settings, email: &str) -> Result<(), Box<dyn std::error::Error>> {
    let address = Address::parse(email)?;
    let url = settings
        .smtp_url
        .as_deref()
        .ok_or("SMTP_URL is not set: there is no mail server to send it to")?;
    let mail = test_mail(
        &Random::System.id()?,
        &address,
        &settings.policy.brand.name,
        &settings.from,
        &settings.public_url,
    )?;
    let smtp = Smtp::new(url, &settings.policy.mail, &settings.public_url, Clock::System);
    let smtp = Transport::Smtp(Box::new(smtp.map_err(ServeError::from)?));
    let sent = smtp.send(mail).await;
    sent.map_err(|refusal| format!("the mail server did not take it: {refusal}"))?;
    println!("the mail server took a mail to {email}");
    Ok(())
}
