//! GET `/desk/invitations`: who was invited by whom, the latest first. `?key=` opens one.

use leptos::prelude::*;

use super::{
    super::frame::{address, load},
    frame::{DeskFrame, may_act, reason_field, table},
};
use crate::server::{
    config::desk::Role,
    desk::{
        invitations::{self, Act, State},
        operator::Operator,
    },
    ground::{
        clock::Millis,
        error::Error,
        words::{Language, ago, date, language, say},
    },
    http::{desk_door::INVITATIONS, page_context::PageContext},
    mail::invitation_variables::inviter,
    store::{Invitation, MailState},
    values::{address::masked, destination::with_query},
};

/// Path that the forms of acts on an invitation are posted to.
const ACT: &str = "/actions/desk-invitation";

#[component]
pub fn InvitationsPage() -> impl IntoView {
    load(Box::pin(invitations_page()))
}

async fn invitations_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let operator = context.operator().await?;
    let auth = &context.state.auth;
    if let Some(key) = context.query("key") {
        let opened = invitations::open(auth, &operator, &key).await?;
        return Ok(one(&context, &operator, opened));
    }
    let page = invitations::list(auth, &operator, context.query("before").as_deref()).await?;
    let next = page.next.map(|place| {
        view! { <p><a href=with_query(INVITATIONS, "before", &place)>{say!("desk-older")}</a></p> }
    });
    let found = page.entries;
    let rows = found.iter().map(|invitation| row(&context, invitation)).collect_view();
    let listed = match found.is_empty() {
        true => view! { <p>{say!("desk-no-invitations")}</p> }.into_any(),
        false => table(
            [
                say!("desk-address"),
                say!("desk-state"),
                say!("fact-invited-by"),
                say!("desk-invited"),
                say!("desk-mails"),
            ],
            4,
            rows.into_any(),
        )
        .into_any(),
    };
    let form = may_act(&operator, Role::Help).then(|| invite_form(&context));
    Ok(view! {
        <DeskFrame title=say!("desk-invitations")>
            {form}
            {listed}
            {next}
        </DeskFrame>
    }
    .into_any())
}

fn row(context: &PageContext, invitation: &Invitation) -> impl IntoView + use<> {
    let now = context.state.auth.clock.now();
    let link = with_query(INVITATIONS, "key", &invitation.id);
    view! {
        <tr>
            <th scope="row">
                <a href=link>{masked(invitation.address.as_str())}</a>
            </th>
            <td>{state(invitation, now)}</td>
            <td>{invited_by(context, invitation)}</td>
            <td>{ago(invitation.created_at, now)}</td>
            <td class="number">{invitation.mails}</td>
        </tr>
    }
}

fn state(invitation: &Invitation, now: Millis) -> String {
    match State::of(invitation, now) {
        State::Open => say!("desk-invitation-open"),
        State::Accepted => say!("desk-invitation-accepted"),
        State::Withdrawn => say!("desk-invitation-withdrawn"),
        State::Expired => say!("desk-invitation-expired"),
    }
}

fn invited_by(context: &PageContext, invitation: &Invitation) -> String {
    let by = inviter(&invitation.invited_by, &context.policy());
    by.unwrap_or_else(|| "latchkey users invite".to_owned())
}

fn invite_form(context: &PageContext) -> impl IntoView + use<> {
    let typed = context.flash().typed;
    let languages = Language::ALL.into_iter().map(|one| {
        view! {
            <option value=one.tag() selected=one == language()>
                {one.name()}
            </option>
        }
    });
    view! {
        <section>
            <h2>{say!("desk-invite")}</h2>
            <form class="form" method="post" action="/actions/desk-invite">
                <label for="invite-email">{say!("desk-address")}</label>
                <input
                    id="invite-email"
                    name="email"
                    type="email"
                    autocomplete="off"
                    required
                    value=typed
                />
                {note_field("invite")}
                <label for="invite-language">{say!("desk-language")}</label>
                <select id="invite-language" name="language">
                    {languages.collect_view()}
                </select>
                {reason_field("invite")}
                <button class="primary" type="submit">
                    {say!("desk-invite-press")}
                </button>
            </form>
        </section>
    }
}

/// The field for the words that go with an invitation.
pub(super) fn note_field(form: &str) -> impl IntoView + use<> {
    let id = format!("{form}-note");
    view! {
        <label for=id.clone()>{say!("desk-note")}</label>
        <textarea id=id name="note" rows="3" maxlength="500"></textarea>
    }
}

/// The page of one invitation, with its whole address.
fn one(
    context: &PageContext,
    operator: &Operator,
    (invitation, mail): (Invitation, Option<MailState>),
) -> AnyView {
    let now = context.state.auth.clock.now();
    let was_before = context.query("before").is_some().then(|| {
        view! { <p class="notice">{say!("desk-invited-before")}</p> }
    });
    let acts = (may_act(operator, Role::Help) && invitation.is_open(now)).then(|| {
        let form = |named| act_form(ACT, &invitation.id, named, "secondary", ());
        view! {
            {form((Act::Resend.name(), say!("desk-resend")))}
            {form((Act::Withdraw.name(), say!("desk-withdraw")))}
        }
    });
    let note = Some(invitation.note.clone()).filter(|note| !note.is_empty());
    let note = note.map(|note| view! { <blockquote class="words">{note}</blockquote> });
    let facts = [
        (say!("desk-state"), state(&invitation, now)),
        (say!("fact-invited-by"), invited_by(context, &invitation)),
        (say!("desk-invited"), date(invitation.created_at)),
        (say!("desk-open-until"), date(invitation.expires_at)),
        (say!("desk-mails"), invitation.mails.to_string()),
        (say!("desk-newest-mail"), mail.map_or_else(|| say!("desk-mail-gone"), said_of)),
    ];
    let facts = facts.into_iter().map(|(name, value)| {
        view! {
            <dt>{name}</dt>
            <dd>{value}</dd>
        }
    });
    let address = address(&invitation.address);
    view! {
        <DeskFrame title=say!("desk-invitation")>
            <p>
                <a href=INVITATIONS>{say!("desk-all-invitations")}</a>
            </p>
            {was_before}
            <dl class="facts">
                <dt>{say!("desk-address")}</dt>
                <dd>{address}</dd>
                {facts.collect_view()}
            </dl>
            {note}
            {acts}
        </DeskFrame>
    }
    .into_any()
}

/// Says what became of a mail. The words of a mail server, which are masked, stand as it sent them.
fn said_of(mail: MailState) -> String {
    let state = match mail.state.as_str() {
        "sent" => say!("desk-mail-sent"),
        "queued" => say!("desk-mail-queued"),
        "returned" => say!("desk-mail-returned"),
        "suppressed" => say!("desk-mail-suppressed"),
        _ => say!("desk-mail-failed"),
    };
    match mail.last_error.filter(|said| !said.is_empty()) {
        Some(said) => format!("{state}: {said}"),
        None => state,
    }
}

/// The form of an act, by its name and what its button says, for the entry of `key`. `fields` are
/// those besides the reason.
pub(super) fn act_form<F: IntoView>(
    action: &'static str,
    key: &str,
    (act, press): (&'static str, String),
    class: &'static str,
    fields: F,
) -> impl IntoView + use<F> {
    let key = key.to_owned();
    let reason = reason_field(act);
    let heading = press.clone();
    view! {
        <section>
            <h2>{heading}</h2>
            <form class="form" method="post" action=action>
                <input type="hidden" name="key" value=key />
                <input type="hidden" name="act" value=act />
                {fields}
                {reason}
                <button class=class type="submit">
                    {press}
                </button>
            </form>
        </section>
    }
}
