//! Tokens for the team's own services: a service verifies one by our key set alone, and asks nobody.
//! So it counts until it expires, whatever becomes of its session; a service that must know at once
//! asks `/api/auth/session` instead.

use serde_json::json;

use super::Apps;
use crate::server::{
    auth::session::Session,
    ground::{
        clock::{Millis, SECOND},
        error::Error,
        jose::Algorithm,
    },
};

/// Lifetime in seconds: for so long a service goes on to let in somebody who has signed out.
const LIVES: i64 = 300;
/// Type of these tokens: none passes for one of an app, or for a session.
const SERVICE: &str = "service+jwt";

/// A token for one service.
#[derive(Debug)]
pub struct ServiceToken {
    pub jwt: String,
    pub audience: String,
    pub expires_at: Millis,
}

impl Apps {
    /// Returns a token of the session's user for a service of the policy: for `audience`, or for the
    /// only one there is.
    pub async fn service_token(
        &self,
        session: &Session,
        audience: Option<&str>,
    ) -> Result<ServiceToken, Error> {
        let policy = self.auth.policy();
        let known = &policy.session.audiences;
        let audience = match (audience, known.as_slice()) {
            (None, [only]) => only,
            (Some(asked), known) if known.iter().any(|known| known == asked) => asked,
            (None, _) => return Err(Error::MissingField { field: "audience".to_owned() }),
            (Some(_), _) => {
                let why = "The audience is none of session.audiences in the policy of this server.";
                return Err(Error::invalid(why));
            }
        };
        let (now, row) = (self.auth.clock.now() / SECOND, &session.row);
        let until = (now + LIVES).min(row.expires_at / SECOND);
        let claims = json!({
            "iss": self.issuer(),
            "aud": audience,
            "sub": row.user_id,
            "email": row.address.as_str(),
            "sid": row.id,
            "auth_time": row.created_at / SECOND,
            "iat": now,
            "exp": until,
            "jti": self.auth.random.id()?,
        });
        let jwt = self.keys.signing(Algorithm::Rs256).await?.sign(SERVICE, &claims)?;
        Ok(ServiceToken { jwt, audience: audience.to_owned(), expires_at: until * SECOND })
    }
}
