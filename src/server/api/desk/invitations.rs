//! Endpoints that list invitations, make them, open one, and act on one.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{super::body::parse, Answer, Caller, Failure, unreadable};
use crate::server::{
    auth::invitations::Invite,
    config::desk::Role,
    desk::{
        invitations::{self, Act, State as OfInvitation},
        operator::ActReason,
    },
    ground::{
        clock::{Millis, rfc_3339},
        error::Error,
        words::Language,
    },
    http::{respond::ErrorAnswer, state::AppState},
    store::{Invitation, MailState},
    values::address::masked,
};

/// Place in the list of invitations.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// `older` of the answer before, for the next page.
    before: Option<String>,
}

/// Invitations, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Invitations {
    invitations: Vec<InvitationLine>,
    /// To be sent as `before` for the next page. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct InvitationLine {
    /// Name by which the invitation is opened.
    key: String,
    /// Address, masked until the invitation is opened.
    #[schema(example = "e***@example.com")]
    address: String,
    /// `open`, `accepted`, `withdrawn` or `expired`.
    #[schema(example = "open")]
    state: String,
    /// Address of an operator, `app:` and the id of an app, or `command`.
    #[schema(example = "app:reports")]
    invited_by: String,
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    invited_at: String,
    open_until: String,
    /// Mails that were sent.
    mails: i64,
}

impl InvitationLine {
    fn of(invitation: &Invitation, now: Millis) -> Self {
        InvitationLine {
            key: invitation.id.clone(),
            address: masked(invitation.address.as_str()),
            state: OfInvitation::of(invitation, now).name().to_owned(),
            invited_by: invitation.invited_by.clone(),
            invited_at: rfc_3339(invitation.created_at),
            open_until: rfc_3339(invitation.expires_at),
            mails: invitation.mails,
        }
    }
}

/// Lists invitations, a hundred at a time. Addresses stay masked.
#[utoipa::path(
    get, path = "/api/desk/invitations", operation_id = "desk_invitations",
    params(Wanted), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Invitations, description = "the latest first"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn list(
    State(state): State<AppState>,
    Extension(operator): Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(Wanted { before }) = wanted.map_err(unreadable)?;
    let page = invitations::list(&state.auth, &operator, before.as_deref()).await?;
    let now = state.auth.clock.now();
    let lines = page.entries.iter().map(|invitation| InvitationLine::of(invitation, now));
    Ok(Json(Invitations { invitations: lines.collect(), older: page.next }).into_response())
}

/// Invitation to be made.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvitationOrder {
    #[schema(example = "eva@example.com")]
    email: Option<String>,
    /// Words of at most 500 characters for the mail.
    note: Option<String>,
    /// Language of the mail: `en` (the default), `de` or `ar`.
    #[schema(example = "en")]
    language: Option<String>,
    /// Seconds that the invitation is open, from 3600 to `sign_up.invitation_expires_in`, which is
    /// the default.
    #[serde(alias = "expiresIn")]
    expires_in: Option<u32>,
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

/// Invitation of an address.
#[derive(Serialize, ToSchema)]
pub struct InvitationMade {
    #[serde(flatten)]
    invitation: InvitationLine,
    /// False if the address had an open invitation: that is the one here, and nothing was sent.
    is_new: bool,
}

/// Invites an address: it may sign in whatever the rules for new people say.
#[utoipa::path(
    post, path = "/api/desk/invitations", operation_id = "desk_invite",
    request_body = InvitationOrder,
    security(("desk" = ["desk:help"])),
    responses(
        (status = 200, body = InvitationMade, description = "its mail is on its way, if it is new"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, fresh_sign_in_needed, not_found, missing_field, invalid_email, \
            invalid_request, rate_limited, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn invite(
    State(state): State<AppState>,
    Extension(operator): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    operator.may_change(&state.auth, Role::Help).await?;
    let InvitationOrder { email, note, language, expires_in, reason } = parse(&headers, &body)?;
    let reason = ActReason::parse(reason.as_deref().unwrap_or_default())?;
    let email = email.ok_or_else(|| Error::missing("email"))?;
    let invite = Invite {
        email: &email,
        note: note.as_deref().unwrap_or_default(),
        language: language.as_deref().map(parse_language).transpose()?.unwrap_or_default(),
        expires_in,
    };
    let (invitation, is_new) =
        invitations::invite(&state.auth, &operator, &reason, &invite).await?;
    let invitation = InvitationLine::of(&invitation, state.auth.clock.now());
    Ok(Json(InvitationMade { invitation, is_new }).into_response())
}

fn parse_language(tag: &str) -> Result<Language, Error> {
    let tags = || Language::ALL.map(Language::tag).join(", ");
    Language::of_tag(tag)
        .ok_or_else(|| Error::invalid(format!("language may be one of {}.", tags())))
}

/// Invitation to open.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    /// `key` of an invitation of the list.
    key: String,
}

/// An invitation, with the whole address.
#[derive(Serialize, ToSchema)]
pub struct InvitationAnswer {
    #[serde(flatten)]
    line: InvitationLine,
    /// Words of whoever invited. Left out if there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// Language of its mails.
    #[schema(example = "en")]
    language: String,
    /// Left out if the newest mail is known no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_mail: Option<InvitationMail>,
}

#[derive(Serialize, ToSchema)]
struct InvitationMail {
    /// `queued`, `sent`, `returned`, `suppressed` (held back, because earlier ones came back),
    /// `failed` or `unsent`.
    #[schema(example = "sent")]
    state: String,
    /// Words of the mail server, if it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
}

impl From<MailState> for InvitationMail {
    fn from(mail: MailState) -> Self {
        let said = mail.last_error.filter(|said| !said.is_empty());
        InvitationMail { state: mail.state, said }
    }
}

/// Opens an invitation: shows the whole address, and what became of its newest mail.
///
/// That an address was opened is an event, once in fifteen minutes.
#[utoipa::path(
    get, path = "/api/desk/invitation", operation_id = "desk_open_invitation",
    params(Which), security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = InvitationAnswer, description = "the invitation"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, missing_field, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn open(
    State(state): State<AppState>,
    Extension(operator): Caller,
    which: Result<Query<Which>, QueryRejection>,
) -> Answer {
    let Query(Which { key }) = which.map_err(unreadable)?;
    if key.is_empty() {
        return Err(Error::missing("key").into());
    }
    let (invitation, mail) = invitations::open(&state.auth, &operator, &key).await?;
    let line = InvitationLine {
        address: invitation.address.as_str().to_owned(),
        ..InvitationLine::of(&invitation, state.auth.clock.now())
    };
    let Invitation { note, language, .. } = invitation;
    let newest_mail = mail.map(InvitationMail::from);
    Ok(Json(InvitationAnswer { line, note, language, newest_mail }).into_response())
}

/// Act on an invitation.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvitationAct {
    /// `key` of an invitation of the list.
    key: Option<String>,
    /// `resend`: another mail, whose link and code replace the earlier ones. `withdraw`: its mails
    /// let nobody in any more.
    #[schema(example = "resend")]
    act: Option<String>,
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

/// Mails an open invitation again, or withdraws it.
#[utoipa::path(
    post, path = "/api/desk/invitation", operation_id = "desk_act_on_invitation",
    request_body = InvitationAct,
    security(("desk" = ["desk:help"])),
    responses(
        (status = 204, description = "done"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, fresh_sign_in_needed, not_found, missing_field, invalid_request, \
            rate_limited, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn act(
    State(state): State<AppState>,
    Extension(operator): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    operator.may_change(&state.auth, Role::Help).await?;
    let InvitationAct { key, act, reason } = parse(&headers, &body)?;
    let act = Act::parse(&act.unwrap_or_default())?;
    let reason = ActReason::parse(reason.as_deref().unwrap_or_default())?;
    let key = key.ok_or_else(|| Error::missing("key"))?;
    invitations::act(&state.auth, &operator, &reason, &key, act).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
