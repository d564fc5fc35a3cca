//! The wasm entry: the browser calls `hydrate` once the module is loaded, and the islands of the
//! page come alive.

// Keeps the islands, which register themselves by name, from being dropped as unused.
#[allow(unused_imports)]
use latchkey::components as _;

/// Makes ready for the islands of the page.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
