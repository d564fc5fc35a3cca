//! Pages of the desk, for operators. The guard has let in nobody else.

mod frame;
mod operators;
mod people;
mod person;

pub use operators::OperatorsPage;
pub use people::PeoplePage;
pub use person::PersonPage;
