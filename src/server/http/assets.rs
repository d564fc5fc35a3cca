//! Assets that pages load. cargo-leptos puts a hash into each file name and lists the hashes in a
//! file beside the program.

use leptos::config::LeptosOptions;

/// Script that loads the islands' module and starts each island after the first paint: the page
/// works without it, and on a slow line its style comes first. If any part of it is missing or
/// fails (a rolling upgrade, a proxy, an extension), the page stays the plain one it is. If the
/// module fails later, the script gives the forms back to the browser, with the buttons as the
/// server drew them. It replaces Leptos's own script, which fetches the module at once.
const START: &str = r#"const drawn = new Map();
const giveBack = () => {
  addEventListener("submit", event => event.stopImmediatePropagation(), true);
  for (const [button, text] of drawn) {
    for (const name of ["aria-busy", "disabled", "hidden"]) button.removeAttribute(name);
    button.textContent = text;
  }
};
const failed = event => /wasm/.test((event.error ?? event.reason)?.stack) && giveBack();
const start = async () => {
  const wasm = fetch(WASM);
  wasm.catch(() => {});
  const m = await import(JS);
  await m.default({ module_or_path: wasm });
  addEventListener("error", failed);
  addEventListener("unhandledrejection", failed);
  for (const button of document.querySelectorAll("[type=submit]")) drawn.set(button, button.textContent);
  m.hydrate();
  for (const island of document.querySelectorAll("leptos-island")) await m[island.dataset.component](island);
};
const begin = async () => document.documentElement.dataset.ready = await start().then(() => "alive", () => "plain");
document.hidden ? begin() : requestAnimationFrame(() => setTimeout(begin))"#;

/// The assets of every page.
#[derive(Debug)]
pub struct Assets {
    /// Paths as pages link to them.
    pub css: String,
    pub js: String,
    pub wasm: String,
    /// The script that loads and starts the islands.
    pub start: String,
}

impl Assets {
    /// Returns the names under `options`, hashed or plain. Reading them once is enough: they change
    /// only with the program.
    pub fn find(options: &LeptosOptions) -> Self {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.join(options.hash_file.as_ref())));
        let hashes = beside
            .filter(|_| options.hash_files)
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        let name = |kind: &str| {
            let hash = hashes
                .lines()
                .find_map(|line| line.split_once(':').filter(|(of, _)| of.trim() == kind));
            let hash = hash.map(|(_, hash)| format!(".{}", hash.trim())).unwrap_or_default();
            format!("{}{}{hash}.{kind}", options.site_pkg_dir_route_base(), options.output_name)
        };
        let (js, wasm) = (name("js"), name("wasm"));
        let start = START.replace("JS", &format!("{js:?}")).replace("WASM", &format!("{wasm:?}"));
        Assets { css: name("css"), js, wasm, start }
    }
}
