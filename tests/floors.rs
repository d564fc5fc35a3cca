//! The floors of the code (the map at the top of `src/lib.rs`): a file imports only from its own
//! floor and the floors below, so that folders do not depend on each other in a circle.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The level of each floor, the lowest first. Floors on one line of the map are on the same level:
/// neither imports from the other.
fn levels(map: &str) -> BTreeMap<String, usize> {
    let lines = map.lines().map(|line| line.trim_start_matches("//!").trim());
    let floors: Vec<&str> = lines
        .skip_while(|line| *line != "```text")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect();
    let mut levels = BTreeMap::new();
    for (level, floor) in floors.iter().rev().enumerate() {
        let (names, _) = floor.split_once("  ").expect("two spaces after the names of the floors");
        for name in names.split(", ") {
            levels.insert(name.to_owned(), level);
        }
    }
    levels
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// `["server", "auth", "connection"]` of `server/auth/connection.rs`.
fn module_of(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let parts = parts.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| !["mod", "lib"].contains(&part.as_str())).collect()
}

/// The floor of a path within the crate.
fn floor(path: &[String]) -> Option<&String> {
    if path.first()? == "server" { path.get(1) } else { path.first() }
}

/// Adds every path that begins with `crate` or `super`, in imports, code and macros.
fn collect(tokens: TokenStream, module: &[String], found: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let ident = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    };
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if at >= 2 && ident(at - 2) == "mod" => {
                let inner = [module, &[ident(at - 1)]].concat();
                collect(group.stream(), &inner, found);
            }
            TokenTree::Group(group) => collect(group.stream(), module, found),
            TokenTree::Ident(_) if ident(at) == "crate" => follow(&tokens[at + 1..], &[], found),
            TokenTree::Ident(_) if ident(at) == "super" && !is_after_colons(&tokens, at) => {
                follow(&tokens[at + 1..], &module[..module.len() - 1], found);
            }
            _ => {}
        }
    }
}

fn is_after_colons(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// Adds the paths that continue `prefix`.
fn follow(tokens: &[TokenTree], prefix: &[String], found: &mut Vec<Vec<String>>) {
    let [TokenTree::Punct(first), TokenTree::Punct(second), next, ..] = tokens else {
        return found.push(prefix.to_vec());
    };
    if first.as_char() != ':' || second.as_char() != ':' {
        return found.push(prefix.to_vec());
    }
    match next {
        TokenTree::Ident(name) if name == "super" => {
            follow(&tokens[3..], &prefix[..prefix.len() - 1], found);
        }
        TokenTree::Ident(name) => {
            follow(&tokens[3..], &[prefix, &[name.to_string()]].concat(), found);
        }
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
            for item in tokens.split(is_comma) {
                if let Some((TokenTree::Ident(name), rest)) = item.split_first() {
                    follow(rest, &[prefix, &[name.to_string()]].concat(), found);
                }
            }
        }
        _ => found.push(prefix.to_vec()),
    }
}

#[test]
fn no_file_imports_from_a_floor_above_its_own_or_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let levels = levels(&fs::read_to_string(root.join("lib.rs")).unwrap());
    let (mut faults, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for path in sources(&root) {
        let name = path.strip_prefix(&root).unwrap();
        let module = module_of(name);
        // Skips the crate's root, the program and the browser's entry point, which are above all
        // floors.
        if floor(&module).is_none_or(|floor| ["main", "hydrate"].contains(&floor.as_str())) {
            continue;
        }
        let own = floor(&module).unwrap();
        seen.insert(own.clone());
        let mut found = Vec::new();
        collect(fs::read_to_string(&path).unwrap().parse().unwrap(), &module, &mut found);
        for target in found.iter().filter_map(|path| floor(path)).filter(|target| *target != own) {
            let is_below = matches!((levels.get(own), levels.get(target)), (Some(own), Some(target)) if target < own);
            if !is_below {
                faults.insert(format!("{} imports from {target}", name.display()));
            }
        }
    }
    assert_eq!(faults, BTreeSet::new(), "floors are listed in src/lib.rs, the highest first");
    assert_eq!(seen, levels.into_keys().collect(), "the map shows exactly the existing floors");
}

#[test]
fn an_import_from_a_higher_floor_is_found_wherever_it_stands() {
    let module = ["server", "ground", "clock"].map(str::to_owned);
    for text in [
        "use crate::server::{auth::{Core, link}, store};",
        "use super::super::auth;",
        "fn f() { vec![super::super::auth::g()]; }",
        "mod tests { use super::super::super::auth::Core; }",
        "const F: fn() = crate::server::auth::f::<u8>;",
    ] {
        let mut found = Vec::new();
        collect(text.parse().unwrap(), &module, &mut found);
        assert!(found.iter().any(|path| floor(path).unwrap() == "auth"), "{text}: {found:?}");
    }
}
