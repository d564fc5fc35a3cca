//! Webmail of well-known mail providers.

use crate::server::values::address::Address;

/// Returns the name and the URL of the webmail for an address, if its domain is well known.
pub fn of(address: &Address) -> Option<(&'static str, &'static str)> {
    let (_, domain) = address.local_and_domain();
    Some(match domain {
        // Searches spam as well, newest first, for the mail that was just sent.
        "gmail.com" | "googlemail.com" => {
            ("Gmail", "https://mail.google.com/mail/u/0/#search/in%3Aanywhere+newer_than%3A1h")
        }
        "outlook.com" | "hotmail.com" | "live.com" | "msn.com" => {
            ("Outlook", "https://outlook.live.com/mail/0/")
        }
        "yahoo.com" | "ymail.com" => ("Yahoo Mail", "https://mail.yahoo.com/"),
        "icloud.com" | "me.com" | "mac.com" => ("iCloud Mail", "https://www.icloud.com/mail/"),
        "proton.me" | "protonmail.com" | "pm.me" => ("Proton Mail", "https://mail.proton.me/"),
        "aol.com" => ("AOL Mail", "https://mail.aol.com/"),
        "gmx.de" | "gmx.net" | "gmx.at" | "gmx.ch" => ("GMX", "https://www.gmx.net/"),
        "gmx.com" => ("GMX", "https://www.gmx.com/"),
        "web.de" => ("WEB.DE", "https://web.de/"),
        "t-online.de" => ("T-Online", "https://email.t-online.de/"),
        "fastmail.com" => ("Fastmail", "https://app.fastmail.com/"),
        _ => return None,
    })
}
