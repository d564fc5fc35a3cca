//! Forms for a password and for the deletion of the account.

use leptos::prelude::*;

use crate::server::{
    auth::session::Session,
    ground::{error::Error, words::say},
    http::page_context::PageContext,
};

/// The form that sets, changes or removes the password. It is offered only soon after signing in.
pub async fn password_form(context: &PageContext, session: &Session) -> Result<AnyView, Error> {
    let auth = &context.state.auth;
    let has_one = auth.store.has_password(&session.row.address).await?;
    if !session.is_recent(auth) {
        let state = if has_one { say!("password-kept") } else { say!("no-password") };
        return Ok(view! {
            <section>
                <h2>{say!("password")}</h2>
                <p class="soft">{state} " " {say!("needs-fresh-sign-in")}</p>
            </section>
        }
        .into_any());
    }
    Ok(view! {
        <section>
            <h2>{say!("password")}</h2>
            <p class="soft">{say!("password-optional")}</p>
            <form class="form" method="post" action="/actions/set-password">
                // Shown, because password managers skip a hidden field and would then save the
                // password without a username.
                <label for="username">{say!("address")}</label>
                <input
                    id="username"
                    name="username"
                    autocomplete="username"
                    value=session.row.address.as_str().to_owned()
                    readonly
                />
                <label class="second" for="password">
                    {if has_one { say!("new-password") } else { say!("password") }}
                </label>
                <input
                    id="password"
                    name="password"
                    type="password"
                    autocomplete="new-password"
                    minlength="8"
                    maxlength="128"
                    required
                />
                <p class="actions">
                    <button class="primary" type="submit">
                        {say!("keep-password")}
                    </button>
                </p>
            </form>
            {has_one
                .then(|| {
                    view! {
                        <form method="post" action="/actions/set-password">
                            <button class="secondary" type="submit">
                                {say!("remove-password")}
                            </button>
                        </form>
                    }
                })}
        </section>
    }
    .into_any())
}

/// The form that deletes the account. It is offered only soon after signing in, and has to be
/// unfolded first.
pub fn deletion_form(is_recent: bool) -> impl IntoView {
    let way_on = if is_recent {
        view! {
            <form method="post" action="/actions/delete-account">
                <button class="secondary danger" type="submit">
                    {say!("delete-account-confirm")}
                </button>
            </form>
        }
        .into_any()
    } else {
        view! { <p class="soft">{say!("needs-fresh-sign-in")}</p> }.into_any()
    };
    view! {
        <section>
            <h2>{say!("danger")}</h2>
            <details>
                <summary>{say!("delete-account")}</summary>
                <p>{say!("delete-account-explained")}</p>
                {way_on}
            </details>
        </section>
    }
}
