//! Pages of the desk, for operators. The guard has let in nobody else.

mod charts;
mod frame;
mod now;
mod operators;
mod people;
mod person;

pub use now::NowPage;
pub use operators::OperatorsPage;
pub use people::PeoplePage;
pub use person::PersonPage;
