//! Pages of the desk, for operators. The guard has let in nobody else.

mod audit;
mod charts;
mod frame;
mod invitations;
mod now;
mod operators;
mod people;
mod person;
mod steer;
mod waitlist;

pub use audit::AuditPage;
pub use invitations::InvitationsPage;
pub use now::NowPage;
pub use operators::OperatorsPage;
pub use people::PeoplePage;
pub use person::PersonPage;
pub use steer::SteerPage;
pub use waitlist::WaitlistPage;
