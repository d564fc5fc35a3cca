//! The three calls of the vendor's service, whatever they came over: they check what the vendor's
//! descriptor limits, and call the rules.

use std::collections::BTreeMap;

use super::messages::{PasswordlessType, TemplateType};
use crate::server::{
    auth::{
        Proved, Requester,
        code::{self, Code},
        link::{self, LinkToken},
        request::{self, Started},
        terms::{Ask, cut},
    },
    ground::{error::Error, mode::Mode},
    http::{caller::Caller, state::AppState},
    mail::letter::Template,
};

/// Names of variables that the vendor's own templates fill in.
const RESERVED: [&str; 5] = ["otp", "link", "expiry_time", "expire_time", "expiry_time_relative"];

/// Returns the requester of a call: an app, by one of the tokens that it presents. It shows no
/// cookies: the person whom it speaks for is its own user, at a browser of its own.
pub async fn requester(state: &AppState, caller: &Caller) -> Result<Requester, Error> {
    let client = caller.client_of_app(state).await?.ok_or(Error::AppNeeded)?;
    Ok(Requester { client, ..Requester::default() })
}

/// Sends a mail.
pub async fn send(state: &AppState, by: &Requester, ask: &Ask) -> Result<Started, Error> {
    is_text("email", &ask.email, 320)?;
    is_text("magiclink_auth_uri", ask.magiclink_auth_uri.as_deref().unwrap_or_default(), 1_000)?;
    is_text("state", ask.state.as_deref().unwrap_or_default(), 2_048)?;
    are_variables(&ask.template_variables)?;
    request::start(&state.auth, ask, by).await
}

/// Sends a fresh mail for the same auth request.
pub async fn resend(state: &AppState, by: &Requester, id: &str) -> Result<Started, Error> {
    if id.is_empty() {
        return Err(Error::missing("auth_request_id"));
    }
    is_text("auth_request_id", id, 200)?;
    request::resend(&state.auth, id, by).await
}

/// Proof that a person has read a mail.
pub enum Credential {
    Code(String),
    LinkToken(String),
}

/// Says whose mailbox a code or a link token was read in. The app makes of it the session that it
/// wants: none begins here.
pub async fn verify(
    state: &AppState,
    by: &Requester,
    credential: Credential,
    id: Option<String>,
) -> Result<Proved, Error> {
    let id = id.filter(|id| !id.is_empty());
    is_text("auth_request_id", id.as_deref().unwrap_or_default(), 200)?;
    match credential {
        Credential::Code(text) => {
            is_text("code", &text, 20)?;
            let code = Code::parse(&text)?;
            let id = id.ok_or_else(|| Error::missing("auth_request_id"))?;
            code::prove(&state.auth, &id, &code, by).await
        }
        Credential::LinkToken(text) => {
            if text.is_empty() {
                return Err(Error::missing("link_token"));
            }
            let token = LinkToken::parse(&text)?;
            let by = Requester { held: id.into_iter().collect(), ..by.clone() };
            link::prove(&state.auth, &token, &by).await
        }
    }
}

/// Returns the wording of a mail that a call asks for; the default if it leaves that open.
pub fn template(number: Option<i32>) -> Result<Option<Template>, Error> {
    let template = number.map(TemplateType::try_from).transpose();
    let template = template.map_err(|_| Error::invalid("template may be SIGNIN or SIGNUP."))?;
    Ok(template.and_then(TemplateType::template))
}

/// Returns the number of what a mail carries.
pub fn passwordless_type(mode: &str) -> PasswordlessType {
    match mode.parse() {
        Ok(Mode::Otp) => PasswordlessType::Otp,
        Ok(Mode::Link) => PasswordlessType::Link,
        Ok(Mode::LinkOtp) => PasswordlessType::LinkOtp,
        Err(_) => PasswordlessType::Unspecified,
    }
}

fn is_text(field: &str, text: &str, most: usize) -> Result<(), Error> {
    // PostgreSQL stores no U+0000 in a text.
    if text.chars().count() > most || text.contains('\0') {
        return Err(Error::invalid(format!("{field} may have {most} characters, none U+0000.")));
    }
    Ok(())
}

fn are_variables(variables: &BTreeMap<String, String>) -> Result<(), Error> {
    for (name, value) in variables {
        let is_name = (2..=25).contains(&name.chars().count()) && !name.contains('\0');
        if !is_name || RESERVED.contains(&name.as_str()) {
            return Err(Error::invalid(format!(
                "template_variables may have names of 2 to 25 characters, and none of {}: {:?} is \
                 no such name.",
                RESERVED.join(", "),
                cut(name)
            )));
        }
        is_text("a value of template_variables", value, 256)?;
    }
    Ok(())
}
