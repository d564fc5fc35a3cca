//! The caller of an endpoint that begins or ends a sign-in.

use crate::server::{
    auth::Requester,
    config::Headless,
    ground::error::Error,
    http::{caller::Caller, state::AppState},
};

/// Adds to a requester the app that calls for it. Refuses callers without an app's token where the
/// policy closes the API to them (`server.headless`), for a team whose own back end signs its users
/// in. The pages' own forms stay.
pub async fn of_app(
    state: &AppState,
    caller: &Caller,
    mut requester: Requester,
) -> Result<Requester, Error> {
    match caller.client_of_app(state).await? {
        Some(client) => requester.client = client,
        None if state.auth.policy().server.headless == Headless::Apps => {
            return Err(Error::AppNeeded);
        }
        None => {}
    }
    Ok(requester)
}
