//! The door of browsers and of those who run the server: routes, what surrounds each request, the
//! guard, and pages rendered.

pub mod brand_files;
pub mod canonical;
pub mod dev_mailbox;
pub mod guard;
pub mod ops;
pub mod render;
pub mod router;
