//! Commands for the operators of the desk.

use clap::Subcommand;

use crate::server::{
    auth::Auth,
    config::desk::Role,
    desk::operator::{self, NamedBy},
    ground::error::Error,
    values::address::Address,
};

#[derive(Subcommand)]
pub enum Desk {
    /// Make somebody an operator of the desk, beside those of the policy file.
    Invite {
        email: String,
        /// Rights: look (numbers and people), help (act for people), steer (change the policy).
        #[arg(long, default_value = "steer")]
        role: Role,
    },
    /// List the operators.
    List,
    /// End the rights of an operator who was invited.
    Remove { email: String },
}

/// Runs a command, and prints its result.
pub async fn run(auth: &Auth, command: Desk) -> Result<(), Error> {
    match command {
        Desk::Invite { email, role } => invite(auth, &email, role).await,
        Desk::List => list(auth).await,
        Desk::Remove { email } => remove(auth, &email).await,
    }
}

async fn invite(auth: &Auth, email: &str, role: Role) -> Result<(), Error> {
    let address = Address::parse(email)?;
    operator::add(auth, &address, role).await?;
    println!("{email} is an operator with the role {}", role.name());
    if !auth.policy().desk.enabled {
        println!("the desk is off: set desk.enabled = true in the policy file");
    }
    if !auth.may_sign_in(&address).await? {
        println!("{email} may not sign in yet: see auth.sign_up, and latchkey users add");
    }
    println!("sign in at {}/login?next=%2Fdesk", auth.public_url);
    Ok(())
}

async fn list(auth: &Auth) -> Result<(), Error> {
    for known in operator::all(auth).await? {
        let named_by = match known.named_by {
            NamedBy::File => "policy file",
            NamedBy::Command => "invited",
            NamedBy::App => "[[apps]]",
        };
        println!("{}  {}  {named_by}", known.name, known.role.name());
    }
    Ok(())
}

async fn remove(auth: &Auth, email: &str) -> Result<(), Error> {
    let address = Address::parse(email)?;
    match operator::remove(auth, &address).await? {
        true => println!("{email} is no operator any more"),
        false => println!("{email} was no operator"),
    }
    Ok(())
}
