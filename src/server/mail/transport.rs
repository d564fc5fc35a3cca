//! The transport of mails: SMTP, or the dev mailbox.

use super::{compose::Composed, dev_mailbox::DevMailbox, send_error::SendError, smtp::Smtp};

#[derive(Debug)]
pub enum Transport {
    Smtp(Box<Smtp>),
    Dev(DevMailbox),
}

impl Transport {
    /// Checks that the mail server answers and accepts our credentials.
    pub async fn test(&self) -> Result<(), SendError> {
        match self {
            Transport::Dev(_) => Ok(()),
            Transport::Smtp(smtp) => smtp.test().await,
        }
    }

    pub async fn send(&self, mail: Composed) -> Result<(), SendError> {
        match self {
            Transport::Dev(mailbox) => {
                println!(
                    "\n  Mail to {}: {}\n  {}\n",
                    mail.to,
                    mail.subject,
                    mail.link.as_ref().or(mail.code.as_ref()).map_or("", String::as_str)
                );
                mailbox.put(mail);
                Ok(())
            }
            Transport::Smtp(smtp) => smtp.send(&mail.message).await,
        }
    }

    /// Closes idle connections. Called from time to time.
    pub fn close_idle(&self) {
        if let Transport::Smtp(smtp) = self {
            smtp.close_idle();
        }
    }
}
