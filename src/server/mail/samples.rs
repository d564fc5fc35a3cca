//! Sample mails, to test and show templates.

use minijinja::Value;
use std::collections::BTreeMap;

use super::{
    invitation_variables::{invitation, waitlist},
    letter::{
        InvitationLetter, NewDeviceLetter, PasswordLetter, SignInLetter, Template, WaitlistLetter,
    },
    variables::{new_device, password_change, sign_in},
};
use crate::server::{
    config::Policy,
    ground::{
        clock::{Millis, SECOND},
        mode::Mode,
        words::language,
    },
    values::public_url::PublicUrl,
};

pub const SAMPLE_ADDRESS: &str = "you@example.com";
pub const SAMPLE_LINK: &str = "https://example.com/sample-link";
pub const SAMPLE_CODE: &str = "123456";

/// Made-up mails to test templates on.
pub struct Samples {
    /// Contains [`SAMPLE_LINK`], [`SAMPLE_CODE`], or both.
    sign_in: Value,
    new_device: Value,
    password: Value,
    /// Contains [`SAMPLE_LINK`] and [`SAMPLE_CODE`].
    invitation: Value,
    waitlist: Value,
}

impl Samples {
    /// Makes them as they would look at `now`, in the language of the current task. What a sign-in
    /// mail carries is that of `mode`.
    pub fn new(policy: &Policy, mode: Mode, public_url: &PublicUrl, now: Millis) -> Self {
        let user_agent =
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned();
        let network = "203.0.113.*".to_owned();
        let not_you = "https://example.com/not-you".to_owned();
        let letter = SignInLetter {
            link: mode.has_link().then(|| SAMPLE_LINK.to_owned()),
            code: mode.has_code().then(|| SAMPLE_CODE.to_owned()),
            expires_at: now + Millis::from(policy.auth.expires_in) * SECOND,
            requested_at: now,
            user_agent: user_agent.clone(),
            network: network.clone(),
            not_you: not_you.clone(),
            language: language(),
            template: Template::default().name().to_owned(),
            variables: BTreeMap::new(),
        };
        let notice = NewDeviceLetter {
            end_session: not_you.clone(),
            signed_in_at: now,
            user_agent: user_agent.clone(),
            network: network.clone(),
            language: language(),
        };
        let change = PasswordLetter {
            put_out: not_you,
            changed_at: now,
            was_set: true,
            user_agent,
            network,
            language: language(),
        };
        let invited = InvitationLetter {
            invitation: String::new(),
            accept_link: SAMPLE_LINK.to_owned(),
            accept_code: SAMPLE_CODE.to_owned(),
            invited_by: "ada@example.com".to_owned(),
            note: "The plans for the engine are here.\nSee you on Monday.".to_owned(),
            expires_at: now + Millis::from(policy.sign_up.invitation_expires_in) * SECOND,
            language: language(),
        };
        let waits = WaitlistLetter { waiting_since: now, language: language() };
        Samples {
            invitation: invitation(&invited, SAMPLE_ADDRESS, policy, public_url, now),
            waitlist: waitlist(&waits, SAMPLE_ADDRESS, policy, public_url),
            sign_in: sign_in(&letter, SAMPLE_ADDRESS, policy, public_url, now),
            new_device: new_device(&notice, SAMPLE_ADDRESS, policy, public_url),
            password: password_change(&change, SAMPLE_ADDRESS, policy, public_url),
        }
    }

    /// Returns the sample for a template, or kind of mail, of this name.
    pub fn of(&self, name: &str) -> Value {
        match name.split('.').next() {
            Some("new_device") => self.new_device.clone(),
            Some("password") => self.password.clone(),
            Some("invitation") => self.invitation.clone(),
            Some("waitlist") => self.waitlist.clone(),
            _ => self.sign_in.clone(),
        }
    }
}
