//! What islands ask of the browser. On the server, where islands are only drawn, nothing of it happens.

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

/// What is in the field with this id, however it came there: typed before the script was, filled in by the browser, or
/// restored by Back.
pub fn value(id: &str) -> String {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let field = web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
        field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()).map(|field| field.value()).unwrap_or_default()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = id;
        String::new()
    }
}

/// Puts the cursor into the field with this id.
pub fn focus(id: &str) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let field = web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
        if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = field.focus();
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}
