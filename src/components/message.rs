//! An error, as pages show it.

use leptos::prelude::*;

use super::browser::{set, shows, text};

/// A sentence that screen readers announce as soon as it is there. `id` is what a field's
/// `aria-describedby` names.
#[component]
pub fn Message(id: &'static str, text: String) -> impl IntoView {
    view! {
        <p class="message" id=id role="alert">
            {text}
        </p>
    }
}

/// What the message with this id says from now on, and with it whether `field` counts as wrong.
pub fn told(id: &'static str, field: &'static str) -> RwSignal<String> {
    let drawn = text(id).trim().to_owned();
    let message = RwSignal::new(drawn.clone());
    shows(id, drawn, move || message.get());
    Effect::new(move |_| {
        set(field, "aria-invalid", message.with(|text| !text.is_empty()).then_some("true"))
    });
    message
}
