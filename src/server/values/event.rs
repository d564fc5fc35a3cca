//! Events of the flow and their reasons: the names shared by audit rows, log lines and counters.

use std::fmt;

use crate::server::ground::error::Kind;

/// Something that happened, in most cases to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    AuthRequested,
    AuthVerified,
    AuthFailed,
    AuthCancelled,
    /// The number that the waiting window shows was typed where the link was opened.
    AuthApproved,
    SessionIssued,
    SessionRevoked,
    /// The owner of the address said that they did not begin the session or set the password.
    SessionDisputed,
    PasswordSet,
    PasswordRemoved,
    UserAdded,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    UserInvited,
    /// An invitation was mailed again.
    InvitationResent,
    InvitationWithdrawn,
    InvitationAccepted,
    /// Somebody who asked was put on the waitlist.
    WaitlistJoined,
    /// An operator took somebody off the waitlist, without letting them in.
    WaitlistRemoved,
    MailSent,
    MailDelayed,
    MailFailed,
    /// An operator had all mails that wait tried again.
    MailsRetried,
    /// A mail came back after it had been accepted.
    MailReturned,
    /// The owner of the address called a mail spam.
    MailComplaint,
    /// The link of a mail was opened for the first time, by something that it did not sign in: a
    /// scanner, a preview, another browser.
    LinkOpened,
    /// Mails to an address are no longer held back.
    SuppressionLifted,
    OperatorAdded,
    OperatorRemoved,
    /// The desk refused somebody who was signed in.
    OperatorRefused,
    /// An operator overrode keys of the policy, or took that back.
    PolicySteered,
    /// An operator paused codes and passwords for an address.
    CodesPaused,
    /// An operator looked at a person.
    DeskOpened,
    /// An operator had a sign-in mail sent.
    DeskMail,
    /// An operator exported events of the audit table.
    AuditExported,
}

impl Event {
    pub const ALL: [Event; 36] = [
        Event::AuthRequested,
        Event::AuthVerified,
        Event::AuthFailed,
        Event::AuthCancelled,
        Event::AuthApproved,
        Event::SessionIssued,
        Event::SessionRevoked,
        Event::SessionDisputed,
        Event::PasswordSet,
        Event::PasswordRemoved,
        Event::UserAdded,
        Event::UserDeleted,
        Event::UserDisabled,
        Event::UserEnabled,
        Event::UserInvited,
        Event::InvitationResent,
        Event::InvitationWithdrawn,
        Event::InvitationAccepted,
        Event::WaitlistJoined,
        Event::WaitlistRemoved,
        Event::MailSent,
        Event::MailDelayed,
        Event::MailFailed,
        Event::MailsRetried,
        Event::MailReturned,
        Event::MailComplaint,
        Event::LinkOpened,
        Event::SuppressionLifted,
        Event::OperatorAdded,
        Event::OperatorRemoved,
        Event::OperatorRefused,
        Event::PolicySteered,
        Event::CodesPaused,
        Event::DeskOpened,
        Event::DeskMail,
        Event::AuditExported,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Event::AuthRequested => "auth.requested",
            Event::AuthVerified => "auth.verified",
            Event::AuthFailed => "auth.failed",
            Event::AuthCancelled => "auth.cancelled",
            Event::AuthApproved => "auth.approved",
            Event::SessionIssued => "session.issued",
            Event::SessionRevoked => "session.revoked",
            Event::SessionDisputed => "session.disputed",
            Event::PasswordSet => "password.set",
            Event::PasswordRemoved => "password.removed",
            Event::UserAdded => "user.added",
            Event::UserDeleted => "user.deleted",
            Event::UserDisabled => "user.disabled",
            Event::UserEnabled => "user.enabled",
            Event::UserInvited => "user.invited",
            Event::InvitationResent => "invitation.resent",
            Event::InvitationWithdrawn => "invitation.withdrawn",
            Event::InvitationAccepted => "invitation.accepted",
            Event::WaitlistJoined => "waitlist.joined",
            Event::WaitlistRemoved => "waitlist.removed",
            Event::MailSent => "mail.sent",
            Event::MailDelayed => "mail.delayed",
            Event::MailFailed => "mail.failed",
            Event::MailsRetried => "mails.retried",
            Event::MailReturned => "mail.returned",
            Event::MailComplaint => "mail.complaint",
            Event::LinkOpened => "link.opened",
            Event::SuppressionLifted => "suppression.lifted",
            Event::OperatorAdded => "operator.added",
            Event::OperatorRemoved => "operator.removed",
            Event::OperatorRefused => "operator.refused",
            Event::PolicySteered => "policy.steered",
            Event::CodesPaused => "codes.paused",
            Event::DeskOpened => "desk.opened",
            Event::DeskMail => "desk.mail",
            Event::AuditExported => "audit.exported",
        }
    }

    /// Returns the event of this name; `None` for one that only a newer version knows.
    pub fn named(name: &str) -> Option<Self> {
        Event::ALL.into_iter().find(|event| event.name() == name)
    }

    /// True if the event is part of every sign-in, so that there are as many of it as of sign-ins.
    pub fn is_frequent(self) -> bool {
        matches!(
            self,
            Event::AuthRequested | Event::AuthVerified | Event::MailSent | Event::SessionIssued
        )
    }

    /// Returns the list on the user's page that shows the event; empty if none does. Events that
    /// strangers can cause have a list of their own, so a flood of them displaces nothing else.
    pub fn list(self) -> &'static str {
        match self {
            Event::AuthApproved
            | Event::SessionIssued
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
            | Event::UserInvited
            | Event::InvitationResent
            | Event::InvitationWithdrawn
            | Event::InvitationAccepted
            | Event::WaitlistJoined
            | Event::WaitlistRemoved
            | Event::MailSent
            | Event::MailDelayed
            | Event::MailFailed
            | Event::MailsRetried
            | Event::MailReturned
            | Event::MailComplaint
            | Event::LinkOpened
            | Event::SuppressionLifted
            | Event::OperatorAdded
            | Event::OperatorRemoved
            | Event::OperatorRefused
            | Event::PolicySteered
            | Event::CodesPaused
            | Event::DeskOpened
            | Event::DeskMail
            | Event::AuditExported => "",
        }
    }
}

/// Sign-in method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Link,
    Code,
    /// The code of a test person, which the policy has and no mail.
    FixedCode,
    Password,
    /// A link opened in another browser, and the number that the waiting window shows.
    Match,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Link => "link",
            Method::Code => "code",
            Method::FixedCode => "test_person",
            Method::Password => "password",
            Method::Match => "match",
        }
    }

    /// Returns the method of this name; `None` for one that only a newer version knows.
    pub fn named(name: &str) -> Option<Self> {
        [Method::Link, Method::Code, Method::FixedCode, Method::Password, Method::Match]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// Reason for an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    #[default]
    None,
    /// A sign-in succeeded by this method.
    By(Method),
    /// A sign-in or a request for a mail was refused.
    Refused(Kind),
    /// The address may not sign in or receive the mail.
    NotAUser,
    /// The address is a test person's, who gets no mail.
    TestPerson,
    /// A session ended because its browser began another.
    Replaced,
    /// A session ended because the password was set or removed elsewhere.
    PasswordChanged,
    /// The owner of the address said that it was not them.
    NotYou,
    /// An operator did it.
    Operator,
    /// An operator ended the sessions of all users.
    Everybody,
    /// Free text: a mail server's reply, or our own about a mail.
    Said(String),
}

impl Reason {
    /// Returns the reason as audit rows have it.
    pub fn text(&self) -> &str {
        match self {
            Reason::None => "",
            Reason::By(method) => method.name(),
            Reason::Refused(kind) => kind.code(),
            Reason::NotAUser => "not_a_user",
            Reason::TestPerson => Method::FixedCode.name(),
            Reason::Replaced => "replaced",
            Reason::PasswordChanged => "password",
            Reason::NotYou => "not_you",
            Reason::Operator => "operator",
            Reason::Everybody => "everybody",
            Reason::Said(words) => words,
        }
    }

    /// Reports whether a reason, by its text, is that a mail was not to be sent.
    pub fn withholds(text: &str) -> bool {
        [Reason::NotAUser, Reason::TestPerson].iter().any(|why| why.text() == text)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
