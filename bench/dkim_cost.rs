//! Measures what signing (DKIM) adds to composing a mail, in milliseconds of one core.

use latchkey::server::{
    config::{DkimKey, MailPolicy, Policy},
    ground::{clock::Clock, random::Random},
    mail::{
        dkim::{Dkim, Kind},
        templates::Templates,
    },
};
use std::{error::Error, time::Duration};

/// Rounds, of which the median is shown, and mails of each.
const ROUNDS: usize = 15;
const MAILS: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("dkim_cost.{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let (policy, public_url) = (Policy::default(), "https://login.example.com".parse()?);
    let templates = Templates::of_policy(&policy, &public_url)?;
    let from = "Example <no-reply@example.com>".parse()?;
    let compose = || templates.sample("sign_in", &policy, &from, &public_url, Clock::System.now());
    let mut dkims = Vec::new();
    for kinds in [&[][..], &[Kind::Rsa], &[Kind::Ed25519], &[Kind::Rsa, Kind::Ed25519]] {
        let mut mail = MailPolicy::default();
        for kind in kinds {
            let (selector, key) = (kind.name().to_owned(), folder.join(kind.name()));
            std::fs::write(&key, kind.draw(&Random::System)?)?;
            mail.dkim.push(DkimKey { selector, key, domain: None });
        }
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        dkims.push((names.join(" and "), Dkim::open(&mail, &from, Clock::System)?));
    }
    let composing = median(|| compose().map(drop))?;
    println!("composing a mail: {composing:.3} ms");
    let message = compose()?.message;
    let mut plain = 0.0;
    for (names, dkim) in dkims {
        let taken = median(|| dkim.raw(&message).map(drop))?;
        if names.is_empty() {
            // Every mail becomes bytes, signed or not.
            plain = taken;
            continue;
        }
        let signing = taken - plain;
        println!("signing by {names}: {signing:.3} ms, {:.2} of composing", signing / composing);
    }
    Ok(())
}

/// Returns the median time of one call, in milliseconds.
fn median<E>(mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Clock::System.monotonic();
        for _ in 0..MAILS {
            call()?;
        }
        rounds.push(Clock::System.monotonic().saturating_sub(begun));
    }
    rounds.sort();
    Ok(rounds
        .get(ROUNDS / 2)
        .map_or(0.0, |round: &Duration| round.as_secs_f64() * 1_000.0 / f64::from(MAILS)))
}
