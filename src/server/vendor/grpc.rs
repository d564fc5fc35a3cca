//! The gRPC service of the vendor, on the port of everything else, and the health check of gRPC. No
//! reflection: it would only help those who look for what there is to attack.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use prost::Message;
use std::sync::atomic::Ordering;
use tonic::{Code, Status, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::{
    messages::{
        AuthCredential, HealthCheckRequest, HealthCheckResponse, ResendPasswordlessRequest,
        SendPasswordlessRequest, SendPasswordlessResponse, ServingStatus, TemplateType,
        VerifyPasswordLessRequest, VerifyPasswordLessResponse,
    },
    refusal::Refusal,
    service::{self, Credential},
};
use crate::server::{
    auth::{Proved, Requester, request::Started, terms::Ask},
    ground::{clock::SECOND, error::Error},
    http::{caller::Caller, grpc, state::AppState},
};

const SERVICE: &str = "scalekit.v1.auth.passwordless.PasswordlessService";
/// Most bytes of a message. The body that it comes in is limited to the same before it is read.
const MOST: usize = 64 * 1024;

pub fn router() -> Router<AppState> {
    Router::new()
        .route(&format!("/{SERVICE}/SendPasswordlessEmail"), post(send))
        .route(&format!("/{SERVICE}/VerifyPasswordlessEmail"), post(verify))
        .route(&format!("/{SERVICE}/ResendPasswordlessEmail"), post(resend))
        .route("/grpc.health.v1.Health/Check", post(check))
}

async fn send(State(state): State<AppState>, request: Request) -> Response {
    of_app(state, request, |state, by, asked: SendPasswordlessRequest| async move {
        let ask = Ask {
            email: asked.email,
            state: asked.state,
            template: service::template(asked.template)?,
            expires_in: asked.expires_in,
            magiclink_auth_uri: asked.magiclink_auth_uri,
            template_variables: asked.template_variables,
            ..Ask::default()
        };
        Ok(sent(service::send(&state, &by, &ask).await?))
    })
    .await
}

async fn resend(State(state): State<AppState>, request: Request) -> Response {
    of_app(state, request, |state, by, asked: ResendPasswordlessRequest| async move {
        Ok(sent(service::resend(&state, &by, &asked.auth_request_id).await?))
    })
    .await
}

async fn verify(State(state): State<AppState>, request: Request) -> Response {
    of_app(state, request, |state, by, asked: VerifyPasswordLessRequest| async move {
        let credential = match asked.auth_credential {
            Some(AuthCredential::Code(code)) => Credential::Code(code),
            Some(AuthCredential::LinkToken(token)) => Credential::LinkToken(token),
            None => return Err(Error::missing("code")),
        };
        let proved = service::verify(&state, &by, credential, asked.auth_request_id).await?;
        Ok(verified(proved))
    })
    .await
}

fn sent(started: Started) -> SendPasswordlessResponse {
    SendPasswordlessResponse {
        auth_request_id: started.auth_request_id,
        expires_at: started.expires_at / SECOND,
        expires_in: started.expires_in,
        passwordless_type: service::passwordless_type(&started.passwordless_type).into(),
    }
}

fn verified(proved: Proved) -> VerifyPasswordLessResponse {
    let Proved { address, request, .. } = proved;
    let template = request.as_ref().map(|request| match request.template.as_str() {
        "SIGNUP" => TemplateType::Signup,
        _ => TemplateType::Signin,
    });
    let mode = request.as_ref().map(|request| request.mode.clone()).unwrap_or_default();
    VerifyPasswordLessResponse {
        email: address.as_str().to_owned(),
        state: request.and_then(|request| request.state),
        template: template.map(i32::from),
        passwordless_type: service::passwordless_type(&mode).into(),
    }
}

/// Answers whether this instance serves, to whoever asks, as `/readyz` does.
async fn check(State(state): State<AppState>, request: Request) -> Response {
    unary(request, |asked: HealthCheckRequest| async move {
        if !["", SERVICE].contains(&asked.service.as_str()) {
            return Err(Refusal::of_protocol(Code::NotFound, "no such service: not found"));
        }
        let leaving = state.leaving.load(Ordering::Relaxed);
        let serves = !leaving && state.readiness.is_ready(&state.auth).await;
        let status = if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(HealthCheckResponse { status: status.into() })
    })
    .await
}

/// Answers a call of an app.
async fn of_app<Q, A, F>(
    state: AppState,
    request: Request,
    answer: impl FnOnce(AppState, Requester, Q) -> F + Send,
) -> Response
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Error>> + Send,
{
    let (parts, body) = request.into_parts();
    // Before the message: nobody but an app has it read.
    let by = match service::requester(&state, &Caller::of(&state, &parts)).await {
        Ok(by) => by,
        Err(error) => return Status::from(Refusal::from(error)).into_http(),
    };
    unary(Request::from_parts(parts, body), |asked: Q| {
        let answer = answer(state, by, asked);
        async move { Ok(answer.await?) }
    })
    .await
}

/// Reads the message of a call, and writes its answer.
async fn unary<Q, A, F>(request: Request, answer: impl FnOnce(Q) -> F + Send) -> Response
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Refusal>> + Send,
{
    if !grpc::is_grpc(request.headers()) {
        let refusal = Refusal::of_protocol(Code::InvalidArgument, "send application/grpc");
        let mut response = Status::from(refusal).into_http();
        // Not 200, which a client that does not speak gRPC would take for success.
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return response;
    }
    let mut answer = Some(answer);
    let service = service_fn(|asked: tonic::Request<Q>| {
        let answered = answer.take().map(|answer| answer(asked.into_inner()));
        async {
            // A service is called once for a call.
            let answered = answered.ok_or_else(|| Refusal::from(Error::Internal))?;
            Ok::<_, Status>(tonic::Response::new(answered.await?))
        }
    });
    let mut call = Grpc::new(ProstCodec::<A, Q>::default()).max_decoding_message_size(MOST);
    call.unary(service, request).await.map(Body::new)
}

/// Answers a call whose time has passed.
pub fn late() -> Response {
    let late = Refusal::of_protocol(Code::DeadlineExceeded, "the deadline has passed");
    Status::from(late).into_http()
}

/// Turns whatever answers a call into an answer of gRPC, whose errors all carry the vendor's
/// details. A client takes a plain HTTP 429 or 503 in front of a service for one that is down, and
/// sends the call again until the limit that refused it is long passed.
pub fn answered(response: Response) -> Response {
    let status = match response.extensions().get::<Status>() {
        // The call's own error, or one of the library's about its message.
        Some(status) if !status.details().is_empty() => return response,
        Some(status) => {
            // The library's name for a message that is too large is not the protocol's.
            let is_large = status.code() == Code::OutOfRange;
            let code = if is_large { Code::ResourceExhausted } else { status.code() };
            Refusal::of_protocol(code, status.message())
        }
        None if grpc::is_grpc(response.headers()) => return response,
        None => match response.extensions().get::<Error>() {
            Some(error) => error.clone().into(),
            None => plain(response.status()),
        },
    };
    Status::from(status).into_http()
}

/// Returns what an answer without gRPC says of a call that no service has seen.
fn plain(status: StatusCode) -> Refusal {
    let (code, message) = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            (Code::Unimplemented, "there is no such method")
        }
        StatusCode::REQUEST_TIMEOUT => (Code::DeadlineExceeded, "the message came too slowly"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            (Code::ResourceExhausted, "the headers are too large")
        }
        _ => (Code::Internal, "this is no call of gRPC"),
    };
    Refusal::of_protocol(code, message)
}
