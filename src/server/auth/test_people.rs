//! Test people of the policy: their code is always the same, no mail is sent to them, and whatever
//! they do is loud. Every other rule holds for them as for everybody.

use super::{Auth, code::Code};
use crate::server::{
    config::Policy,
    ground::error::Error,
    values::address::{Address, masked},
};

impl Auth {
    pub fn is_test_person(&self, address: &Address) -> bool {
        self.policy().test_person(address).is_some()
    }

    /// Returns the code for a mail to an address: a new one, or that of a test person.
    pub(super) fn code_for(&self, address: &Address) -> Result<Code, Error> {
        match self.policy().test_person(address) {
            Some(person) => Code::parse(person.code.expose()),
            None => Code::random(&self.random),
        }
    }

    /// Says in the log that a test person has signed in.
    pub(super) fn warn_of_sign_in(&self, address: &Address, user_id: &str) {
        if self.is_test_person(address) {
            let address = masked(address.as_str());
            tracing::warn!(event = "test_person.signed_in", address, user_id, "a test person");
        }
    }
}

/// Says in the log, at the start, that there are test people.
pub fn warn_at_start(policy: &Policy) {
    for person in &policy.test_people {
        tracing::warn!(
            event = "test_person.admitted",
            address = person.masked(),
            "a test person: whoever knows the code in [[test_people]] signs in without a mail"
        );
    }
}
