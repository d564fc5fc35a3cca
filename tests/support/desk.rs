//! A server with a desk, and an operator of each role.

use super::{App, Browser, relying_party::with_policy};

/// Starts a server with a desk, whose operators are named by their roles: `look@example.com`,
/// `help@example.com`, `steer@example.com`. `more` is the rest of the policy.
pub async fn with_desk(more: &str) -> App {
    let operators = ["look", "help", "steer"]
        .map(|role| format!("{{ address = \"{role}@example.com\", role = \"{role}\" }}"));
    let operators = operators.join(", ");
    with_policy(&format!("[desk]\nenabled = true\noperators = [{operators}]\n{more}")).await
}

/// Signs an operator in, by the name of the role.
pub async fn operator(app: &App, role: &str) -> Browser {
    app.signed_in(&format!("{role}@example.com")).await
}
