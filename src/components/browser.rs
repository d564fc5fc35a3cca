//! The islands' access to the page. They look an element up by its id each time they need it, and
//! listen for events at the window. A password manager, a translator or an extension may insert
//! nodes into the page and swap others, before the script runs and after. An island that knew its
//! elements by their position, as Leptos's hydration does, would then fail while starting. None of
//! this is called on the server: effects do not run there.

use js_sys::{Array, Date, JsString, RegExp};
use leptos::{
    prelude::{Effect, window_event_listener_untyped},
    task::spawn_local,
};
use std::{cell::RefCell, pin::Pin};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

fn element<T: JsCast>(id: &str) -> Option<T> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Calls `act` at each event of this kind on the element with this id, or inside it. To suppress
/// the browser's own action, `act` calls `prevent_default` last: if it fails before that, the
/// browser's action still happens.
pub fn on(kind: &str, id: &'static str, act: impl Fn(Event) + 'static) {
    fn listen(kind: &str, id: &'static str, act: Box<dyn Fn(Event)>) {
        let selector = format!("#{id}");
        window_event_listener_untyped(kind, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if target.is_some_and(|target| matches!(target.closest(&selector), Ok(Some(_)))) {
                act(event);
            }
        });
    }
    listen(kind, id, Box::new(act));
}

/// Calls `act` when the browser shows this page, at first or again by Back: it may have kept the
/// page as it was when it was left.
pub fn on_return(act: impl Fn() + 'static) {
    window_event_listener_untyped("pageshow", move |_| act());
}

/// Runs `act` now and whenever a signal that it reads changes. Boxed, like the other functions
/// here: Leptos's effects are compiled once for each type, and take a third of the wasm module if
/// each of ours has its own.
pub fn keep(act: impl Fn() + 'static) {
    fn effect(act: Box<dyn Fn()>) {
        Effect::new(move |_| act());
    }
    effect(Box::new(act));
}

/// Runs work that waits for an answer of the server.
pub fn work(future: impl Future<Output = ()> + 'static) {
    let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    spawn_local(future);
}

/// Keeps the text of the element with this id equal to `text`. `drawn` is what the server drew. The
/// element is left alone until its text has to change: it may have been translated.
pub fn shows(id: &'static str, drawn: String, text: impl Fn() -> String + 'static) {
    let told = RefCell::new(drawn);
    keep(move || {
        let text = text();
        if text != *told.borrow()
            && let Some(element) = element::<Element>(id)
        {
            element.set_text_content(Some(&text));
        }
        told.replace(text);
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

/// Returns a `data-` attribute of the element with this id.
pub fn data(id: &str, name: &str) -> String {
    let found = element::<Element>(id).and_then(|element| element.get_attribute(name));
    found.unwrap_or_default()
}

/// Returns the text of the element with this id.
pub fn text(id: &str) -> String {
    element::<Element>(id).and_then(|element| element.text_content()).unwrap_or_default()
}

/// Returns the value of the field with this id, whether it was typed before the script ran, filled
/// in by the browser, or restored by Back.
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

/// Selects the text of the field with this id, so that typing replaces it.
pub fn select(id: &str) {
    if let Some(field) = element::<HtmlInputElement>(id) {
        field.select();
    }
}

/// True if the field with this id holds the text that the server drew, and there is some.
pub fn is_prefilled(id: &str) -> bool {
    element::<HtmlInputElement>(id)
        .is_some_and(|field| !field.value().is_empty() && field.value() == field.default_value())
}

/// Opens another page.
pub fn go(location: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().assign(location);
    }
}

/// Returns the time in so many seconds by the browser's clock, for use with [`left`]: only
/// differences between such times mean anything.
pub fn after(seconds: u64) -> f64 {
    Date::now() + seconds as f64 * 1_000.0
}

/// Returns the whole seconds until then, rounded up.
pub fn left(until: f64) -> u64 {
    ((until - Date::now()) / 1_000.0).ceil().max(0.0) as u64
}

/// Returns the decimal digits of any script in `text`. The browser knows them, so the wasm module
/// needs no table.
pub fn digits(text: &str) -> Vec<String> {
    let found = JsString::from(text).match_(&RegExp::new(r"\p{Nd}", "gu"));
    let found = found.map(|found| found.unchecked_into::<Array>().to_vec()).unwrap_or_default();
    found.iter().filter_map(JsValue::as_string).collect()
}
