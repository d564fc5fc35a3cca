//! Everything served to browsers and operators: routes, the middleware around each request, the
//! guard, and the rendering of pages.

pub mod brand_files;
pub mod canonical;
mod desk_files;
mod desk_previews;
pub mod dev_mailbox;
mod forward_auth;
pub mod guard;
mod hooks;
mod oidc;
pub mod ops;
pub mod render;
pub mod router;
