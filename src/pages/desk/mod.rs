//! Pages of the desk, for operators. The guard has let in nobody else.

mod frame;
mod operators;

pub use operators::OperatorsPage;
