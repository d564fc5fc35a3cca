//! An error, as pages show it.

use leptos::prelude::*;

/// A sentence that screen readers announce as soon as it is there. `id` is what a field's
/// `aria-describedby` names.
#[component]
pub fn Message(#[prop(into)] id: String, #[prop(into)] text: Signal<String>) -> impl IntoView {
    view! {
        <p class="message" id=id role="alert">
            {move || text.get()}
        </p>
    }
}
