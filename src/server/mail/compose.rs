//! Composes mails: text and HTML of the same words.

use lettre::{
    Message,
    address::Envelope,
    message::{
        Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use minijinja::{Value, context, value::Object};
use std::{collections::BTreeMap, sync::Arc};

use super::{
    letter::{Letter, NewDeviceLetter, PasswordLetter, SignInLetter, Template},
    templates::{SAMPLE_CODE, SAMPLE_LINK, Samples, TemplateError, Templates},
};
use crate::server::{
    config::{Policy, brand::Colour},
    ground::{
        clock::{Millis, SECOND, seconds_until},
        user_agent::describe,
        words::{date, duration, language, say, speaking},
    },
    values::{address::Address, public_url::PublicUrl, shown::shown},
};

/// A mail ready for the transport, and the parts of it that a developer wants to see.
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
        Templates::load(policy.mail.templates.as_deref(), &Samples::new(policy, public_url, 0))
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
        })
    }

    /// Composes a sample mail as it would look at `now`, in the language of the current task.
    /// `kind` is `sign_in`, `new_device` or `password`.
    pub fn sample(
        &self,
        kind: &str,
        policy: &Policy,
        from: &Mailbox,
        public_url: &PublicUrl,
        now: Millis,
    ) -> Result<Composed, ComposeError> {
        let words = Samples::new(policy, public_url, now).of(kind);
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
        let parts = MultiPart::alternative_plain_html(text.clone(), html.clone());
        let message = sender.message(id, to, &subject)?.multipart(parts)?;
        Ok(Composed {
            message,
            to: to.as_str().to_owned(),
            subject,
            text,
            html,
            link: None,
            code: None,
        })
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
    /// Starts a message with the headers that all our mails share. `id` names it permanently.
    fn message(
        &self,
        id: &str,
        to: &Address,
        subject: &str,
    ) -> Result<MessageBuilder, ComposeError> {
        let raw = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let to = recipient(to);
        // Set here: lettre would read it from the headers by its own, narrower rules.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])?;
        Ok(Message::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(format!("<{id}@{}>", self.public_url.host())))
            // RFC 3834: asks for no vacation replies.
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            // Mail programs that thread by subject show each mail by itself.
            .raw_header(raw("X-Entity-Ref-ID", id))
            .raw_header(raw("Content-Language", language().tag())))
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
    let message = Sender { from, public_url }.message(id, to, &subject)?;
    let message = message.singlepart(SinglePart::plain(text.clone()))?;
    Ok(Composed {
        message,
        to: to.as_str().to_owned(),
        subject,
        text,
        html: String::new(),
        link: None,
        code: None,
    })
}

/// Returns the variables for the templates of the sign-in mail. The names are reserved: a caller's
/// variables are under `variables`.
fn sign_in(
    letter: &SignInLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
    now: Millis,
) -> Value {
    let brand = policy.brand.name.as_str();
    let SignInLetter { link, code, not_you, template, .. } = letter;
    let code_spaced = code.as_ref().map(|code| {
        let (first, last) = code.split_at(code.len() / 2);
        format!("{first} {last}")
    });
    let lifetime = duration(seconds_until(now, letter.expires_at));
    let is_sign_up = template == Template::Signup.name();
    let title = if is_sign_up {
        say!("mail-sign-up-title", brand = brand)
    } else {
        say!("sign-in-to", brand = brand)
    };
    let subject = match &code_spaced {
        Some(code) => say!("mail-subject-code", code = code.as_str(), brand = brand),
        None if is_sign_up => say!("mail-subject-sign-up", brand = brand),
        None => say!("mail-subject-link", brand = brand),
    };
    let preview = match (&code_spaced, link) {
        (Some(code), Some(_)) => {
            say!("mail-preview-both", code = code.as_str(), lifetime = lifetime.as_str())
        }
        (None, _) => say!("mail-preview-link", lifetime = lifetime.as_str()),
        // The code itself is in the subject.
        (Some(_), None) => say!("mail-preview-code", lifetime = lifetime.as_str()),
    };
    let browser = describe(&letter.user_agent);
    let asked = say!(
        "mail-asked",
        address = address,
        browser = browser,
        network = letter.network.as_str(),
        date = date(letter.requested_at)
    );
    let words = context! {
        subject, title, preview,
        open_link => say!("mail-open-link"),
        press_button => say!("mail-press", button = say!("sign-in")),
        sign_in => say!("sign-in"),
        type_code => if link.is_some() { say!("mail-or-type") } else { say!("mail-type") },
        once => say!("mail-once", lifetime = lifetime.as_str()),
        not_you => say!("mail-not-you"),
        not_you_press => say!("mail-not-you-press"),
        copy_link => say!("mail-copy-link"),
        help => help(policy),
    };
    let variables = Value::from_object(Variables(letter.variables.clone()));
    context! {
        link, code, code_spaced, lifetime, template, not_you, address, asked, words, variables,
        ..of_every_mail(policy, public_url)
    }
}

/// Returns the variables for the templates of the notice of a new device.
fn new_device(
    notice: &NewDeviceLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
) -> Value {
    let browser = describe(&notice.user_agent);
    let (network, date) = (notice.network.as_str(), date(notice.signed_in_at));
    let words = context! {
        title => say!("mail-new-device-title", brand = policy.brand.name.as_str()),
        preview => say!(
            "mail-new-device-preview", browser = browser.as_str(), date = date.as_str()
        ),
        explained => say!(
            "mail-new-device-explained",
            address = address, browser = browser, network = network, date = date
        ),
        fine => say!("mail-new-device-fine"),
        press => say!("mail-new-device-press"),
        help => help(policy),
    };
    context! { address, words, not_you => notice.end_session, ..of_every_mail(policy, public_url) }
}

/// Returns the variables for the templates of the notice of a password.
fn password_change(
    change: &PasswordLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
) -> Value {
    let (brand, browser) = (policy.brand.name.as_str(), describe(&change.user_agent));
    let (network, date) = (change.network.as_str(), date(change.changed_at));
    let preview = say!("mail-password-preview", browser = browser.as_str(), date = date.as_str());
    let (title, explained) = if change.was_set {
        (
            say!("mail-password-set-title", brand = brand),
            say!(
                "mail-password-set-explained",
                address = address,
                browser = browser,
                network = network,
                date = date
            ),
        )
    } else {
        (
            say!("mail-password-removed-title", brand = brand),
            say!(
                "mail-password-removed-explained",
                address = address,
                browser = browser,
                network = network,
                date = date
            ),
        )
    };
    let words = context! {
        title, preview, explained,
        fine => say!("mail-password-fine"),
        press => say!("mail-new-device-press"),
        help => help(policy),
    };
    context! {
        address, words, was_set => change.was_set, not_you => change.put_out,
        ..of_every_mail(policy, public_url)
    }
}

/// Returns where to get help. Without the marks around inserted values: mail programs would take
/// the one behind a URL into the link.
fn help(policy: &Policy) -> Option<String> {
    let support = policy.brand.support.as_ref()?;
    Some(say!("mail-help", support = support.as_str()).replace(['\u{2068}', '\u{2069}'], ""))
}

fn of_every_mail(policy: &Policy, public_url: &PublicUrl) -> Value {
    let accent = &policy.brand_files.accent;
    context! {
        brand => policy.brand.name,
        support => policy.brand.support_link(),
        accent => accent.fill.map(Colour::hex).to_vec(),
        on_accent => accent.on_fill.hex(),
        language => language().tag(),
        direction => language().direction(),
        host => public_url.host(),
        origin => public_url.origin(),
    }
}

const SAMPLE_ADDRESS: &str = "you@example.com";

impl Samples {
    fn new(policy: &Policy, public_url: &PublicUrl, now: Millis) -> Self {
        let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let network = "203.0.113.*";
        let letter = SignInLetter {
            link: Some(SAMPLE_LINK.to_owned()),
            code: Some(SAMPLE_CODE.to_owned()),
            expires_at: now + Millis::from(policy.auth.expires_in) * SECOND,
            requested_at: now,
            user_agent: user_agent.to_owned(),
            network: network.to_owned(),
            not_you: "https://example.com/not-you".to_owned(),
            language: language(),
            template: Template::default().name().to_owned(),
            variables: BTreeMap::new(),
        };
        let notice = NewDeviceLetter {
            end_session: "https://example.com/not-you".to_owned(),
            signed_in_at: now,
            user_agent: user_agent.to_owned(),
            network: network.to_owned(),
            language: language(),
        };
        let change = PasswordLetter {
            put_out: "https://example.com/not-you".to_owned(),
            changed_at: now,
            was_set: true,
            user_agent: user_agent.to_owned(),
            network: network.to_owned(),
            language: language(),
        };
        Samples {
            sign_in: sign_in(&letter, SAMPLE_ADDRESS, policy, public_url, now),
            new_device: new_device(&notice, SAMPLE_ADDRESS, policy, public_url),
            password: password_change(&change, SAMPLE_ADDRESS, policy, public_url),
        }
    }
}

/// A caller's variables for the mail. One that is missing is empty: a mail without a first name is
/// better than none.
#[derive(Debug)]
struct Variables(BTreeMap<String, String>);

impl Object for Variables {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        Some(self.0.get(name.as_str()?).map_or_else(|| Value::from(""), Value::from))
    }
}
