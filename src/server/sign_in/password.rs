//! The password, for teams that want one beside the mail.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use std::{sync::LazyLock, time::Duration};
use tokio::time::timeout;
use zxcvbn::{Score, zxcvbn};

use super::{
    Beginning, Browser, By, Core, SignedIn, address::Address, destination, device, limits,
};
use crate::{
    error::Error,
    server::{
        clock::Millis,
        config::Passwords,
        session::Session,
        store::FailedTry,
        words::{language, say, speaking},
    },
};

/// OWASP's first choice for argon2id (Password Storage cheat sheet): 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters. Eight at least (ASVS 5.0 6.2.1), and room for a sentence (6.2.9).
const SHORTEST: usize = 8;
const LONGEST: usize = 128;

/// How long a request waits for its turn to be hashed.
const PATIENCE: Duration = Duration::from_secs(3);

/// What an unknown address or one without a password is checked against, so that it takes as long.
/// Nothing matches it: the bytes are no hash of anything we know.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )
});

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Error::Internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Does the hashing on a thread of its own, as many at once as there are cores: each takes 19 MiB,
/// and a crowd of them must not take the server's memory (ASVS 5.0 15.2.2). Who would wait too long
/// is told to come back.
async fn hashing<T: Send + 'static>(
    core: &Core,
    hash: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let permit = timeout(PATIENCE, core.hashing.acquire()).await;
    let _permit = permit.map_err(|_| Error::Unavailable)?.map_err(|_| Error::Internal)?;
    // What is said there is said in the language of who waits here.
    let language = language();
    tokio::task::spawn_blocking(move || speaking(language, hash))
        .await
        .map_err(|_| Error::Internal)?
}

/// Signs in with a password. Unknown addresses, users without a password and wrong passwords are
/// one and the same, in answer and in time; tries are counted against the address like those of
/// codes.
pub async fn verify(
    core: &Core,
    email: &str,
    password: &str,
    next: Option<&str>,
    browser: &Browser,
) -> Result<SignedIn, Error> {
    if core.policy().auth.passwords == Passwords::Off {
        return Err(Error::invalid(say!("detail-no-passwords")));
    }
    let address = Address::parse(email)?;
    core.ip_limits.verify(browser.client.ip)?;
    match attempt(core, &address, password.to_owned(), next, browser).await {
        Ok(signed_in) => Ok(signed_in),
        Err(error) => Err(core.refuse(error.into(), Some(address.as_str()), &browser.client).await),
    }
}

async fn attempt(
    core: &Core,
    address: &Address,
    password: String,
    next: Option<&str>,
    browser: &Browser,
) -> Result<SignedIn, Error> {
    let now = core.clock.now();
    let (policy, try_id, bucket) =
        (core.policy(), core.random.id()?, device::bucket(core, address.as_str(), browser));
    let allow = |failed_at: &[Millis]| limits::tries(&policy.limits, failed_at, now);
    core.store
        .spend_password_try(
            address.as_str(),
            &FailedTry { id: &try_id, bucket: &bucket, at: now },
            allow,
        )
        .await?;
    let user = core.store.password(address.as_str()).await?;
    let (user_id, kept) = match user {
        Some((user_id, Some(kept))) => (Some(user_id), kept),
        _ => (None, NOBODY.clone()),
    };
    let fits = hashing(core, move || {
        let Ok(hash) = PasswordHash::new(&kept) else { return Ok(false) };
        Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?;
    let user_id = user_id.filter(|_| fits).ok_or(Error::PasswordWrong)?;
    let beginning = Beginning::new(core, By::Password(&try_id), address.as_str(), browser)?;
    core.store
        .begin_session(&user_id, address.as_str(), &beginning.session(), beginning.at)
        .await?;
    let destination = destination::parse(core.public_url.url(), next);
    Ok(beginning.signed_in(user_id, address.as_str().to_owned(), destination, None))
}

/// Whether a password is among the first million guesses: one of the common ones, or made of what
/// anybody knows of this site and this person (ASVS 5.0 6.2.4, 6.2.11). What it is composed of is
/// nobody's business (6.2.5).
fn is_guessable(password: &str, known: &[String]) -> bool {
    let known: Vec<&str> = known
        .iter()
        .flat_map(|text| [text.as_str()].into_iter().chain(text.split(['@', '.', ' '])))
        .collect();
    zxcvbn(password, &known).score() < Score::Two
}

/// Sets the password of who has just signed in, or removes it when `password` is empty.
pub async fn set(core: &Core, session: &Session, password: &str) -> Result<(), Error> {
    if core.policy().auth.passwords == Passwords::Off {
        return Err(Error::invalid(say!("detail-no-passwords")));
    }
    if !session.is_recent(core) {
        return Err(Error::invalid(say!("detail-password-needs-fresh-sign-in")));
    }
    if password.is_empty() {
        return core.store.set_password(&session.row.user_id, None).await;
    }
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Error::invalid(say!(
            "detail-password-length",
            shortest = SHORTEST,
            longest = LONGEST,
            length = length
        )));
    }
    let salt = core.random.bytes::<16>()?;
    let password = password.to_owned();
    let known = [
        core.policy().brand.name.clone(),
        core.public_url.host().to_owned(),
        session.row.address.clone(),
    ];
    let hash = hashing(core, move || {
        if is_guessable(&password, &known) {
            return Err(Error::invalid(say!("detail-password-known")));
        }
        let hash = argon2()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(|_| Error::Internal)?;
        Ok(hash.to_string())
    })
    .await?;
    core.store.set_password(&session.row.user_id, Some(&hash)).await
}
