//! Standing of the mail that somebody waits for: the truth about it, as far as they may know it.

use super::{
    Auth, Requester,
    suppression::{is_known_device, may_be_told},
};
use crate::server::{
    ground::{
        clock::{Millis, SECOND},
        error::Error,
        unicode::is_invisible,
        words::say,
    },
    store::{AuthRequest, MailState},
};

/// Time after which a mail may be said to be accepted. Most are by then, so that one which was
/// withheld, as that to a banned address is, does not show by being so soon.
const ACCEPTED_SOONEST: Millis = 2 * SECOND;

/// Most characters of a server's words that the page repeats.
const MOST_SAID: usize = 200;
/// The marks that quotations stand in, in whatever language.
const QUOTATION_MARKS: [char; 11] = ['"', '“', '”', '„', '‟', '«', '»', '「', '」', '『', '』'];

/// Standing of a mail, in the words of the page that waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailStanding {
    /// True once a transport has accepted the mail, and nothing has come back.
    pub is_sent: bool,
    /// Sentence about what is wrong, and what to do now. Empty if nothing is.
    pub trouble: String,
    /// True if mails to the address are held back, and one may be sent all the same.
    pub may_try: bool,
}

/// Returns the standing of the newest mail of a request. If its address could not sign up, only a
/// device that has signed in to it before is told: it knows that the address is known. To anybody
/// else even the moment at which a mail was accepted would reveal it.
pub async fn of_request(
    auth: &Auth,
    request: &AuthRequest,
    requester: &Requester,
) -> Result<MailStanding, Error> {
    if !may_be_told(auth, &request.address) && !is_known_device(auth, request, requester).await? {
        return Ok(MailStanding::default());
    }
    let Some(mail) = auth.store.mail_of(&request.id).await? else {
        return Ok(MailStanding::default());
    };
    let (address, now) = (&request.address, auth.clock.now());
    let held_back = match mail.state.as_str() {
        "suppressed" => auth.store.suppression(address, now).await?,
        _ => None,
    };
    let has_complained = held_back.is_some_and(|by| by.expires_at.is_none());
    let mut standing = standing(mail, has_complained);
    standing.is_sent &= auth.clock.now() >= request.last_mail_at + ACCEPTED_SOONEST;
    Ok(standing)
}

fn standing(mail: MailState, has_complained: bool) -> MailStanding {
    let MailState { state, last_error, delayed_by } = mail;
    let said = last_error.filter(|said| !said.is_empty());
    // Not every provider passes on what the server said.
    let told = || said.as_deref().map_or_else(|| say!("mail-said-nothing"), repeated);
    let trouble = match (state.as_str(), delayed_by.as_deref()) {
        ("failed", _) => say!("mail-failed"),
        ("unsent", _) => say!("mail-unsent"),
        ("returned", _) => say!("mail-returned", said = told()),
        ("suppressed", _) if has_complained => say!("mail-complained"),
        ("suppressed", _) => say!("mail-suppressed", said = told()),
        // Accepted, and still on its way behind that.
        ("sent", Some(_)) => say!("mail-delayed-on-the-way", said = told()),
        ("queued", Some("session")) => say!("mail-delayed-by-us"),
        ("queued", Some("unsure")) => say!("mail-delayed-unsure"),
        ("queued", _) if said.is_some() => say!("mail-delayed"),
        _ => String::new(),
    };
    MailStanding {
        is_sent: state == "sent" && trouble.is_empty(),
        trouble,
        may_try: state == "suppressed",
    }
}

/// Returns a server's words as the page repeats them. Whoever runs the recipient's server chose
/// them, and whoever typed the address reads them: they are short, lead nowhere, hide nothing, and
/// do not end the quotation that they stand in. What a mail holds was removed when they came.
fn repeated(said: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_control() || is_invisible(c) => ' ',
        c if QUOTATION_MARKS.contains(&c) => '\'',
        c => c,
    };
    let said: String = said.chars().map(plain).collect();
    let is_link = |word: &str| {
        let is_path = word.contains('.') && word.contains('/');
        is_path || word.contains("://") || word.to_lowercase().contains("www.")
    };
    let words = said.split_whitespace().map(|word| if is_link(word) { "…" } else { word });
    let words: String = words.collect::<Vec<_>>().join(" ").chars().take(MOST_SAID).collect();
    if words.is_empty() { "…".to_owned() } else { words }
}
