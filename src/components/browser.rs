//! The page, as the islands see it. They find an element by its id whenever they need it, and hear
//! of events at the window: a password manager, a translator or an extension may put nodes into the
//! page and swap others before the script is there and after, and an island that knew its elements
//! by their places, as Leptos's hydration does, would stop in the middle of coming alive. None of
//! this is called on the server: effects do not run there.

use js_sys::{Array, Date, JsString, RegExp};
use leptos::prelude::{Effect, window_event_listener_untyped};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

fn element<T: JsCast>(id: &str) -> Option<T> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Does `act` at each such event of the element with this id, or of what is in it. Where it is to
/// keep the browser from its own way, `prevent_default` comes last: until then a failure leaves
/// that way open.
pub fn on(kind: &str, id: &'static str, act: impl Fn(Event) + 'static) {
    let selector = format!("#{id}");
    window_event_listener_untyped(kind, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| matches!(target.closest(&selector), Ok(Some(_)))) {
            act(event);
        }
    });
}

/// Keeps the text of the element with this id as `text` has it; `drawn` is what the server drew.
/// What stands there is left alone until it has to change: it may have been translated.
pub fn shows(id: &'static str, drawn: String, text: impl Fn() -> String + 'static) {
    Effect::new(move |told: Option<String>| {
        let text = text();
        if text != *told.as_ref().unwrap_or(&drawn)
            && let Some(element) = element::<Element>(id)
        {
            element.set_text_content(Some(&text));
        }
        text
    });
}

/// Sets an attribute of the element with this id, or removes it.
pub fn set(id: &str, attribute: &str, value: Option<&str>) {
    if let Some(element) = element::<Element>(id) {
        let _ = match value {
            Some(value) => element.set_attribute(attribute, value),
            None => element.remove_attribute(attribute),
        };
    }
}

/// The text that stands in the element with this id.
pub fn text(id: &str) -> String {
    element::<Element>(id).and_then(|element| element.text_content()).unwrap_or_default()
}

/// What is in the field with this id, however it came there: typed before the script was, filled in
/// by the browser, or restored by Back.
pub fn value(id: &str) -> String {
    element::<HtmlInputElement>(id).map(|field| field.value()).unwrap_or_default()
}

/// Puts `text` into the field with this id.
pub fn set_value(id: &str, text: &str) {
    if let Some(field) = element::<HtmlInputElement>(id) {
        field.set_value(text);
    }
}

/// Puts the cursor into the field with this id.
pub fn focus(id: &str) {
    if let Some(element) = element::<HtmlElement>(id) {
        let _ = element.focus();
    }
}

/// Goes to another page.
pub fn go(location: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().assign(location);
    }
}

/// The time in so many seconds, by the browser's clock: only differences of it mean anything.
pub fn after(seconds: u64) -> f64 {
    Date::now() + seconds as f64 * 1_000.0
}

/// Whole seconds until then, the one that has begun included.
pub fn left(until: f64) -> u64 {
    ((until - Date::now()) / 1_000.0).ceil().max(0.0) as u64
}

/// How many decimal digits of any script there are: the browser knows them, so that the script
/// needs no table.
pub fn digits(text: &str) -> u32 {
    let found = JsString::from(text).match_(&RegExp::new(r"\p{Nd}", "gu"));
    found.map_or(0, |found| found.unchecked_into::<Array>().length())
}
