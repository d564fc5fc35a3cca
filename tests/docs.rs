//! Claims of the documents about the tests and the examples.

use std::{fs, path::Path};

#[test]
fn every_test_that_the_security_document_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(top.join("docs/security.md")).unwrap();
    let sources = |folder: &str| -> Vec<(String, String)> {
        let files = fs::read_dir(top.join(folder))
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file());
        let read = |path: std::path::PathBuf| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(path).unwrap(),
            )
        };
        files.map(read).collect()
    };
    let (stories, browser_tests) = (sources("tests"), sources("end2end/tests"));
    let mut named = 0;
    for name in document.split('`').skip(1).step_by(2) {
        let exists = if let Some(unit) = name.strip_prefix("unit: ") {
            let (module, test) = unit.rsplit_once("::").unwrap();
            let path = top.join("src").join(module.replace("::", "/"));
            let file = [path.with_extension("rs"), path.join("mod.rs")]
                .into_iter()
                .find(|path| path.exists());
            file.is_some_and(|file| {
                fs::read_to_string(file).unwrap().contains(&format!("fn {test}("))
            })
        } else if let Some(title) = name.strip_prefix("end2end: ") {
            let (file, title) = title.split_once(": ").unwrap_or((title, ""));
            browser_tests.iter().any(|(name, text)| name == file && text.contains(title))
        } else if let Some((module, test)) = name.split_once("::") {
            let Some((_, text)) = stories.iter().find(|(name, _)| *name == format!("{module}.rs"))
            else {
                continue;
            };
            text.contains(&format!("fn {test}("))
        } else {
            continue;
        };
        assert!(exists, "docs/security.md names {name}, and there is no such test");
        named += 1;
    }
    assert!(named > 200, "{named} were found");
}

#[test]
fn the_services_that_the_document_shows_are_those_that_run() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(top.join("docs/services.md")).unwrap();
    let files = ["express.mjs", "fastapi_asking.py"]
        .map(|file| fs::read_to_string(top.join("examples/services").join(file)).unwrap());
    let blocks: Vec<&str> = document.split("```").skip(1).step_by(2).collect();
    for (language, file) in [("js\n", &files[0]), ("python\n", &files[1])] {
        let shown = blocks.iter().find_map(|block| block.strip_prefix(language)).unwrap();
        assert!(file.contains(shown), "docs/services.md shows what is not in the file:\n{shown}");
    }
}
