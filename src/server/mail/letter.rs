//! What a mail says: text and HTML of the same words, from the templates beside this file.

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use minijinja::{AutoEscape, Environment, context};

use crate::{
    error::duration,
    server::{
        clock::{Millis, seconds_until},
        config::PublicUrl,
        sign_in::request::Letter,
        store::QueuedMail,
    },
};

/// A mail ready for the transport, and what a developer wants to see of it.
#[derive(Clone, Debug)]
pub struct Composed {
    pub message: Message,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub link: String,
}

/// Why a mail could not be put together; no retry will help.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    #[error("address: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("message: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The templates, compiled once.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    pub fn embedded() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        environment.add_template("sign_in.subject", include_str!("templates/sign_in.subject.txt"))?;
        environment.add_template("sign_in.txt", include_str!("templates/sign_in.txt"))?;
        environment.add_template("sign_in.html", include_str!("templates/sign_in.html"))?;
        Ok(Templates(environment))
    }

    /// The sign-in mail. `mail.id` names it for ever, so that a duplicate after a crash is recognised as one.
    pub fn sign_in(
        &self,
        mail: &QueuedMail,
        letter: &Letter,
        brand: &str,
        from: &Mailbox,
        public_url: &PublicUrl,
        now: Millis,
    ) -> Result<Composed, ComposeError> {
        let link = public_url.link(&letter.link_token);
        let (first, last) = letter.code.split_at(letter.code.len() / 2);
        let words = context! {
            brand,
            link,
            code => letter.code,
            code_spaced => format!("{first} {last}"),
            lifetime => duration(seconds_until(now, letter.expires_at)),
            host => public_url.host(),
            origin => public_url.origin(),
        };
        let render = |name: &str| self.0.get_template(name)?.render(&words);
        let (subject, text, html) =
            (render("sign_in.subject")?.trim().to_owned(), render("sign_in.txt")?, render("sign_in.html")?);
        let raw = |name: &'static str, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, mail.address.parse()?))
            .subject(&subject)
            .message_id(Some(format!("<{}@{}>", mail.id, public_url.host())))
            // RFC 3834: no vacation answers, please.
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))?;
        Ok(Composed { message, to: mail.address.clone(), subject, text, html, link })
    }
}
