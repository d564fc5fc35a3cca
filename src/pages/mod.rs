//! The pages, one file each.

mod code;
mod confirm;
mod dashboard;
mod error_page;
mod frame;
mod goodbye;
mod home;
mod login;
mod not_found;
mod not_you;
mod webmail;

pub use code::CodePage;
pub use confirm::ConfirmPage;
pub use dashboard::DashboardPage;
pub use error_page::ErrorPage;
pub use goodbye::Goodbye;
pub use home::Home;
pub use login::LoginPage;
pub use not_found::NotFound;
pub use not_you::NotYouPage;
