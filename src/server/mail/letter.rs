//! What a mail says: text and HTML of the same words, from the templates beside this file.

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Object};
use std::{collections::BTreeMap, path::Path, sync::Arc};

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

/// Why a template cannot be used: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("The mail template {file} cannot be read: {error}.")]
    Read { file: String, error: std::io::Error },
    #[error("The mail template {file} does not work: {error:#}.")]
    Broken { file: String, error: minijinja::Error },
}

/// The templates, compiled once.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

/// Their names, as files in a folder of the operator's, and the built-in ones.
const FILES: [(&str, &str); 3] = [
    ("sign_in.subject.txt", include_str!("templates/sign_in.subject.txt")),
    ("sign_in.txt", include_str!("templates/sign_in.txt")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
];

impl Templates {
    /// The built-in templates, each replaced by the file of its name in `folder` if there is one. Every one is tried on a
    /// sample, so that a mistake stops the start and not a mail.
    pub fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        for (name, built_in) in FILES {
            let file = folder.map(|folder| folder.join(name)).filter(|file| file.exists());
            let shown = file.as_ref().map_or(name.to_owned(), |file| file.display().to_string());
            let source = match &file {
                Some(file) => {
                    std::fs::read_to_string(file).map_err(|error| TemplateError::Read { file: shown.clone(), error })?
                }
                None => built_in.to_owned(),
            };
            let broken = |error| TemplateError::Broken { file: shown.clone(), error };
            environment.add_template_owned(name, source).map_err(broken)?;
            let sample = words(
                "Example",
                Some("https://example.com/link"),
                Some("123456"),
                600,
                "example.com",
                "https://example.com",
                "SIGNIN",
                &BTreeMap::new(),
            );
            environment.get_template(name).and_then(|template| template.render(sample)).map_err(broken)?;
        }
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
        let (link, code) = (letter.link.as_deref(), letter.code.as_deref());
        let lifetime = seconds_until(now, letter.expires_at);
        let words =
            words(brand, link, code, lifetime, public_url.host(), public_url.origin(), &letter.template, &letter.variables);
        let render = |name: &str| self.0.get_template(name)?.render(&words);
        let (subject, text, html) = (render("sign_in.subject.txt")?, render("sign_in.txt")?, render("sign_in.html")?);
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
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
        let link = letter.link.clone().unwrap_or_default();
        Ok(Composed { message, to: mail.address.clone(), subject, text, html, link })
    }
}

/// A mail that says nothing but that mails arrive.
pub fn test_mail(to: &str, brand: &str, from: &Mailbox, public_url: &PublicUrl) -> Result<Composed, ComposeError> {
    let subject = format!("A test mail from {brand}");
    let text = format!("Mails from {public_url} arrive. Nobody needs to do anything.\n");
    let message = Message::builder().from(from.clone()).to(Mailbox::new(None, to.parse()?)).subject(&subject);
    let message = message.body(text.clone())?;
    Ok(Composed { message, to: to.to_owned(), subject, text, html: String::new(), link: String::new() })
}

/// What templates may say. The names are reserved: a caller's variables are under `variables`.
#[allow(clippy::too_many_arguments)] // the words of a mail, each by its name
fn words(
    brand: &str,
    link: Option<&str>,
    code: Option<&str>,
    lifetime: u64,
    host: &str,
    origin: &str,
    template: &str,
    variables: &BTreeMap<String, String>,
) -> Value {
    let code_spaced = code.map(|code| {
        let (first, last) = code.split_at(code.len() / 2);
        format!("{first} {last}")
    });
    let variables = Value::from_object(Variables(variables.clone()));
    context! { brand, link, code, code_spaced, lifetime => duration(lifetime), host, origin, template, variables }
}

/// What a caller gave for the mail. One it left out is empty: a mail without a first name is better than none.
#[derive(Debug)]
struct Variables(BTreeMap<String, String>);

impl Object for Variables {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        Some(self.0.get(name.as_str()?).map_or_else(|| Value::from(""), Value::from))
    }
}
