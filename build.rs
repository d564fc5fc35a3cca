//! Checks that every language has every word: a catalogue that lacks a key, or has one that no
//! other has, fails the build. `say!` checks that the keys named in the code exist.

use fluent_syntax::{ast::Entry, parser::parse};
use std::{collections::BTreeSet, error::Error, fs, path::Path};

const FOLDER: &str = "words";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    println!("cargo::rerun-if-changed=i18n.toml");
    println!("cargo::rerun-if-changed=migrations");
    let mut catalogues = Vec::new();
    for language in fs::read_dir(FOLDER)? {
        let file = language?.path().join("latchkey.ftl");
        catalogues.push((keys(&file)?, file));
    }
    let all: BTreeSet<&String> = catalogues.iter().flat_map(|(keys, _)| keys).collect();
    for (keys, file) in &catalogues {
        for key in &all {
            if !keys.contains(*key) {
                println!("cargo::error={} lacks `{key}`", file.display());
            }
        }
    }
    Ok(())
}

fn keys(file: &Path) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let catalogue = parse(text).map_err(|(_, errors)| format!("{}: {errors:?}", file.display()))?;
    let keys = catalogue.body.into_iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message.id.name),
        _ => None,
    });
    Ok(keys.collect())
}
