//! The pages, one file each.

mod code;
mod confirm;
mod dashboard;
mod frame;
mod home;
mod login;
mod not_found;
mod trouble;

pub use code::CodePage;
pub use confirm::ConfirmPage;
pub use dashboard::DashboardPage;
pub use home::Home;
pub use login::LoginPage;
pub use not_found::NotFound;
pub use trouble::TroublePage;
