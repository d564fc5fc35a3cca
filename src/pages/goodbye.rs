//! GET `/goodbye`: after an account was deleted.

use leptos::prelude::*;

use super::frame::Frame;
use crate::server::ground::words::say;

#[component]
pub fn Goodbye() -> impl IntoView {
    view! {
        <Frame title=say!("deleted-title")>
            <h1>{say!("deleted-title")}</h1>
            <p>{say!("deleted-explained")}</p>
            <p>
                <a class="secondary" href="/">
                    {say!("to-the-start")}
                </a>
            </p>
        </Frame>
    }
}
