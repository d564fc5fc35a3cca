//! The wasm entry point. The browser calls `hydrate` once the module is loaded, and the islands of
//! the page start to work.

// Keeps the islands from being dropped as unused: they register themselves by name.
#[allow(unused_imports)]
use latchkey::components as _;

/// Prepares for the start of the page's islands.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
