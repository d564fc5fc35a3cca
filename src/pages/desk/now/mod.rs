//! GET `/desk`: how sign-ins and mails go now, and in the last week or month.

mod acts;
mod mail;

use leptos::prelude::*;

use self::acts::Acts;
use super::{
    super::frame::load,
    charts::{bars, columns},
    frame::{DeskFrame, table},
};
use crate::server::{
    desk::now::{Now, OfDomain, Range, Took, read, share},
    ground::{
        clock::{HOUR, Millis, SECOND, rfc_3339},
        error::Error,
        words::{Language, language, say},
    },
    http::page_context::PageContext,
    values::event::Method,
};

#[component]
pub fn NowPage() -> impl IntoView {
    load(Box::pin(now_page()))
}

async fn now_page() -> Result<AnyView, Error> {
    let context = PageContext::current()?;
    let operator = context.operator().await?;
    let acts = Acts::of(&context, &operator);
    let range = Range::named(&context.query("range").unwrap_or_default());
    let now = read(&context.state.auth, range).await?;
    Ok(view! {
        <DeskFrame title=say!("desk-now")>
            {ranges(range)}
            <p class="soft hint">{say!("desk-now-explained")}</p>
            {acts.of_all()}
            {funnel(&now)}
            {course(&now)}
            {times(&now)}
            {domains(&now.domains, &acts)}
            {mail::mail(&context, &now, &acts)}
            {methods(&now)}
            {apps(&now)}
            {refusals(&now)}
        </DeskFrame>
    }
    .into_any())
}

fn ranges(current: Range) -> impl IntoView {
    let links = Range::ALL.into_iter().map(|range| {
        let name = match range {
            Range::Day => say!("desk-now-day"),
            Range::Week => say!("desk-now-week"),
            Range::Month => say!("desk-now-month"),
        };
        let to = format!("/desk?range={}", range.name());
        view! {
            <li>
                <a href=to aria-current=(range == current).then_some("true")>
                    {name}
                </a>
            </li>
        }
    });
    view! {
        <nav class="desk-ranges" aria-label=say!("desk-now-range")>
            <ul>{links.collect_view()}</ul>
        </nav>
    }
}

fn funnel(now: &Now) -> impl IntoView + use<> {
    let steps = [
        (say!("desk-asked"), now.asked),
        (say!("desk-sent"), now.sent),
        (say!("desk-opened"), now.opened),
        (say!("desk-signed-in"), now.signed_in),
    ];
    let told = say!(
        "desk-funnel-told",
        asked = now.asked,
        sent = now.sent,
        opened = now.opened,
        signedin = now.signed_in
    );
    let of_asked = |count| percent(share(count, now.asked), 0);
    let drawn: Vec<_> = steps
        .iter()
        .map(|(name, count)| (name.clone(), *count, format!("{count} · {}", of_asked(*count))))
        .collect();
    let rows = steps.into_iter().map(|(name, count)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="number">{count}</td>
                <td class="number">{of_asked(count)}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>{say!("desk-funnel")}</h2>
            {bars("funnel", told, &drawn)}
            {numbers_table(
                [say!("desk-step"), say!("desk-number"), say!("desk-share")],
                rows.collect_view().into_any(),
            )}
        </section>
    }
}

fn course(now: &Now) -> impl IntoView + use<> {
    let drawn: Vec<_> = now.parts.iter().map(|part| (part.asked, part.signed_in)).collect();
    let span = now.span;
    let rows = now.parts.iter().rev().map(|part| {
        view! {
            <tr>
                <th scope="row">{begins(part.at, span)}</th>
                <td class="number">{part.asked}</td>
                <td class="number">{part.signed_in}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>{say!("desk-course")}</h2>
            {columns("course", say!("desk-course-told"), &drawn)}
            <p class="soft hint">{say!("desk-course-told")}</p>
            <details>
                <summary>{say!("desk-course-numbers")}</summary>
                {numbers_table(
                    [say!("desk-time"), say!("desk-asked"), say!("desk-signed-in")],
                    rows.collect_view().into_any(),
                )}
            </details>
        </section>
    }
}

fn times(now: &Now) -> impl IntoView + use<> {
    let row = |name: String, took: Option<Took>| {
        let seconds =
            |at: fn(Took) -> Millis| took.map_or_else(|| "–".to_owned(), |it| time(at(it)));
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="number">{seconds(|took| took.median)}</td>
                <td class="number">{seconds(|took| took.p95)}</td>
            </tr>
        }
    };
    let rows = view! {
        {row(say!("desk-to-session"), now.to_session)}
        {row(say!("desk-to-mail-server"), now.to_mail_server)}
    };
    view! {
        <section>
            <h2>{say!("desk-took")}</h2>
            {numbers_table([String::new(), say!("desk-median"), say!("desk-p95")], rows.into_any())}
        </section>
    }
}

fn domains(domains: &[OfDomain], acts: &Acts) -> impl IntoView + use<> {
    let rows = domains.iter().map(|of| {
        let act = of.domain.as_deref().and_then(|domain| acts.of_domain(domain));
        let name = of.domain.clone().unwrap_or_else(|| say!("desk-others"));
        let counts = [of.asked, of.sent, of.opened, of.signed_in, of.returned, of.complaints];
        let counts = counts.map(|count| view! { <td class="number">{count}</td> });
        view! {
            <tr>
                <th scope="row" translate="no">
                    {name}
                </th>
                <td class="number">{percent(share(of.signed_in, of.asked), 0)}</td>
                {counts.collect_view()}
                <td>{act}</td>
            </tr>
        }
    });
    let names = [
        say!("desk-domain"),
        say!("desk-share"),
        say!("desk-asked"),
        say!("desk-sent"),
        say!("desk-opened"),
        say!("desk-signed-in"),
        say!("desk-returned"),
        say!("desk-complaints"),
        String::new(),
    ];
    listed(say!("desk-by-domain"), names, rows.collect_view().into_any(), domains.is_empty())
}

fn methods(now: &Now) -> impl IntoView + use<> {
    let rows = now.methods.iter().map(|(method, count)| {
        let name = match Method::named(method) {
            Some(Method::Link) => say!("desk-method-link"),
            Some(Method::Code) => say!("desk-method-code"),
            Some(Method::Match) => say!("desk-method-match"),
            Some(Method::Password) => say!("desk-method-password"),
            Some(Method::FixedCode) => say!("desk-method-test-person"),
            None => method.clone(),
        };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="number">{*count}</td>
            </tr>
        }
    });
    let names = [say!("desk-method"), say!("desk-signed-in")];
    let is_empty = now.methods.is_empty();
    listed(say!("desk-by-method"), names, rows.collect_view().into_any(), is_empty)
}

fn apps(now: &Now) -> impl IntoView + use<> {
    let rows = now.apps.iter().map(|(app, asked, signed_in)| {
        let name = if app.is_empty() { say!("desk-own-pages") } else { app.clone() };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="number">{*asked}</td>
                <td class="number">{*signed_in}</td>
            </tr>
        }
    });
    let names = [say!("desk-app"), say!("desk-asked"), say!("desk-signed-in")];
    listed(say!("desk-by-app"), names, rows.collect_view().into_any(), now.apps.is_empty())
}

fn refusals(now: &Now) -> impl IntoView + use<> {
    let rows = now.refusals.iter().map(|(reason, count)| {
        view! {
            <tr>
                <th scope="row">
                    <code>{reason.clone()}</code>
                </th>
                <td class="number">{*count}</td>
            </tr>
        }
    });
    let names = [say!("desk-refused-because"), say!("desk-number")];
    let is_empty = now.refusals.is_empty();
    listed(say!("desk-refusals"), names, rows.collect_view().into_any(), is_empty)
}

/// A section with a table, or with a sentence if nothing was counted.
fn listed<const N: usize>(
    heading: String,
    names: [String; N],
    rows: AnyView,
    is_empty: bool,
) -> impl IntoView + use<N> {
    let content = match is_empty {
        true => view! { <p class="soft">{say!("desk-nothing-yet")}</p> }.into_any(),
        false => numbers_table(names, rows).into_any(),
    };
    view! {
        <section>
            <h2>{heading}</h2>
            {content}
        </section>
    }
}

/// A table of names and their numbers.
fn numbers_table<const N: usize>(names: [String; N], rows: AnyView) -> impl IntoView + use<N> {
    table(names, 1, rows)
}

/// Writes a share in hundredths, with this many decimal places.
fn percent(share: f64, places: usize) -> String {
    with_comma(format!("{:.places$} %", share * 100.0))
}

/// Writes a time in seconds, with a decimal place where that matters.
fn time(millis: Millis) -> String {
    let seconds = millis as f64 / SECOND as f64;
    let places = if seconds < 10.0 { 1 } else { 0 };
    with_comma(format!("{seconds:.places$} s"))
}

/// Writes the decimal point as the language has it.
fn with_comma(number: String) -> String {
    match language() {
        Language::De => number.replace('.', ","),
        _ => number,
    }
}

/// Names an hour by its beginning, and a day by its date, in UTC.
fn begins(at: Millis, span: Millis) -> String {
    let whole = rfc_3339(at);
    let part = if span == HOUR { whole.get(11..16) } else { whole.get(..10) };
    part.unwrap_or_default().to_owned()
}
