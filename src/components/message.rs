//! Error messages on pages.

use leptos::prelude::*;

use super::browser::{keep, set, shows, text};

/// A sentence that screen readers announce as soon as it appears. The `aria-describedby` of its
/// field names `id`.
#[component]
pub fn Message(id: &'static str, text: String) -> impl IntoView {
    view! {
        <p class="message" id=id role="alert">
            {text}
        </p>
    }
}

/// Returns the signal that sets the text of the message with this id. While the text is not empty,
/// `field` counts as invalid.
pub fn told(id: &'static str, field: &'static str) -> RwSignal<String> {
    let drawn = text(id).trim().to_owned();
    let message = RwSignal::new(drawn.clone());
    shows(id, drawn, move || message.get());
    keep(move || {
        set(field, "aria-invalid", message.with(|text| !text.is_empty()).then_some("true"))
    });
    message
}
