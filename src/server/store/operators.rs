//! Operators who were added by a command, beside those of the policy file.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// An operator who was added by a command.
#[derive(Clone, Debug, FromRow)]
pub struct OperatorRow {
    pub address: Address,
    pub role: String,
}

pub const ADD_OPERATOR: &str = "INSERT INTO latchkey_operators (address, role, added_at) \
    VALUES ($1, $2, $3) ON CONFLICT (address) DO UPDATE SET role = excluded.role";
pub const REMOVE_OPERATOR: &str = "DELETE FROM latchkey_operators WHERE address = $1";
pub const OPERATOR: &str = "SELECT role FROM latchkey_operators WHERE address = $1";
pub const OPERATORS: &str =
    "SELECT address, role FROM latchkey_operators ORDER BY address LIMIT 1000";

impl Store {
    /// Adds an operator, or gives one another role.
    pub async fn add_operator(
        &self,
        address: &Address,
        role: &str,
        now: Millis,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let add = Statement::new(ADD_OPERATOR, values![address, role, now]);
        self.execute_and_then(Durability::PowerCut, &[add, event.insert()]).await.map(drop)
    }

    /// Removes an operator. Returns false if there was none.
    pub async fn remove_operator(
        &self,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(REMOVE_OPERATOR, values![address]), event.insert()];
        Ok(self.execute_and_then(Durability::PowerCut, &both).await? > 0)
    }

    /// Returns the role of an operator; `None` for everybody else.
    pub async fn operator(&self, address: &Address) -> Result<Option<String>, Error> {
        let found: Option<(String,)> = self.first(OPERATOR, &values![address]).await?;
        Ok(found.map(|(role,)| role))
    }

    /// Returns those who were added by a command, by address.
    pub async fn operators(&self) -> Result<Vec<OperatorRow>, Error> {
        self.all(OPERATORS, &values![]).await
    }
}
