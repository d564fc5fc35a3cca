//! Endpoints of the desk, for programs of operators. The guard has let in operators alone; each
//! endpoint calls a rule of `server::desk`, which asks for the role.

mod events;
mod invitations;
mod mails;
mod numbers;
mod operators;
mod people;
mod person;
mod policy;
mod waitlist;

use axum::{Extension, extract::rejection::QueryRejection};
use std::sync::Arc;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Answer, Failure};
use crate::server::{desk::operator::Operator, ground::error::Error, http::state::AppState};

/// The operator whom the guard let in.
type Caller = Extension<Arc<Operator>>;

/// Description of how operators show who they are.
#[derive(OpenApi)]
#[openapi(modifiers(&Bearer))]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "Access token of an app whose entry in the policy has a role (desk), asked for at \
             /oauth/token with grant_type=client_credentials and scope=desk:look, desk:help or \
             desk:steer; or the session token of an operator.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("desk", SecurityScheme::Http(scheme.build()));
    }
}

/// Returns the routes, with their description.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(operators::me))
        .routes(routes!(operators::operators))
        .routes(routes!(events::events))
        .routes(routes!(events::export))
        .routes(routes!(mails::retry))
        .routes(routes!(numbers::numbers))
        .routes(routes!(people::find))
        .routes(routes!(person::open, person::act))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::open, invitations::act))
        .routes(routes!(waitlist::list))
        .routes(routes!(waitlist::open, waitlist::act))
        .routes(routes!(policy::show, policy::change))
        .routes(routes!(policy::changes))
}

/// Refuses a query that does not fit.
fn unreadable(rejection: QueryRejection) -> Error {
    Error::invalid(format!("{}.", rejection.body_text()))
}
