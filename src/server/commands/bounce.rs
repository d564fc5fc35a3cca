//! Command that reads a report of a mail server from standard input: a mail that came back. The mail
//! server pipes what arrives at the return path into it.

use std::io::Read;

use crate::server::{
    auth::{Auth, reports},
    ground::error::Error,
    mail::reports::dsn::MOST_BYTES,
};

/// Acts on the report in `mail`, which was sent to the address `to`, if the mail server names that.
/// Anything else that arrives there, such as an automatic reply, is passed over: an error would make
/// the mail server send a report of its own.
pub async fn run(auth: &Auth, mail: impl Read, to: Option<&str>) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let read = mail.take(MOST_BYTES as u64).read_to_end(&mut bytes);
    read.map_err(|error| Error::invalid(format!("The mail cannot be read: {error}.")))?;
    match reports::take_mail(auth, &bytes, to).await? {
        Ok(count) => println!("{count} {}", if count == 1 { "report" } else { "reports" }),
        Err(why) => println!("passed over: {why}"),
    }
    Ok(())
}
