//! Events in the words of people.

use crate::server::{
    ground::{error::Kind, words::say},
    values::event::{Event, Method},
};

/// Describes an event and its reason, by their names, to the owner of the address. `None` for
/// events that are in neither list.
pub fn told(event: &str, reason: &str) -> Option<String> {
    Some(match Event::named(event)? {
        Event::AuthRequested => say!("activity-requested"),
        Event::AuthCancelled => say!("activity-cancelled"),
        Event::AuthApproved => say!("activity-approved"),
        Event::AuthFailed => refused(Kind::named(reason)),
        Event::SessionIssued => match Method::named(reason) {
            Some(Method::Link) => say!("activity-signed-in-link"),
            Some(Method::Code | Method::FixedCode) => say!("activity-signed-in-code"),
            Some(Method::Password) => say!("activity-signed-in-password"),
            Some(Method::Match) => say!("activity-signed-in-match"),
            None => say!("activity-signed-in"),
        },
        Event::SessionRevoked => say!("activity-signed-out"),
        Event::SessionDisputed => say!("activity-disputed"),
        Event::PasswordSet => say!("activity-password-set"),
        Event::PasswordRemoved => say!("activity-password-removed"),
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
        | Event::AuditExported
        | Event::CodesPaused
        | Event::DeskOpened
        | Event::DeskMail => return None,
    })
}

/// Describes a refused sign-in by the kind of its error.
pub fn refused(kind: Option<Kind>) -> String {
    match kind {
        Some(Kind::CodeWrong | Kind::InvitationWrong) => say!("activity-code-wrong"),
        Some(Kind::PasswordWrong) => say!("activity-password-wrong"),
        Some(Kind::NumberWrong) => say!("activity-number-wrong"),
        Some(Kind::TooManyAttempts | Kind::CodesPaused) => say!("activity-too-many"),
        Some(Kind::RateLimited) => say!("activity-rate-limited"),
        Some(Kind::WrongBrowser) => say!("activity-wrong-browser"),
        Some(
            Kind::LinkInvalid
            | Kind::LinkExpired
            | Kind::LinkUsed
            | Kind::LinkSuperseded
            | Kind::InvitationOver,
        ) => say!("activity-old-link"),
        Some(Kind::CodeExpired | Kind::CodeSuperseded) => say!("activity-old-code"),
        Some(
            Kind::InvalidEmail
            | Kind::MissingField
            | Kind::InvalidRequest
            | Kind::Unauthenticated
            | Kind::AppNeeded
            | Kind::RequestUnknown
            | Kind::ForbiddenOrigin
            | Kind::Forbidden
            | Kind::FreshSignInNeeded
            | Kind::NotFound
            | Kind::PayloadTooLarge
            | Kind::Unavailable
            | Kind::Internal,
        )
        | None => say!("activity-refused"),
    }
}
