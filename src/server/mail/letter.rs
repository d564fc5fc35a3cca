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

use crate::server::{
    brand::Colour,
    caller::describe,
    clock::{MINUTE, Millis, seconds_until},
    config::{Policy, PublicUrl},
    sign_in::request::{Letter, Template},
    store::QueuedMail,
    words::{Language, date, duration, language, say},
};

/// A mail ready for the transport, and what a developer wants to see of it.
#[derive(Clone, Debug)]
pub struct Composed {
    pub message: Message,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub link: Option<String>,
    pub code: Option<String>,
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
        let public_url = "https://example.com".parse();
        let sample = public_url.map(|public_url| context_of(&sample_letter(0), &Policy::default(), &public_url, 0));
        let sample = sample.unwrap_or_default();
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
            environment.get_template(name).and_then(|template| template.render(&sample)).map_err(broken)?;
        }
        Ok(Templates(environment))
    }

    /// The sign-in mail, in the language of the task at hand. `mail.id` names it for ever, so that a duplicate after a crash is
    /// recognised as one.
    pub fn sign_in(
        &self,
        mail: &QueuedMail,
        letter: &Letter,
        policy: &Policy,
        from: &Mailbox,
        public_url: &PublicUrl,
        now: Millis,
    ) -> Result<Composed, ComposeError> {
        let words = context_of(letter, policy, public_url, now);
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
            // Mail programs that thread by subject show each by itself.
            .raw_header(raw("X-Entity-Ref-ID", &mail.id))
            .raw_header(raw("Content-Language", language().tag()))
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))?;
        let (link, code) = (letter.link.clone(), letter.code.clone());
        Ok(Composed { message, to: mail.address.clone(), subject, text, html, link, code })
    }

    /// The sign-in mail as it would look now, in the language of the task at hand.
    pub fn sample(&self, policy: &Policy, from: &Mailbox, public_url: &PublicUrl, now: Millis) -> Result<Composed, ComposeError> {
        let mail = QueuedMail {
            id: "sample".to_owned(),
            address: "you@example.com".to_owned(),
            payload: Vec::new(),
            attempts: 1,
            expires_at: now,
            created_at: now,
            request_id: String::new(),
        };
        self.sign_in(&mail, &sample_letter(now), policy, from, public_url, now)
    }
}

/// A mail that says nothing but that mails arrive.
pub fn test_mail(to: &str, brand: &str, from: &Mailbox, public_url: &PublicUrl) -> Result<Composed, ComposeError> {
    let subject = format!("A test mail from {brand}");
    let text = format!("Mails from {public_url} arrive. Nobody needs to do anything.\n");
    let message = Message::builder().from(from.clone()).to(Mailbox::new(None, to.parse()?)).subject(&subject);
    let message = message.body(text.clone())?;
    Ok(Composed { message, to: to.to_owned(), subject, text, html: String::new(), link: None, code: None })
}

/// What templates may say. The names are reserved: a caller's variables are under `variables`.
fn context_of(letter: &Letter, policy: &Policy, public_url: &PublicUrl, now: Millis) -> Value {
    let brand = policy.brand.name.as_str();
    let Letter { link, code, not_you, template, .. } = letter;
    let code_spaced = code.as_ref().map(|code| {
        let (first, last) = code.split_at(code.len() / 2);
        format!("{first} {last}")
    });
    let lifetime = duration(seconds_until(now, letter.expires_at));
    let is_sign_up = template == Template::Signup.name();
    let title = if is_sign_up { say!("mail-sign-up-title", brand = brand) } else { say!("sign-in-to", brand = brand) };
    let subject = match &code_spaced {
        Some(code) => say!("mail-subject-code", code = code.as_str(), brand = brand),
        None if is_sign_up => say!("mail-subject-sign-up", brand = brand),
        None => say!("mail-subject-link", brand = brand),
    };
    let browser = describe(&letter.user_agent);
    let asked = say!("mail-asked", browser = browser, network = letter.network.as_str(), date = date(letter.requested_at));
    let support = policy.brand.support.as_ref().zip(policy.brand.support_link());
    let words = context! {
        subject, title,
        open_link => say!("mail-open-link"),
        sign_in => say!("sign-in"),
        type_code => if link.is_some() { say!("mail-or-type") } else { say!("mail-type") },
        once => say!("mail-once", lifetime = lifetime.as_str()),
        preview => say!("mail-preview", lifetime = lifetime.as_str()),
        not_you => say!("mail-not-you"),
        not_you_press => say!("mail-not-you-press"),
        copy_link => say!("mail-copy-link"),
        help => support.as_ref().map(|(support, _)| say!("mail-help", support = support.as_str())),
    };
    let accent = &policy.look.accent;
    context! {
        brand, link, code, code_spaced, lifetime, template, not_you, asked, words,
        support => support.map(|(_, link)| link),
        accent => accent.fill.map(Colour::hex).to_vec(),
        on_accent => accent.on_fill.hex(),
        language => language().tag(),
        host => public_url.host(),
        origin => public_url.origin(),
        variables => Value::from_object(Variables(letter.variables.clone())),
    }
}

/// Nobody's, to try templates on.
fn sample_letter(now: Millis) -> Letter {
    Letter {
        link: Some("https://example.com/link".to_owned()),
        code: Some("123456".to_owned()),
        expires_at: now + 10 * MINUTE,
        requested_at: now,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(),
        network: "203.0.113.*".to_owned(),
        not_you: "https://example.com/not-you".to_owned(),
        language: Language::default(),
        template: Template::default().name().to_owned(),
        variables: BTreeMap::new(),
    }
}

/// What a caller gave for the mail. One it left out is empty: a mail without a first name is better than none.
#[derive(Debug)]
struct Variables(BTreeMap<String, String>);

impl Object for Variables {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        Some(self.0.get(name.as_str()?).map_or_else(|| Value::from(""), Value::from))
    }
}
