//! GET `/desk/people/<id or key>`: one person, what happened to them, and what can be done.

use leptos::{nonce::use_nonce, prelude::*};
use percent_encoding::percent_decode_str;

use super::{
    super::frame::{address, load},
    frame::{DeskFrame, may_act, page_links, reason_field},
};
use crate::server::{
    auth::limits::Pause,
    desk::{
        operator::Operator,
        person::{self, Act, PEOPLE, Person, path_of},
        place::PageAt,
        policy_then::PolicyThen,
        timeline::{Line, moment},
    },
    ground::{
        clock::{Millis, rfc_3339},
        error::Error,
        user_agent::describe,
        words::{ago, say},
    },
    http::page_context::PageContext,
    store::SessionLine,
    values::network,
};

/// Script of the button that copies the timeline. Without it the text can be marked and copied.
const COPY: &str = r#"const b = document.getElementById("copy-ticket");
if (navigator.clipboard) {
  b.hidden = false;
  b.addEventListener("click", () =>
    navigator.clipboard.writeText(document.getElementById("ticket").textContent));
}"#;

#[component]
pub fn PersonPage() -> impl IntoView {
    load(Box::pin(person_page()))
}

async fn person_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let (operator, auth) = (context.operator().await?, &context.state.auth);
    let (before, after) = (context.query("before"), context.query("after"));
    let page = PageAt::parse(before.as_deref(), after.as_deref())?;
    let key = key_of(&context.location)?;
    let person = person::open(auth, &operator, &key, page).await?;
    let now = auth.clock.now();
    let done = context.query("done").as_deref().and_then(|act| Act::parse(act).ok()).map(|act| {
        view! { <p class="notice" role="status">{done_words(act)}</p> }
    });
    let pages = page_links(&path_of(&person.key), person.timeline.pages);
    let ticket = ticket(person.ticket());
    Ok(view! {
        <DeskFrame title=say!("person")>
            {done}
            <p class="diagnosis">{person.diagnosis.clone()}</p>
            {facts(&person, now)}
            {sessions(&person, now)}
            <section>
                <h2>{say!("timeline")}</h2>
                {lines(&person.timeline.lines)}
                {pages}
            </section>
            {ticket}
            {acts(&operator, &person)}
        </DeskFrame>
    }
    .into_any())
}

/// Returns the name of the person in the path of the page.
fn key_of(location: &str) -> Result<String, Error> {
    let path = location.split('?').next().unwrap_or_default();
    let key = path.strip_prefix(PEOPLE).and_then(|rest| rest.strip_prefix('/'));
    let key = key.filter(|key| !key.is_empty()).ok_or(Error::NotFound)?;
    let key = percent_decode_str(key).decode_utf8().map_err(|_| Error::NotFound)?;
    Ok(key.into_owned())
}

fn fact(name: String, value: impl IntoView) -> impl IntoView {
    view! {
        <dt>{name}</dt>
        <dd>{value}</dd>
    }
}

/// Lists what holds for a person now.
fn facts(person: &Person, now: Millis) -> impl IntoView + use<> {
    let since = match person.since {
        Some(at) => say!("person-since-date", date = moment(at), ago = ago(at, now)),
        None if person.user_id.is_some() => say!("person-mapped"),
        None => say!("person-no-user"),
    };
    let last = person.last_sign_in.map_or_else(|| say!("person-never"), |at| ago(at, now));
    let test =
        person.is_test_person.then(|| view! { <span class="badge">{say!("person-test")}</span> });
    let role = person.role.map(|role| {
        view! { <span class="badge">{say!("person-operator", role = role.name())}</span> }
    });
    let banned = person
        .banned_since
        .map(|at| fact(say!("person-ban"), say!("person-disabled-since", when = moment(at))));
    let suppression = person.suppression.as_ref().map(|held| {
        let until = match held.expires_at {
            Some(at) => {
                say!("person-held-back-until", until = moment(at), said = held.said.as_str())
            }
            None => say!("person-complained"),
        };
        fact(say!("person-held-back"), until)
    });
    let limits = &person.limits;
    let mails = match limits.next_mail_at {
        Some(at) => say!("person-no-mail-until", until = moment(at)),
        None => say!("person-mails-left", n = limits.mails),
    };
    let pauses = limits.codes_paused.iter().map(pause).collect::<Vec<_>>();
    let codes = if pauses.is_empty() { vec![say!("person-codes-work")] } else { pauses };
    let codes = codes.into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
    let waiting = person.waiting.iter().max().copied().map(|attempts: i64| {
        let n = person.waiting.len();
        fact(say!("person-waiting"), say!("person-waiting-mails", n = n, attempts = attempts))
    });
    let id = person.user_id.clone().unwrap_or_else(|| "–".to_owned());
    view! {
        <section>
            <dl class="facts">
                {fact(say!("desk-address"), view! { {address(&person.address)} {test} {role} })}
                {fact(say!("person-id"), view! { <bdi>{id}</bdi> })} {fact(say!("person-since"), since)}
                {fact(say!("person-last-sign-in"), last)} {banned} {suppression}
                {fact(say!("person-mails"), mails)} {waiting} {fact(say!("person-codes"), codes)}
            </dl>
        </section>
    }
}

fn pause(pause: &Pause) -> String {
    let until = moment(pause.until);
    match &pause.network {
        None => say!("person-codes-paused", until = until),
        Some(network) => {
            say!("person-codes-paused-for", until = until, network = network::shown(network))
        }
    }
}

/// Lists where a person is signed in, and which apps have access.
fn sessions(person: &Person, now: Millis) -> impl IntoView + use<> {
    let session = |line: &SessionLine| {
        let (begun, seen) = (ago(line.begun_at, now), ago(line.last_seen_at, now));
        view! {
            <li>
                <strong>{describe(&line.user_agent)}</strong>
                <p class="soft">
                    <bdi>{network::shown(&line.ip_prefix)}</bdi>
                    {format!("\u{a0}· {}", say!("begun", ago = begun))}
                    {format!("\u{a0}· {}", say!("last-used", ago = seen))}
                </p>
            </li>
        }
    };
    let app = |(name, at): &(String, Millis)| {
        view! {
            <li>
                <strong>{name.clone()}</strong>
                <p class="soft">{say!("app-since", ago = ago(*at, now))}</p>
            </li>
        }
    };
    let rows = person.sessions.iter().map(session).collect_view();
    let apps = person.apps.iter().map(app).collect_view();
    let none = person.sessions.is_empty().then(|| view! { <p>{say!("person-no-sessions")}</p> });
    let apps = (!person.apps.is_empty()).then(|| {
        view! {
            <h2>{say!("your-apps")}</h2>
            <ul>{apps}</ul>
        }
    });
    view! {
        <section>
            <h2>{say!("person-devices")}</h2>
            {none}
            <ul>{rows}</ul>
            {apps}
        </section>
    }
}

/// The steps of a timeline, the latest first.
pub fn lines(lines: &[Line]) -> AnyView {
    if lines.is_empty() {
        return view! { <p class="soft">{say!("timeline-empty")}</p> }.into_any();
    }
    let rows = lines.iter().map(line).collect_view();
    view! { <ol class="timeline">{rows}</ol> }.into_any()
}

fn line(line: &Line) -> impl IntoView + use<> {
    let by = line.operator.as_deref().map(|name| {
        view! { <span class="soft">{say!("timeline-by", name = name)}</span> }
    });
    let from = (!line.from.is_empty())
        .then(|| view! { <span class="soft"><bdi>{line.from.clone()}</bdi></span> });
    let said = (!line.said.is_empty()).then(|| view! { <q>{line.said.clone()}</q> });
    let policy = line.policy_then.as_ref().map(PolicyThen::sentence);
    let policy = policy.map(|policy| view! { <span class="soft">{policy}</span> });
    let request = (!line.request_id.is_empty())
        .then(|| view! { <code class="soft">{line.request_id.clone()}</code> });
    view! {
        <li class=line.is_trouble.then_some("trouble")>
            <time datetime=rfc_3339(line.at)>{moment(line.at)}</time>
            <div>
                <span>{line.what.clone()}</span>
                {from}
                {by}
                {said}
                {policy}
                {request}
            </div>
        </li>
    }
}

/// The timeline as text for a ticket, with a button that copies it.
fn ticket(text: String) -> impl IntoView {
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    view! {
        <details class="ticket">
            <summary>{say!("ticket")}</summary>
            <p class="soft">{say!("ticket-explained")}</p>
            // Not a textarea, whose content Leptos does not escape.
            <pre id="ticket" tabindex="0">
                {text}
            </pre>
            <button id="copy-ticket" class="secondary" type="button" hidden>
                {say!("ticket-copy")}
            </button>
            <script nonce=nonce>{COPY}</script>
        </details>
    }
}

/// The forms of what the operator may do for the person.
fn acts(operator: &Operator, person: &Person) -> impl IntoView + use<> {
    let is_self = operator.address.as_ref() == Some(&person.address);
    let is_above = person.role.is_some_and(|role| role > operator.role);
    let makes_sense = |act: Act| match act {
        Act::EndSessions => !person.sessions.is_empty(),
        Act::Disable => person.banned_since.is_none(),
        Act::Enable => person.banned_since.is_some(),
        Act::Delete => !person.is_mapped && person.user_id.is_some(),
        Act::SendMail | Act::PauseCodes | Act::LiftSuppression => true,
    };
    let may = |act: &Act| {
        may_act(operator, act.role())
            && !is_above
            && (!is_self || act.is_for_oneself())
            && makes_sense(*act)
    };
    let forms: Vec<_> =
        Act::ALL.into_iter().filter(may).map(|act| act_form(act, &person.key)).collect();
    (!forms.is_empty()).then(|| {
        view! {
            <section>
                <h2>{say!("person-acts")}</h2>
                {forms}
            </section>
        }
    })
}

fn act_form(act: Act, key: &str) -> impl IntoView + use<> {
    let (name, explained) = act_words(act);
    let class = if act.is_for_oneself() { "secondary" } else { "secondary danger" };
    let class = if act == Act::SendMail { "secondary" } else { class };
    view! {
        <details>
            <summary>{name.clone()}</summary>
            <p>{explained}</p>
            <form class="form" method="post" action="/actions/desk-person">
                <input type="hidden" name="key" value=key.to_owned() />
                <input type="hidden" name="act" value=act.name() />
                {reason_field(act.name())}
                <button class=class type="submit">
                    {name}
                </button>
            </form>
        </details>
    }
}

/// Returns what an act is called, and what it does.
fn act_words(act: Act) -> (String, String) {
    match act {
        Act::SendMail => (say!("act-send-mail"), say!("act-send-mail-explained")),
        Act::EndSessions => (say!("act-end-sessions"), say!("act-end-sessions-explained")),
        Act::PauseCodes => (say!("act-pause-codes"), say!("act-pause-codes-explained")),
        Act::LiftSuppression => (say!("act-lift"), say!("act-lift-explained")),
        Act::Disable => (say!("act-disable"), say!("act-disable-explained")),
        Act::Enable => (say!("act-enable"), say!("act-enable-explained")),
        Act::Delete => (say!("act-delete"), say!("act-delete-explained")),
    }
}

fn done_words(act: Act) -> String {
    match act {
        Act::SendMail => say!("done-send-mail"),
        Act::EndSessions => say!("done-end-sessions"),
        Act::PauseCodes => say!("done-pause-codes"),
        Act::LiftSuppression => say!("done-lift"),
        Act::Disable => say!("done-disable"),
        Act::Enable => say!("done-enable"),
        Act::Delete => say!("done-delete"),
    }
}
