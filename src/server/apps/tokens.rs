//! The token endpoint, and what apps do with tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

use super::{
    Apps, assertion::Assertion, authorize::hash, bearer::scope_of, denial::Denial,
    device_requests::DEVICE_CODE, params::Params,
};
use crate::server::{
    config::apps::{App, Scope, Scopes},
    ground::{
        clock::{DAY, Millis, SECOND},
        error::Error,
        jose::Algorithm,
        keys::Purpose,
    },
    store::{Grant, Rotated},
};

/// Lifetime of access tokens and ID tokens, in seconds.
pub(super) const LIVES: i64 = 600;
/// Time that a refresh token is good for, unless it is used; then the next one is.
const REFRESHES_FOR: Millis = 30 * DAY;
/// Time after the sign-in at which refreshing ends, however much a token is used (ASVS 5.0 10.4.8).
const AT_MOST: Millis = 180 * DAY;
/// Time in which a refresh token that was used already is answered alike: an app whose answer was
/// lost asks again. Rotation without it locks people out.
const GRACE: Millis = 60 * SECOND;
/// Type of access tokens (RFC 9068, 2.1).
pub(super) const ACCESS: &str = "at+jwt";
/// Type of ID tokens.
pub(super) const IDENTITY: &str = "JWT";

impl Apps {
    /// Returns the app that a request is of (RFC 6749, 2.3): by name and secret in the header or in
    /// the form, by a token that it signed, or by its name alone if it can keep no secret.
    pub async fn authenticate(
        &self,
        basic: Option<(String, String)>,
        params: &Params,
    ) -> Result<App, Denial> {
        let wrong = || Denial::new("invalid_client", "The app is unknown, or its secret is wrong.");
        let (id, secret) = (params.one("client_id")?, params.one("client_secret")?);
        if let Some(assertion) = Assertion::of(params)? {
            if basic.is_some() || secret.is_some() {
                return Err(Denial::request("There is a secret beside client_assertion."));
            }
            return self.by_assertion(&assertion, id).await;
        }
        let (id, secret) = match &basic {
            Some(_) if secret.is_some() => {
                return Err(Denial::request("There are two secrets: one in the header is enough."));
            }
            Some((named, _)) if id.is_some_and(|id| id != named) => return Err(wrong()),
            Some((named, secret)) => (Some(named.as_str()), Some(secret.as_str())),
            None => (id, secret),
        };
        let app = self.app(id.ok_or_else(wrong)?).ok_or_else(wrong)?;
        let proved = match secret {
            Some(secret) => app.knows(secret),
            None => app.is_public(),
        };
        if proved { Ok(app) } else { Err(wrong()) }
    }

    /// Answers a request for tokens.
    pub async fn exchange(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        match params.needed("grant_type")? {
            "authorization_code" => self.by_code(app, params).await,
            "refresh_token" => self.by_refresh_token(app, params).await,
            "client_credentials" => self.of_the_app(app, params).await,
            DEVICE_CODE => self.by_device_code(app, params).await,
            _ => Err(Denial::new(
                "unsupported_grant_type",
                "grant_type may be authorization_code, refresh_token, client_credentials or \
                 urn:ietf:params:oauth:grant-type:device_code.",
            )),
        }
    }

    async fn by_code(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        let code = params.needed("code")?;
        let (redirect_uri, verifier) =
            (params.needed("redirect_uri")?, params.one("code_verifier")?);
        let now = self.auth.clock.now();
        let judge = |grant: &Grant| {
            let is_right = grant.redirect_uri == redirect_uri
                && now < grant.code_expires_at
                && match (&grant.challenge, verifier) {
                    (Some(challenge), Some(verifier)) => {
                        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge
                    }
                    (None, None) => true,
                    // A verifier without a challenge: the challenge was cut out on the way (RFC
                    // 9700, 4.8.2).
                    _ => false,
                };
            is_right.then(|| first_end(grant, now))
        };
        let (hash, id) = (hash(code), app.id.as_str());
        let grant = self.auth.store.use_code(&hash, id, self.own_users(), now, judge).await?;
        match self.usable(grant).await? {
            Some(grant) => self.tokens(app, &grant).await,
            None => Err(Denial::grant(
                "The code is wrong, has expired, was used before, or is not for this app, \
                 redirect_uri and code_verifier; or the user has signed out meanwhile.",
            )),
        }
    }

    async fn by_refresh_token(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        let wrong = || {
            Denial::grant("The refresh token is wrong, has expired, was revoked or used before.")
        };
        let (id, generation) =
            self.read_refresh(params.needed("refresh_token")?).ok_or_else(wrong)?;
        let (now, own_users) = (self.auth.clock.now(), self.own_users());
        let known = self.auth.store.grant(&id, own_users).await?;
        let known = known
            .filter(|known| known.app_id == app.id.as_str() && now < known.signed_in_at + AT_MOST);
        let known = self.usable(known).await?.ok_or_else(wrong)?;
        let asked = Scopes::parse(params.one("scope")?.unwrap_or_default());
        if asked.within(&Scopes::parse(&known.scopes)) != asked {
            return Err(Denial::new("invalid_scope", "scope is more than was granted."));
        }
        let until = (now + REFRESHES_FOR).min(known.signed_in_at + AT_MOST);
        match self.auth.store.rotate(&known, generation, own_users, now, GRACE, until).await? {
            Rotated::To(generation) => self.tokens(app, &Grant { generation, ..known }).await,
            Rotated::Reused => {
                tracing::warn!(
                    app = known.app_id,
                    "a refresh token was used twice: its grant ends"
                );
                Err(wrong())
            }
            Rotated::Gone => Err(wrong()),
        }
    }

    /// Returns the answer with the tokens of a grant.
    pub(super) async fn tokens(&self, app: &App, grant: &Grant) -> Result<Value, Denial> {
        // We alone read an access token of a user: its signature need not be the app's, and one by
        // RSA would cost more than the rest of a refresh (docs/performance.md).
        let algorithm = Algorithm::Es256;
        let (scopes, id) = (grant.scopes.as_str(), Some(grant.id.as_str()));
        let access = self.access_token(app, algorithm, &grant.user_id, scopes, id).await?;
        // The left half of the hash that the ID token's signature uses (OpenID Connect Core,
        // 3.1.3.6).
        let half = match app.algorithm {
            Algorithm::EdDsa => Sha512::digest(&access)[..32].to_vec(),
            Algorithm::Rs256 | Algorithm::Es256 => Sha256::digest(&access)[..16].to_vec(),
        };
        let claims = self.identity(grant, LIVES, &URL_SAFE_NO_PAD.encode(half));
        let key = self.keys.signing(app.algorithm).await?;
        let mut answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": LIVES,
            "scope": grant.scopes,
            "id_token": key.sign(IDENTITY, &claims)?,
        });
        if refreshes(grant) {
            answer["refresh_token"] = self.refresh_token(grant)?.into();
        }
        Ok(answer)
    }

    /// Returns an access token. `grant` is the id of its user's grant, if it is of a user.
    pub(super) async fn access_token(
        &self,
        app: &App,
        algorithm: Algorithm,
        subject: &str,
        scopes: &str,
        grant: Option<&str>,
    ) -> Result<String, Error> {
        let now = self.auth.clock.now() / SECOND;
        let mut claims = json!({
            "iss": self.issuer(),
            "aud": self.issuer(),
            "sub": subject,
            "client_id": app.id.as_str(),
            "iat": now,
            "exp": now + LIVES,
            "jti": self.auth.random.id()?,
        });
        if grant.is_some() || !scopes.is_empty() {
            claims["scope"] = scopes.into();
        }
        if let Some(grant) = grant {
            claims["gid"] = grant.into();
        }
        self.keys.signing(algorithm).await?.sign(ACCESS, &claims)
    }

    /// Returns the refresh token of a grant's generation. Nothing of it is stored: only this server
    /// can make its code.
    fn refresh_token(&self, grant: &Grant) -> Result<String, Error> {
        let text = format!("{}.{}", grant.id, grant.generation);
        Ok(format!("{text}.{}", self.auth.keys.sign(Purpose::RefreshToken, &text)?))
    }

    /// Returns the grant and the generation of a refresh token, if it is one of ours.
    fn read_refresh(&self, token: &str) -> Option<(String, i64)> {
        let (text, code) = token.rsplit_once('.')?;
        let (id, generation) = text.split_once('.')?;
        let generation = generation.parse().ok()?;
        let is_ours = self.auth.keys.verify(Purpose::RefreshToken, text, code);
        is_ours.then(|| (id.to_owned(), generation))
    }

    /// Returns the claims of an access token that is ours and has not expired.
    pub(super) async fn claims_of(&self, token: &str) -> Result<Option<Value>, Error> {
        let Some(key) = self.keys.of_token(token).await? else { return Ok(None) };
        let now = self.auth.clock.now() / SECOND;
        let claims = key.verify(ACCESS, token).filter(|claims| {
            claims["iss"] == self.issuer() && claims["exp"].as_i64().is_some_and(|exp| now < exp)
        });
        Ok(claims)
    }

    /// Returns the grant of an access token of a user, if it is alive.
    async fn grant_of(&self, token: &str) -> Result<Option<Grant>, Error> {
        let claims = self.claims_of(token).await?;
        let id = claims.as_ref().and_then(|claims| claims["gid"].as_str());
        let Some(id) = id else { return Ok(None) };
        self.usable(self.auth.store.grant(id, self.own_users()).await?).await
    }

    /// Returns what an access token allows to know of its user.
    pub async fn user_info(&self, token: &str) -> Result<Value, Denial> {
        let grant = self.grant_of(token).await?.ok_or_else(Denial::token)?;
        Ok(self.about(&grant))
    }

    /// Ends what an app holds by a token, whatever kind it is (RFC 7009). A token of another app,
    /// or none, is nothing to tell anybody about.
    pub async fn revoke(&self, app: &App, params: &Params) -> Result<(), Denial> {
        let token = params.needed("token")?;
        let id = match self.read_refresh(token) {
            Some((id, _)) => Some(id),
            None => self.grant_of(token).await?.map(|grant| grant.id),
        };
        let Some(id) = id else { return Ok(()) };
        let grant = self.auth.store.grant(&id, self.own_users()).await?;
        if grant.is_some_and(|grant| grant.app_id == app.id.as_str()) {
            self.auth.store.end_grant(&id, self.auth.clock.now()).await?;
        }
        Ok(())
    }

    /// Tells an app whether a token of its own still counts (RFC 7662).
    pub async fn introspect(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        if app.is_public() {
            let why = "An app without a secret is told nothing.";
            return Err(Denial::new("unauthorized_client", why));
        }
        let (token, id) = (params.needed("token")?, app.id.as_str());
        let told = match self.read_refresh(token) {
            Some((grant_id, generation)) => self.refresh_told(id, &grant_id, generation).await?,
            None => self.access_told(id, token).await?,
        };
        Ok(told.unwrap_or_else(|| json!({ "active": false })))
    }

    async fn refresh_told(
        &self,
        app_id: &str,
        grant_id: &str,
        generation: i64,
    ) -> Result<Option<Value>, Error> {
        let now = self.auth.clock.now();
        let grant = self.auth.store.grant(grant_id, self.own_users()).await?;
        let own = grant.filter(|grant| {
            grant.app_id == app_id && grant.generation == generation && now < grant.expires_at
        });
        Ok(self.usable(own).await?.map(|grant| {
            json!({
                "active": true,
                "iss": self.issuer(),
                "client_id": app_id,
                "sub": grant.user_id,
                "scope": grant.scopes,
                "exp": grant.expires_at / SECOND,
            })
        }))
    }

    async fn access_told(&self, app_id: &str, token: &str) -> Result<Option<Value>, Error> {
        let claims = self.claims_of(token).await?;
        let Some(mut claims) = claims.filter(|claims| claims["client_id"] == app_id) else {
            return Ok(None);
        };
        let is_of_a_user = !claims["gid"].is_null();
        if is_of_a_user {
            let Some(grant) = self.grant_of(token).await? else { return Ok(None) };
            claims["scope"] = grant.scopes.into();
        }
        let own = (!is_of_a_user).then(|| self.app(app_id).and_then(|app| scope_of(&app, &claims)));
        claims["active"] = true.into();
        claims["token_type"] = "Bearer".into();
        if let Some(claims) = claims.as_object_mut() {
            claims.remove("gid");
            match own {
                Some(Some(scope)) => drop(claims.insert("scope".to_owned(), scope.into())),
                Some(None) => drop(claims.remove("scope")),
                None => {}
            }
        }
        Ok(Some(claims))
    }
}

/// Returns the end of a grant whose code is used now, unless it is refreshed. Without refresh
/// tokens it stays as long as its session, whose end the app is told.
pub(super) fn first_end(grant: &Grant, now: Millis) -> Millis {
    if refreshes(grant) { now + REFRESHES_FOR } else { grant.session_expires_at }
}

/// True if the app was allowed to go on without the user.
fn refreshes(grant: &Grant) -> bool {
    Scopes::parse(&grant.scopes).has(Scope::OfflineAccess)
}
