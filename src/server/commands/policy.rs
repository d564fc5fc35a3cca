//! Commands of an operator for the policy: what is in force and where it comes from, and overrides
//! of the desk, which a shell can take back when they keep everybody out.

use clap::Subcommand;

use crate::server::{
    auth::{Auth, Client, policy::Parts},
    config::{
        desk::Role,
        overrides::{Override, Place, export, place_of, value_of, values},
        steerable,
    },
    desk::{
        operator::{ActReason, Operator},
        steer::{Edit, Refusal, steer},
    },
    ground::{clock::rfc_3339, timestamp},
};

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Show the keys that operators may override, with their values in force and where each comes
    /// from.
    Show {
        /// Show all keys as they were in force at a time, given like 2026-01-31,
        /// 2026-01-31T12:00:00Z, 12h or 7d (ago).
        #[arg(long)]
        at: Option<String>,
    },
    /// Show the overrides beside the values that they replace.
    Diff,
    /// Print the overrides as Leptos.toml would state them, with who set each and why.
    Export,
    /// Take overrides back, so that the file has its way again.
    TakeBack {
        #[arg(required = true)]
        keys: Vec<String>,
        /// Reason, for the audit table.
        #[arg(long, default_value = "taken back by a command")]
        reason: String,
    },
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: PolicyCommand) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        PolicyCommand::Show { at: None } => show(auth),
        PolicyCommand::Show { at: Some(at) } => show_at(auth, &at).await?,
        PolicyCommand::Diff => diff(&auth.parts()),
        PolicyCommand::Export => print!("{}", export(&auth.parts().in_force())),
        PolicyCommand::TakeBack { keys, reason } => take_back(auth, &keys, &reason).await?,
    }
    Ok(())
}

fn show(auth: &Auth) {
    let (policy, parts) = (auth.policy(), auth.parts());
    let (values, in_force) = (values(&policy), parts.in_force());
    for steerable in steerable::keys() {
        let key = &steerable.key;
        let value = value_of(&values, key);
        let place = place_of(&parts.base, &in_force, key);
        // Words of mails that nobody has changed would only be a long list.
        if let (None, Place::Default) = (&value, &place) {
            continue;
        }
        println!("{key} = {}  # {}", value.as_deref().unwrap_or("unset"), named(&place));
    }
    left_out(&parts);
}

async fn show_at(auth: &Auth, at: &str) -> Result<(), Box<dyn std::error::Error>> {
    let at = timestamp::parse(at, auth.clock.now())?;
    let policy = auth.policy_at(at).await?;
    let policy = policy.ok_or("it is not known what was in force then: see audit.keep_days")?;
    policy.iter().for_each(|(key, value)| println!("{key} = {value}"));
    Ok(())
}

fn diff(parts: &Parts) {
    let base = values(&parts.base);
    for one in parts.in_force() {
        let before = value_of(&base, &one.key);
        println!("{}: {} → {}", one.key, before.as_deref().unwrap_or("unset"), one.value);
        println!("  {}", by(&one));
    }
    left_out(parts);
}

fn left_out(parts: &Parts) {
    for out in &parts.left_out {
        println!("left out: {} {}", out.key, out.why);
    }
}

fn named(place: &Place<'_>) -> String {
    match place {
        Place::Default => "default".to_owned(),
        Place::File(Some(line)) => format!("file, line {line}"),
        Place::File(None) => "file".to_owned(),
        Place::Variable(name) => format!("variable {name}"),
        Place::Override(one) => format!("override, {}", by(one)),
    }
}

fn by(one: &Override) -> String {
    let said = format!("{} by {}: {}", rfc_3339(one.at), one.set_by, one.reason);
    // The reason is an operator's text: it must not steer the terminal.
    said.replace(char::is_control, " ")
}

async fn take_back(auth: &Auth, keys: &[String], reason: &str) -> Result<(), Refusal> {
    let edit = |key: &String| Edit { key: key.clone(), value: None, seen: None };
    let edits: Vec<Edit> = keys.iter().map(edit).collect();
    let shell = Operator {
        name: "shell".to_owned(),
        role: Role::Steer,
        is_fresh: true,
        client: Client::default(),
        address: None,
    };
    steer(auth, &shell, &edits, &ActReason::parse(reason)?).await?;
    let values = values(&auth.policy());
    for key in keys {
        let value = value_of(&values, key);
        println!("{key} is {} again", value.as_deref().unwrap_or("unset"));
    }
    Ok(())
}
