//! Sign-in on devices without a browser (RFC 8628): the device shows a code, and its user allows it
//! in a browser elsewhere.
//!
//! A stranger can begin on a device of theirs and send the code to somebody (RFC 8628, 5.4). So a
//! person always confirms, whosever the app is and however the code came, and is told what to look
//! for. What the device gets hangs on the session that allowed it, as what other apps hold.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{Apps, authorize::hash, denial::Denial, params::Params, tokens::first_end};
use crate::server::{
    auth::{Client, limits, session::Session},
    config::apps::{App, Scope, Scopes},
    ground::{
        clock::{MINUTE, Millis, SECOND},
        error::Error,
        mode::Instead,
        random::Random,
        words::say,
    },
    store::{DeviceRequest, FailedTry, Grant, NewDeviceRequest, NewGrant, Usage},
    values::destination::with_query,
};

/// Name of the grant at the token endpoint.
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Path of the page where the code is typed.
pub const PAGE: &str = "/device";

/// Letters of user codes (RFC 8628, 6.1): no vowels, so that no words come out, and none that is
/// taken for another.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a user code: 34.5 bits. A user may be wrong as often as with codes of mails, 30 times
/// a day. Where a thousand devices wait at any time, a thousand such users hit one in two years.
const LENGTH: usize = 8;
/// Time in which a user answers.
const WAITS: Millis = 10 * MINUTE;
/// Seconds that a device waits between two polls, and that each poll too soon adds (RFC 8628, 3.5).
const INTERVAL: i64 = 5;
/// Time that a poll may come too soon: the one before may have been longer on its way.
const LEEWAY: Millis = SECOND;
/// Draws of a user code before it is given up. With a thousand devices that wait, one draw in 25
/// million is of a code that is taken.
const DRAWS: usize = 5;

/// A user code, as it is typed and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    fn draw(random: &Random) -> Result<Self, Error> {
        let mut letters = String::new();
        while letters.len() < LENGTH {
            let [byte] = random.bytes::<1>()?;
            // Bytes that would favour the first letters are thrown away.
            let usable = usize::from(byte) < 256 / LETTERS.len() * LETTERS.len();
            letters.extend(usable.then(|| char::from(LETTERS[usize::from(byte) % LETTERS.len()])));
        }
        Ok(UserCode(letters))
    }

    /// Reads a code that somebody typed, in any case, with whatever stands between its letters.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let letters: String = typed.nfkc().filter(|c| c.is_alphanumeric()).take(40).collect();
        let letters = letters.to_uppercase();
        let is_code =
            letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter));
        if is_code {
            return Ok(UserCode(letters));
        }
        Err(Error::invalid(say!("detail-device-code")))
    }

    /// Returns it as the device shows it.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(LENGTH / 2);
        format!("{first}-{second}")
    }
}

/// A device that waits for its user's answer.
#[derive(Clone, Debug)]
pub struct Asking {
    pub app: App,
    pub scopes: Scopes,
    request: DeviceRequest,
}

impl Apps {
    /// Begins a sign-in on a device, and returns the codes for it (RFC 8628, 3.1 and 3.2).
    pub async fn begin_on_device(
        &self,
        app: &App,
        params: &Params,
        client: &Client,
    ) -> Result<Value, Denial> {
        for_devices(app)?;
        let scopes = Scopes::parse(params.one("scope")?.unwrap_or_default()).within(&app.scopes);
        if !scopes.has(Scope::Openid) {
            return Err(Denial::new("invalid_scope", "scope has to include openid."));
        }
        // A row for each request, and nobody has proved anything yet.
        self.auth.one_more_verify(client).await?;
        let device_code = URL_SAFE_NO_PAD.encode(self.auth.random.bytes::<32>()?);
        let user_code = self.keep(app, &scopes, &hash(&device_code)).await?.shown();
        let page = format!("{}{PAGE}", self.issuer());
        Ok(json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": with_query(&page, "user_code", &user_code),
            "expires_in": WAITS / SECOND,
            "interval": INTERVAL,
        }))
    }

    /// Keeps the request of a device under a user code that no other has.
    async fn keep(
        &self,
        app: &App,
        scopes: &Scopes,
        device_hash: &[u8],
    ) -> Result<UserCode, Error> {
        let now = self.auth.clock.now();
        for _ in 0..DRAWS {
            let code = UserCode::draw(&self.auth.random)?;
            let kept = self.auth.keys.user_codes(&code.0).next().ok_or(Error::Internal)?;
            let new = NewDeviceRequest {
                device_hash,
                user_code: &kept,
                app_id: app.id.as_str(),
                scopes: &scopes.text(),
                interval_seconds: INTERVAL,
                at: now,
                expires_at: now + WAITS,
            };
            if self.auth.store.keep_device_request(&new).await? {
                return Ok(code);
            }
        }
        tracing::error!("no user code is free");
        Err(Error::Unavailable)
    }

    /// Returns the device that shows this code. Codes are tried at the cost of the client's
    /// allowance, and wrong ones at the user's own (RFC 8628, 5.1).
    pub async fn asking(
        &self,
        code: &UserCode,
        session: &Session,
        client: &Client,
    ) -> Result<Asking, Error> {
        self.auth.one_more_verify(client).await?;
        let (now, address) = (self.auth.clock.now(), &session.row.address);
        // No sign-in counts in this bucket, or wrong codes here would pause those of mails.
        let bucket = format!("device code {}", session.row.user_id);
        let policy = self.auth.policy();
        let allow = |failed: &[Usage]| {
            let allowed = limits::tries(&policy.limits, failed, None, Instead::Nothing, now);
            allowed.map_err(|error| Error::RateLimited {
                retry_after: error.retry_after().unwrap_or_default(),
            })
        };
        allow(&self.auth.store.failed_tries(&bucket, now).await?)?;
        for kept in self.auth.keys.user_codes(&code.0) {
            let Some(request) = self.auth.store.device_request(&kept, now).await? else { continue };
            // An app that has left the policy meanwhile, or may do this no more, asks nobody.
            let Some(app) = self.app(&request.app_id).filter(|app| app.device) else { continue };
            if !app.admits(address) {
                return Err(Error::invalid(say!("detail-not-admitted", app = app.shown())));
            }
            let scopes = Scopes::parse(&request.scopes).within(&app.scopes);
            return Ok(Asking { app, scopes, request });
        }
        let failed_try = FailedTry {
            id: &self.auth.random.id()?,
            bucket: &bucket,
            network: &client.ip_prefix,
            guess: "",
            at: now,
        };
        self.auth.store.spend_try(address, &failed_try, allow).await?;
        Err(Error::invalid(say!("detail-no-device")))
    }

    /// Answers a device for the user of a session. Fails if somebody else has answered it, or it
    /// has expired meanwhile.
    pub async fn answer_device(
        &self,
        asking: &Asking,
        session: &Session,
        allow: bool,
    ) -> Result<(), Error> {
        let now = self.auth.clock.now();
        let Asking { app, scopes, request } = asking;
        let (id, scopes) = (self.auth.random.id()?, scopes.text());
        let grant = allow.then_some(NewGrant {
            id: &id,
            app_id: app.id.as_str(),
            session_id: &session.row.id,
            scopes: &scopes,
            nonce: None,
            redirect_uri: "",
            challenge: None,
            code_hash: &request.device_hash,
            code_expires_at: request.expires_at,
            at: now,
        });
        let store = &self.auth.store;
        match store.answer_device_request(&request.device_hash, grant.as_ref(), now).await? {
            true => Ok(()),
            false => Err(Error::invalid(say!("detail-no-device"))),
        }
    }

    /// Answers a poll of a device (RFC 8628, 3.4 and 3.5). Its code is used once, as other codes:
    /// its second use ends what the first gave.
    pub(super) async fn by_device_code(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        for_devices(app)?;
        let hash = hash(params.needed("device_code")?);
        let (now, id) = (self.auth.clock.now(), app.id.as_str());
        let interval = |request: &DeviceRequest| match is_too_soon(request, now) {
            true => request.interval_seconds + INTERVAL,
            false => request.interval_seconds,
        };
        let polled = self.auth.store.poll_device_request(&hash, id, now, interval).await?;
        let has_expired = polled.as_ref().is_some_and(|request| now >= request.expires_at);
        let expired =
            || Denial::new("expired_token", "Nobody answered in time. Begin again on the device.");
        if let Some(request) = polled.filter(|request| request.grant_id.is_none()) {
            return Err(match request.answered_at {
                Some(_) => Denial::new("access_denied", "The user did not allow it."),
                None if has_expired => expired(),
                None if is_too_soon(&request, now) => Denial::new(
                    "slow_down",
                    format!("Wait {} seconds between two requests.", interval(&request)),
                ),
                None => Denial::new("authorization_pending", "The user has not answered yet."),
            });
        }
        let judge = |grant: &Grant| {
            let is_right = grant.redirect_uri.is_empty() && now < grant.code_expires_at;
            is_right.then(|| first_end(grant, now))
        };
        let grant = self.auth.store.use_code(&hash, id, self.own_users(), now, judge).await?;
        match self.usable(grant).await? {
            Some(grant) => self.tokens(app, &grant).await,
            None if has_expired => Err(expired()),
            None => Err(Denial::grant(
                "device_code is wrong, was used before, or is not for this app; or the user has \
                 signed out meanwhile.",
            )),
        }
    }
}

fn for_devices(app: &App) -> Result<(), Denial> {
    let why = "The policy has no device = true for this app.";
    app.device.then_some(()).ok_or_else(|| Denial::new("unauthorized_client", why))
}

fn is_too_soon(request: &DeviceRequest, now: Millis) -> bool {
    let interval = request.interval_seconds * SECOND - LEEWAY;
    request.polled_at.is_some_and(|last| now - last < interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_read_however_it_is_typed() {
        let code = UserCode::draw(&Random::seeded(1)).unwrap();
        let shown = code.shown();
        assert_eq!((shown.len(), shown.find('-')), (LENGTH + 1, Some(4)));
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!(" {} \u{2013} {}\n", &shown[..4], &shown[5..]),
            shown.chars().map(|c| format!("{c} ")).collect(),
            // Full-width letters, as an East Asian keyboard types them.
            shown
                .replace('-', "")
                .bytes()
                .filter_map(|c| char::from_u32(0xfee0 + u32::from(c)))
                .collect(),
        ] {
            assert_eq!(UserCode::parse(&typed).unwrap(), code, "{typed}");
        }
        for wrong in ["", "BCDF", "BCDF-GHJKL", "ABCD-EFGH", "BCDF-GHJ1", "BCDF-GHJÄ"] {
            assert!(UserCode::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_letter_of_a_user_code_is_as_likely() {
        let random = Random::seeded(7);
        let mut counts = [0; 20];
        for _ in 0..1_000 {
            for letter in UserCode::draw(&random).unwrap().0.bytes() {
                counts[LETTERS.iter().position(|known| *known == letter).unwrap()] += 1;
            }
        }
        assert!(counts.iter().all(|count| (320..480).contains(count)), "{counts:?}");
    }
}
