//! What happens in the flow, and why: the names that audit rows, log lines and counters share.

use std::fmt;

use crate::server::ground::error::Kind;

/// Something that happened to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    AuthRequested,
    AuthVerified,
    AuthFailed,
    AuthCancelled,
    SessionIssued,
    SessionRevoked,
    /// Its owner said that it was not them who began it.
    SessionDisputed,
    PasswordSet,
    PasswordRemoved,
    UserAdded,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    MailSent,
    MailDelayed,
    MailFailed,
}

impl Event {
    const ALL: [Event; 16] = [
        Event::AuthRequested,
        Event::AuthVerified,
        Event::AuthFailed,
        Event::AuthCancelled,
        Event::SessionIssued,
        Event::SessionRevoked,
        Event::SessionDisputed,
        Event::PasswordSet,
        Event::PasswordRemoved,
        Event::UserAdded,
        Event::UserDeleted,
        Event::UserDisabled,
        Event::UserEnabled,
        Event::MailSent,
        Event::MailDelayed,
        Event::MailFailed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Event::AuthRequested => "auth.requested",
            Event::AuthVerified => "auth.verified",
            Event::AuthFailed => "auth.failed",
            Event::AuthCancelled => "auth.cancelled",
            Event::SessionIssued => "session.issued",
            Event::SessionRevoked => "session.revoked",
            Event::SessionDisputed => "session.disputed",
            Event::PasswordSet => "password.set",
            Event::PasswordRemoved => "password.removed",
            Event::UserAdded => "user.added",
            Event::UserDeleted => "user.deleted",
            Event::UserDisabled => "user.disabled",
            Event::UserEnabled => "user.enabled",
            Event::MailSent => "mail.sent",
            Event::MailDelayed => "mail.delayed",
            Event::MailFailed => "mail.failed",
        }
    }

    /// The event of this name; nothing of one that a newer version has written.
    pub fn named(name: &str) -> Option<Self> {
        Event::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The list of its owner's page that it stands in, if any. Events that strangers can cause have
    /// a list of their own: however many there are, they wash nothing else away.
    pub fn list(self) -> &'static str {
        match self {
            Event::SessionIssued
            | Event::SessionRevoked
            | Event::SessionDisputed
            | Event::PasswordSet
            | Event::PasswordRemoved => "account",
            Event::AuthRequested | Event::AuthFailed | Event::AuthCancelled => "attempts",
            Event::AuthVerified
            | Event::UserAdded
            | Event::UserDeleted
            | Event::UserDisabled
            | Event::UserEnabled
            | Event::MailSent
            | Event::MailDelayed
            | Event::MailFailed => "",
        }
    }
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Link,
    Code,
    Password,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Link => "link",
            Method::Code => "code",
            Method::Password => "password",
        }
    }

    /// The method of this name; nothing of one that a newer version has written.
    pub fn named(name: &str) -> Option<Self> {
        [Method::Link, Method::Code, Method::Password]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// Why something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    #[default]
    None,
    /// A sign-in, by this method.
    By(Method),
    /// A sign-in was refused.
    Refused(Kind),
    /// The address may not sign in, or may not have the mail.
    NotAUser,
    /// A session ended because its browser began another.
    Replaced,
    /// A session ended because the password was set or removed elsewhere.
    PasswordChanged,
    /// Its owner said that it was not them.
    NotYou,
    /// An operator did it.
    Operator,
    /// An operator ended the sessions of everybody.
    Everybody,
    /// The words of a mail server, or ours about a mail.
    Said(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::None => "",
            Reason::By(method) => method.name(),
            Reason::Refused(kind) => kind.code(),
            Reason::NotAUser => "not_a_user",
            Reason::Replaced => "replaced",
            Reason::PasswordChanged => "password",
            Reason::NotYou => "not_you",
            Reason::Operator => "operator",
            Reason::Everybody => "everybody",
            Reason::Said(words) => words,
        })
    }
}
