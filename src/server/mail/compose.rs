//! Composes mails: text and HTML of the same words.

use lettre::{
    Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use minijinja::Value;

use super::{
    invitation_variables::{invitation, waitlist},
    letter::Letter,
    samples::{SAMPLE_ADDRESS, Samples},
    templates::{TemplateError, Templates},
    variables::{new_device, password_change, sign_in},
};
use crate::server::{
    config::Policy,
    ground::{
        clock::Millis,
        mode::Mode,
        words::{language, speaking},
    },
    values::{address::Address, public_url::PublicUrl, shown::shown},
};

/// A mail ready for the transport, and the parts of it that a developer wants to see.
#[derive(Clone, Debug)]
pub struct Composed {
    pub message: Message,
    pub from: Mailbox,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub link: Option<String>,
    pub code: Option<String>,
}

/// The reason that a mail could not be composed. No retry will help.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    #[error("message: {0}")]
    Message(#[from] lettre::error::Error),
}

impl Templates {
    /// Loads the templates in force: the built-in ones, or those of the policy's folder, tested on
    /// samples.
    pub fn of_policy(policy: &Policy, public_url: &PublicUrl) -> Result<Self, TemplateError> {
        // Every template has to hold both, whatever mails carry today.
        let samples = Samples::new(policy, Mode::LinkOtp, public_url, 0);
        Templates::load(policy.mail.templates.as_deref(), &samples)
    }

    /// Composes the mail to `to` from `letter`, in its language. `id` names the mail permanently,
    /// so that a duplicate after a crash is recognised as one.
    #[allow(clippy::too_many_arguments)] // a mail needs all of them
    pub fn mail(
        &self,
        id: &str,
        to: &Address,
        letter: &Letter,
        policy: &Policy,
        from: &Mailbox,
        public_url: &PublicUrl,
        now: Millis,
    ) -> Result<Composed, ComposeError> {
        let sender = Sender { from, public_url };
        speaking(letter.language(), || match letter {
            Letter::SignIn(letter) => {
                let words = sign_in(letter, &shown(to), policy, public_url, now);
                let mut composed = self.compose(id, to, "sign_in", words, &sender)?;
                (composed.link, composed.code) = (letter.link.clone(), letter.code.clone());
                Ok(composed)
            }
            Letter::NewDevice(notice) => {
                let words = new_device(notice, &shown(to), policy, public_url);
                self.compose(id, to, "new_device", words, &sender)
            }
            Letter::PasswordLetter(change) => {
                let words = password_change(change, &shown(to), policy, public_url);
                self.compose(id, to, "password", words, &sender)
            }
            Letter::Invitation(letter) => {
                let words = invitation(letter, &shown(to), policy, public_url, now);
                let mut composed = self.compose(id, to, "invitation", words, &sender)?;
                composed.link = Some(letter.accept_link.clone());
                composed.code = Some(letter.accept_code.clone());
                Ok(composed)
            }
            Letter::Waitlist(letter) => {
                let words = waitlist(letter, &shown(to), policy, public_url);
                self.compose(id, to, "waitlist", words, &sender)
            }
        })
    }

    /// Composes a sample mail as it would look at `now`, in the language of the current task.
    /// `kind` is `sign_in`, `new_device`, `password`, `invitation` or `waitlist`.
    pub fn sample(
        &self,
        kind: &str,
        policy: &Policy,
        from: &Mailbox,
        public_url: &PublicUrl,
        now: Millis,
    ) -> Result<Composed, ComposeError> {
        let words = Samples::new(policy, policy.auth.mode, public_url, now).of(kind);
        self.compose(
            "sample",
            &Address::stored(SAMPLE_ADDRESS.to_owned()),
            kind,
            words,
            &Sender { from, public_url },
        )
    }

    fn compose(
        &self,
        id: &str,
        to: &Address,
        kind: &str,
        words: Value,
        sender: &Sender,
    ) -> Result<Composed, ComposeError> {
        let render = |ending: &str| self.render(&format!("{kind}.{ending}"), &words);
        let (subject, text, html) = (render("subject.txt")?, render("txt")?, render("html")?);
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        sender.compose(id, to, subject, text, Some(html))
    }
}

/// Returns the recipient of a mail. An [`Address`] holds nothing that could end a command or a
/// header, so it needs no second check. lettre's own parser counts code points as octets, and
/// refuses most scripts that are written with marks.
pub fn recipient(to: &Address) -> lettre::Address {
    let (local, domain) = to.local_and_domain();
    lettre::Address::new_dangerous(local, domain)
}

/// The sender of mails.
struct Sender<'a> {
    from: &'a Mailbox,
    public_url: &'a PublicUrl,
}

impl Sender<'_> {
    /// Composes a message with the headers that all our mails share. `id` names it permanently.
    /// Without `html` it is plain text.
    fn compose(
        &self,
        id: &str,
        to: &Address,
        subject: String,
        text: String,
        html: Option<String>,
    ) -> Result<Composed, ComposeError> {
        let raw = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let recipient = recipient(to);
        // Set here: lettre would read it from the headers by its own, narrower rules.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![recipient.clone()])?;
        let message = Message::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(&subject)
            .message_id(Some(format!("<{id}@{}>", self.public_url.host())))
            // RFC 3834: asks for no vacation replies.
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            // Mail programs that thread by subject show each mail by itself.
            .raw_header(raw("X-Entity-Ref-ID", id))
            .raw_header(raw("Content-Language", language().tag()));
        let message = match &html {
            Some(html) => {
                message.multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))?
            }
            None => message.singlepart(SinglePart::plain(text.clone()))?,
        };
        let (to, html) = (to.as_str().to_owned(), html.unwrap_or_default());
        let from = self.from.clone();
        Ok(Composed { message, from, to, subject, text, html, link: None, code: None })
    }
}

/// Composes a mail that says only that mails arrive.
pub fn test_mail(
    id: &str,
    to: &Address,
    brand: &str,
    from: &Mailbox,
    public_url: &PublicUrl,
) -> Result<Composed, ComposeError> {
    let subject = format!("A test mail from {brand}");
    let text = format!("Mails from {public_url} arrive. Nobody needs to do anything.\n");
    Sender { from, public_url }.compose(id, to, subject, text, None)
}
