//! What islands ask of the browser. On the server, where islands are only drawn, nothing of it
//! happens.

/// Goes to another page.
pub fn go(location: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(window) = web_sys::window() {
        let _ = window.location().assign(location);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = location;
}

/// Milliseconds of the browser's clock: only differences of it mean anything.
pub fn now() -> f64 {
    #[cfg(feature = "hydrate")]
    return js_sys::Date::now();
    #[cfg(not(feature = "hydrate"))]
    0.0
}

#[cfg(feature = "hydrate")]
fn element<T: wasm_bindgen::JsCast>(id: &str) -> Option<T> {
    use wasm_bindgen::JsCast;
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// What is in the field with this id, however it came there: typed before the script was, filled in
/// by the browser, or restored by Back.
pub fn value(id: &str) -> String {
    #[cfg(feature = "hydrate")]
    return element::<web_sys::HtmlInputElement>(id).map(|field| field.value()).unwrap_or_default();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        String::new()
    }
}

/// Puts `text` into the field with this id.
pub fn set_value(id: &str, text: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(field) = element::<web_sys::HtmlInputElement>(id) {
        field.set_value(text);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (id, text);
}

/// Puts the cursor into the field with this id.
pub fn focus(id: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(element) = element::<web_sys::HtmlElement>(id) {
        let _ = element.focus();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}
