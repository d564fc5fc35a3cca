//! The operator's file while the server runs: what is applied, refused and logged.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

use crate::support::Teller;

const CLOSED: &str = "[brand]\nname = \"A\"\n[auth]\nmode = \"OTP\"\nsign_up = \"closed\"\n";

/// Starts a server whose file holds `policy`.
fn serving(folder: &TempDir, policy: &str) -> (Teller, PathBuf) {
    let path = folder.path().join("policy.toml");
    fs::write(&path, policy).unwrap();
    (reading(folder.path(), &path), path)
}

fn reading(folder: &Path, path: &Path) -> Teller {
    let told = Teller::start(folder, &[("LATCHKEY_CONFIG", path.to_str().unwrap())]);
    told.until("sign-in page");
    told
}

#[test]
fn an_empty_or_cut_off_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, path) = serving(&folder, CLOSED);
    for (text, says) in [
        ("", "states nothing"),
        ("# Who may sign in:\n", "states nothing"),
        ("[brand]\nname = \"A\"\n", "[auth] was there and is gone"),
        ("[brand]\nname = \"A\"\n[auth]\nmode = \"OTP\"\n", "auth.sign_up = \"closed\" was there"),
        ("[brand]\nname = \"A\"\n[auth]\nmode = \"O", "line 4"),
    ] {
        fs::write(&path, text).unwrap();
        // A single save may be noticed and refused more than once.
        while !server.until("policy.rejected")["fields"]["error"].as_str().unwrap().contains(says) {
        }
    }
    // The next change logs as old the value that stayed in force all along.
    fs::write(&path, CLOSED.replace("closed", "open")).unwrap();
    let changed = server.until("policy.changed");
    assert_eq!(changed["fields"]["key"], "auth.sign_up");
    assert_eq!(changed["fields"]["old"], "\"closed\"");
}

#[test]
fn apps_that_are_cut_off_or_badly_edited_stay_and_a_new_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let app = "[[apps]]\nid = \"wiki\"\nauth_method = \"none\"\n\
               redirect_uris = [\"https://wiki.example.com/cb\"]\n";
    let (server, path) = serving(&folder, &format!("{CLOSED}{app}"));
    for (text, says) in [
        (CLOSED.to_owned(), "[apps] was there and is gone"),
        (format!("{CLOSED}{}", app.replace("https", "http")), "line 9, apps.redirect_uris"),
    ] {
        fs::write(&path, text).unwrap();
        while !server.until("policy.rejected")["fields"]["error"].as_str().unwrap().contains(says) {
        }
    }
    fs::write(&path, format!("{CLOSED}{app}{}", app.replace("wiki", "shop"))).unwrap();
    let changed = server.until("policy.changed");
    let fields = &changed["fields"];
    assert_eq!((&changed["level"], &fields["key"]), (&"WARN".into(), &"apps".into()));
    assert_eq!((&fields["old"], &fields["new"]), (&"wiki".into(), &"wiki, shop".into()));
}

#[test]
fn a_server_does_not_start_with_a_file_that_states_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Leptos.toml"), "# to be written\n").unwrap();
    assert_eq!(Teller::start(folder.path(), &[]).ended(), Some(2));
}

#[test]
fn a_reload_logs_each_changed_key_and_warns_of_loosened_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (server, path) = serving(&folder, CLOSED);
    let looser = CLOSED.replace("closed", "open").replace("\"A\"", "\"B\"");
    fs::write(&path, looser).unwrap();
    for (level, key, old, new) in [
        ("WARN", "auth.sign_up", "\"closed\"", "\"open\""),
        ("INFO", "brand.name", "\"A\"", "\"B\""),
    ] {
        let line = server.until("policy.changed");
        let fields = &line["fields"];
        assert_eq!(line["level"], level, "{line}");
        assert_eq!(
            (&fields["key"], &fields["old"], &fields["new"]),
            (&key.into(), &old.into(), &new.into())
        );
    }
    assert_eq!(server.until("policy.applied")["fields"]["changed"], 2);
}

#[test]
fn sighup_reads_the_file_again_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = serving(&folder, CLOSED);
    for _ in 0..2 {
        server.signal("-HUP");
        server.until("policy.applied");
    }
}

#[test]
fn a_symlink_swapped_on_the_path_to_the_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for version in ["v1", "v2"] {
        fs::create_dir(folder.path().join(version)).unwrap();
        let policy = CLOSED.replace("\"A\"", &format!("\"{version}\""));
        fs::write(folder.path().join(version).join("policy.toml"), policy).unwrap();
    }
    // As Kubernetes lays out what it mounts: mounted/policy.toml → ..data/policy.toml, ..data → v1.
    let mounted = folder.path().join("mounted");
    fs::create_dir(&mounted).unwrap();
    let swap = |from: &Path, to: &str| {
        let beside = from.with_file_name("beside");
        symlink(to, &beside).unwrap();
        fs::rename(&beside, from).unwrap();
    };
    swap(&mounted.join("..data"), "../v1");
    symlink("..data/policy.toml", mounted.join("policy.toml")).unwrap();
    // As NixOS does: the link is in a folder that is not watched.
    fs::create_dir(folder.path().join("etc")).unwrap();
    swap(&folder.path().join("static"), "v1");
    symlink("../static/policy.toml", folder.path().join("etc/policy.toml")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let kubernetes = reading(other.path(), &mounted.join("policy.toml"));
    let nixos = reading(folder.path(), &folder.path().join("etc/policy.toml"));
    swap(&mounted.join("..data"), "../v2");
    swap(&folder.path().join("static"), "v2");
    for server in [kubernetes, nixos] {
        assert_eq!(server.until("policy.changed")["fields"]["new"], "\"v2\"");
    }
}
