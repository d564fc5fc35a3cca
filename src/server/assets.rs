//! Names of the built assets. cargo-leptos puts a hash into each, and the hashes in a file beside the program.

use leptos::config::LeptosOptions;

/// Paths as the page links them.
#[derive(Debug)]
pub struct Assets {
    pub css: String,
    pub js: String,
    pub wasm: String,
}

impl Assets {
    /// The names under `options`, hashed or plain. Read once: they change only with the program.
    pub fn find(options: &LeptosOptions) -> Self {
        let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(options.hash_file.as_ref())));
        let hashes =
            beside.filter(|_| options.hash_files).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let name = |kind: &str| {
            let hash = hashes.lines().find_map(|line| line.split_once(':').filter(|(of, _)| of.trim() == kind));
            let hash = hash.map(|(_, hash)| format!(".{}", hash.trim())).unwrap_or_default();
            format!("{}{}{hash}.{kind}", options.site_pkg_dir_route_base(), options.output_name)
        };
        Assets { css: name("css"), js: name("js"), wasm: name("wasm") }
    }
}
