//! The pages, one file each.

mod code;
mod confirm;
mod consent;
mod dashboard;
mod desk;
mod device;
mod error_page;
mod frame;
mod goodbye;
mod guarded_host;
mod home;
mod invitation;
mod leave;
mod login;
mod not_found;
mod not_you;
mod webmail;

pub use code::CodePage;
pub use confirm::ConfirmPage;
pub use consent::ConsentPage;
pub use dashboard::DashboardPage;
pub use desk::{
    AuditPage, InvitationsPage, NowPage, OperatorsPage, PeoplePage, PersonPage, SteerPage,
    WaitlistPage,
};
pub use device::DevicePage;
pub use error_page::ErrorPage;
pub use goodbye::Goodbye;
pub use guarded_host::GuardedHostPage;
pub use home::Home;
pub use invitation::InvitationPage;
pub use leave::LeavePage;
pub use login::LoginPage;
pub use not_found::NotFound;
pub use not_you::NotYouPage;
