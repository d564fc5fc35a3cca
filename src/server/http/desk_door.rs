//! The way to the desk: its paths, and the address that it answers at.

use axum::http::Extensions;

use super::state::AppState;

/// Path of the desk's pages, and of everything below it.
pub const PAGES: &str = "/desk";
/// Path below which programs call the desk.
pub const API: &str = "/api/desk";

pub const INVITATIONS: &str = "/desk/invitations";
pub const WAITLIST: &str = "/desk/waitlist";
/// Path of the page of the policy, and of what belongs to it.
pub const STEER: &str = "/desk/steer";
pub const PREVIEW_OF_PAGE: &str = "/desk/steer/preview";
pub const PREVIEW_OF_MAIL: &str = "/desk/steer/preview/mail";
pub const PREVIEW_STYLE: &str = "/desk/steer/preview.css";
pub const EXPORT: &str = "/desk/steer/overrides.toml";

/// Marks a request that came in at the desk's own address, `desk.listen`.
#[derive(Clone, Copy, Debug)]
pub struct AtDesk;

/// Reports whether there is a desk for a request with these extensions: the desk is on, and if it
/// has an address of its own the request came in there. That is decided by the address that was
/// opened at the start: a policy that no longer names it must not open the desk to everybody.
pub fn is_open(state: &AppState, extensions: &Extensions) -> bool {
    let is_here = !state.is_desk_apart || extensions.get::<AtDesk>().is_some();
    is_here && state.auth.policy().desk.enabled
}
