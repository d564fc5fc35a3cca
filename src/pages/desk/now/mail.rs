//! Mails on the page Now: how many wait, how transports do, and what came back.

use leptos::prelude::*;

use super::{
    super::frame::{reason_field, table},
    acts::Acts,
    percent,
};
use crate::server::{
    desk::now::{COMPLAINT_LINE, Now, Queue, share},
    ground::words::{ago, duration, say},
    http::page_context::PageContext,
    mail::transports::NamedTransport,
};

pub fn mail(context: &PageContext, now: &Now, acts: &Acts) -> impl IntoView + use<> {
    let at = context.state.auth.clock.now();
    let transports = &context.state.transports;
    let transports = transports.iter().map(|it| transport(it, acts)).collect_view().into_any();
    let Queue { mails, oldest } = now.queue;
    let queue = match oldest {
        Some(oldest) => say!("desk-queue", n = mails, ago = ago(oldest, at)),
        None => say!("desk-queue-empty"),
    };
    let retried = context.query("retried").and_then(|mails| mails.parse::<i64>().ok());
    let retried = retried.map(|mails| {
        view! {
            <p class="boxed" role="status">
                {say!("desk-retried", n = mails)}
            </p>
        }
    });
    let retry = (acts.may_help && mails > 0).then(retry_form);
    let (returned, complaints) = (share(now.returned, now.sent), share(now.complaints, now.sent));
    let is_above = complaints >= COMPLAINT_LINE;
    let line = percent(COMPLAINT_LINE, 1);
    view! {
        <section>
            <h2>{say!("desk-mail")}</h2>
            {retried} <p>{queue}</p> {retry}
            {table([say!("desk-transport"), say!("desk-health"), String::new()], 3, transports)}
            <dl class="desk-rates">
                <dt>{say!("desk-returned")}</dt>
                <dd>{of_sent(returned, now.returned)}</dd>
                <dt>{say!("desk-complaints")}</dt>
                <dd>
                    {of_sent(complaints, now.complaints)} " "
                    {is_above
                        .then(|| view! { <strong class="badge">{say!("desk-above-line")}</strong> })}
                </dd>
            </dl>
            <p class="soft hint">{say!("desk-complaint-line", line = line)}</p>
        </section>
    }
}

fn retry_form() -> impl IntoView {
    view! {
        <details>
            <summary>{say!("desk-retry")}</summary>
            <p>{say!("desk-retry-explained")}</p>
            <form class="form" method="post" action="/actions/desk-retry-mails">
                {reason_field("retry")}
                <button class="secondary" type="submit">
                    {say!("desk-retry")}
                </button>
            </form>
        </details>
    }
}

fn of_sent(rate: f64, count: i64) -> String {
    say!("desk-of-sent", share = percent(rate, 2), n = count)
}

fn transport(of: &NamedTransport, acts: &Acts) -> impl IntoView + use<> {
    let name = &of.entry.name;
    let passed_over = acts.passes_over(name).then(|| {
        view! {
            " "
            <strong class="badge">{say!("desk-passed-over")}</strong>
        }
    });
    let act = acts.of_transport(name);
    let health = match of.health.is_well() {
        true => say!("desk-well"),
        false => say!("desk-refuses-us", duration = duration(of.health.wait().as_secs())),
    };
    view! {
        <tr>
            <th scope="row" translate="no">
                {of.name().to_owned()}
            </th>
            <td>{health} {passed_over}</td>
            <td>{act}</td>
        </tr>
    }
}
