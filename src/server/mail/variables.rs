//! Variables of the templates: what mails say.

use minijinja::{Value, context, value::Object};
use std::{collections::BTreeMap, sync::Arc};

use super::letter::{NewDeviceLetter, PasswordLetter, SignInLetter, Template};
use crate::server::{
    config::{Policy, brand::Colour},
    ground::{
        clock::{Millis, seconds_until},
        user_agent::describe,
        words::{date, duration, language, say},
    },
    values::{
        network::{DESK, app_in},
        public_url::PublicUrl,
    },
};

/// Returns the variables for the templates of the sign-in mail. The names are reserved: a caller's
/// variables are under `variables`.
pub fn sign_in(
    letter: &SignInLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
    now: Millis,
) -> Value {
    let brand = policy.brand.name.as_str();
    let SignInLetter { link, code, not_you, template, .. } = letter;
    let code_spaced = code.as_deref().map(spaced);
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
    let (network, date) = (letter.network.as_str(), date(letter.requested_at));
    let browser = describe(&letter.user_agent);
    let is_of_desk = network == DESK;
    let asked = match app_in(network) {
        Some(id) => {
            say!("mail-asked-by-app", address = address, app = policy.app_name(id), date = date)
        }
        None if is_of_desk => {
            say!("mail-asked-by-operator", address = address, brand = brand, date = date)
        }
        None => {
            say!("mail-asked", address = address, browser = browser, network = network, date = date)
        }
    };
    let spaced = code_spaced.as_deref().unwrap_or_default();
    let own = |name: &str, built_in: String| {
        let values = [("brand", brand), ("code", spaced), ("lifetime", lifetime.as_str())];
        policy.mail.words.text(language(), name, &values).unwrap_or(built_in)
    };
    let type_code = if link.is_some() { say!("mail-or-type") } else { say!("mail-type") };
    let (open_link, press_button) = match is_of_desk {
        true => {
            let press = say!("mail-press-anywhere", button = say!("sign-in"));
            (say!("mail-open-link-anywhere"), press)
        }
        false => (say!("mail-open-link"), say!("mail-press", button = say!("sign-in"))),
    };
    let words = context! {
        subject => own(if code.is_some() { "subject_code" } else { "subject" }, subject),
        title => own("title", title),
        preview => own("preview", preview),
        open_link => own("open_link", open_link),
        press_button => own("press_button", press_button),
        sign_in => say!("sign-in"),
        type_code => own("type_code", type_code),
        once => own("once", say!("mail-once", lifetime = lifetime.as_str())),
        not_you => own("not_you", say!("mail-not-you")),
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

/// Returns a code in two halves, as people read it.
pub(super) fn spaced(code: &str) -> String {
    let (first, last) = code.split_at(code.len() / 2);
    format!("{first} {last}")
}

/// Returns the variables for the templates of the notice of a new device.
pub fn new_device(
    notice: &NewDeviceLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
) -> Value {
    let browser = describe(&notice.user_agent);
    let (network, date) = (notice.network.as_str(), date(notice.signed_in_at));
    let preview = say!("mail-new-device-preview", browser = browser.as_str(), date = date.as_str());
    let explained = match app_in(network) {
        Some(id) => {
            let app = policy.app_name(id);
            say!("mail-new-device-by-app", address = address, app = app, date = date)
        }
        None => say!(
            "mail-new-device-explained",
            address = address,
            browser = browser,
            network = network,
            date = date
        ),
    };
    let words = context! {
        title => say!("mail-new-device-title", brand = policy.brand.name.as_str()),
        preview, explained,
        fine => say!("mail-new-device-fine"),
        press => say!("mail-new-device-press"),
        help => help(policy),
    };
    context! { address, words, not_you => notice.end_session, ..of_every_mail(policy, public_url) }
}

/// Returns the variables for the templates of the notice of a password.
pub fn password_change(
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
pub(super) fn help(policy: &Policy) -> Option<String> {
    let support = policy.brand.support.as_ref()?;
    Some(say!("mail-help", support = support.as_str()).replace(['\u{2068}', '\u{2069}'], ""))
}

pub(super) fn of_every_mail(policy: &Policy, public_url: &PublicUrl) -> Value {
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

/// A caller's variables for the mail. One that is missing is empty: a mail without a first name is
/// better than none.
#[derive(Debug)]
struct Variables(BTreeMap<String, String>);

impl Object for Variables {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        Some(self.0.get(name.as_str()?).map_or_else(|| Value::from(""), Value::from))
    }
}
