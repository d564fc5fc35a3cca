//! Errors as the vendor's clients read them: a code of gRPC, a sentence, and the vendor's own
//! detail message with the name of the error.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use prost::Message;
use serde::Serialize;
use serde_json::{Value, json};
use tonic::{Code, Status};
use utoipa::ToSchema;

use super::messages::{Any, ErrorInfo, FieldViolation, RpcStatus, ValidationErrorInfo};
use crate::server::{
    ground::error::Error,
    http::{grpc, respond},
};

/// Name of the detail message. Clients look for it by this name, not by that of `google.rpc`.
const ERROR_INFO: &str = "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo";

/// An error on its way to one of the vendor's clients.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    info: ErrorInfo,
    /// Status of the answer over REST.
    http: StatusCode,
    retry_after: Option<u64>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, said) = spelled(&error);
        let field = match &error {
            Error::InvalidEmail => Some("email".to_owned()),
            Error::MissingField { field } => Some(field.clone()),
            _ => None,
        };
        let violation = field.map(|field| ValidationErrorInfo {
            field_violations: vec![FieldViolation { field, description: error.to_string() }],
        });
        let error_code = match error {
            // A published name. Clients fetch a token where they find it.
            Error::AppNeeded | Error::Unauthenticated => "UNAUTHENTICATED".to_owned(),
            _ => error.code().to_ascii_uppercase(),
        };
        let http = match error {
            Error::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => grpc::http_status(code as i32),
        };
        Refusal {
            code,
            message: format!("{said}: {error}"),
            info: ErrorInfo { error_code, validation_error_info: violation },
            http,
            retry_after: error.retry_after(),
        }
    }
}

/// Returns the code of an error, and the words at the beginning of its message. Programs written
/// for the vendor look for "expired", "invalid", "mismatch", "too many", "rate", "not found" and
/// "auth_request_id is required" in messages, and tell their users what to do by them: so each of
/// ours has the one that leads to the right advice, whatever language the sentence after it is in.
/// Only a missing or useless token is UNAUTHENTICATED, because clients then fetch another and send
/// the same call again.
fn spelled(error: &Error) -> (Code, String) {
    let (code, said) = match error {
        Error::MissingField { field } => {
            return (Code::InvalidArgument, format!("{field} is required"));
        }
        Error::InvalidEmail => (Code::InvalidArgument, "email is invalid"),
        Error::InvalidRequest { .. } => (Code::InvalidArgument, "the request is invalid"),
        Error::LinkInvalid => (Code::InvalidArgument, "link_token is invalid"),
        Error::CodeWrong { .. } => (Code::InvalidArgument, "code is invalid"),
        Error::PasswordWrong | Error::NumberWrong | Error::InvitationWrong => {
            (Code::InvalidArgument, "invalid")
        }
        Error::InvitationOver => (Code::FailedPrecondition, "expired"),
        Error::LinkExpired => (Code::FailedPrecondition, "link_token has expired"),
        Error::LinkUsed => (Code::FailedPrecondition, "link_token has expired with its use"),
        Error::LinkSuperseded => {
            (Code::FailedPrecondition, "link_token has expired with the next email")
        }
        Error::CodeExpired => (Code::FailedPrecondition, "code has expired"),
        Error::CodeSuperseded => (Code::FailedPrecondition, "code has expired with the next email"),
        Error::RequestUnknown => (Code::NotFound, "auth_request_id was not found"),
        Error::WrongBrowser { .. } => (Code::PermissionDenied, "auth_request_id mismatch"),
        Error::ForbiddenOrigin | Error::Forbidden | Error::FreshSignInNeeded => {
            (Code::PermissionDenied, "forbidden")
        }
        Error::NotFound => (Code::NotFound, "not found"),
        Error::TooManyAttempts { .. } | Error::CodesPaused { .. } => {
            (Code::ResourceExhausted, "too many attempts")
        }
        Error::RateLimited { .. } => (Code::ResourceExhausted, "rate limited, too many requests"),
        Error::PayloadTooLarge => (Code::ResourceExhausted, "the request is too large"),
        Error::Unauthenticated | Error::AppNeeded => (Code::Unauthenticated, "unauthenticated"),
        Error::Unavailable => (Code::Unavailable, "unavailable"),
        Error::Internal => (Code::Internal, "internal error"),
    };
    (code, said.to_owned())
}

impl Refusal {
    /// Returns a refusal of the protocol itself, which no error of ours stands for.
    pub fn of_protocol(code: Code, message: impl Into<String>) -> Self {
        let error_code = match code {
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::NotFound => "NOT_FOUND",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::Unauthenticated => "UNAUTHENTICATED",
            Code::Unavailable => "UNAVAILABLE",
            _ => "INTERNAL",
        };
        let info = ErrorInfo { error_code: error_code.to_owned(), validation_error_info: None };
        let http = grpc::http_status(code as i32);
        Refusal { code, message: message.into(), info, http, retry_after: None }
    }
}

/// Carries the details on every error: a client for Python fails on an error without them, or with
/// another code or message in them than in the status itself.
impl From<Refusal> for Status {
    fn from(Refusal { code, message, info, retry_after, .. }: Refusal) -> Self {
        let detail = Any { type_url: ERROR_INFO.to_owned(), value: info.encode_to_vec() };
        let status = RpcStatus { code: code as i32, message, details: vec![detail] };
        let details = status.encode_to_vec();
        let mut status = Status::with_details(code, status.message, details.into());
        if let Some(seconds) = retry_after {
            status.metadata_mut().insert("retry-after", seconds.into());
        }
        status
    }
}

/// The envelope of errors over REST.
#[derive(Serialize, ToSchema)]
pub struct RefusalAnswer {
    /// Code of gRPC.
    #[schema(example = 3)]
    code: i32,
    #[schema(example = "code is invalid: That code is not right. 4 tries are left.")]
    message: String,
    /// One `scalekit.v1.errdetails.ErrorInfo`, whose `error_code` is a name of docs/errors.md in
    /// capitals.
    details: Vec<Value>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal { code, message, info, http, retry_after } = self;
        let mut detail = json!({ "@type": ERROR_INFO, "error_code": info.error_code });
        if let Some(violations) = info.validation_error_info {
            let shown = violations.field_violations.into_iter().map(
                |FieldViolation { field, description }| {
                    json!({ "field": field, "description": description })
                },
            );
            let shown: Vec<Value> = shown.collect();
            detail["validation_error_info"] = json!({ "field_violations": shown });
        }
        let answer = RefusalAnswer { code: code as i32, message, details: vec![detail] };
        let mut response = (http, Json(answer)).into_response();
        respond::retry_after(response.headers_mut(), retry_after);
        if http == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ground::mode::{Instead, Mode};

    #[test]
    fn every_message_has_the_word_by_which_programs_know_it() {
        for (error, word) in [
            (Error::InvalidEmail, "invalid"),
            (Error::CodeWrong { attempts_left: 4 }, "invalid"),
            (Error::LinkInvalid, "invalid"),
            (Error::CodeExpired, "expired"),
            (Error::CodeSuperseded, "expired"),
            (Error::LinkExpired, "expired"),
            (Error::LinkUsed, "expired"),
            (Error::LinkSuperseded, "expired"),
            (Error::TooManyAttempts { instead: Instead::Nothing }, "too many"),
            (Error::CodesPaused { instead: Instead::Nothing, retry_after: 1 }, "too many"),
            (Error::RateLimited { retry_after: 1 }, "rate"),
            (Error::RequestUnknown, "not found"),
            (Error::WrongBrowser { mode: Mode::Link }, "mismatch"),
            (Error::missing("auth_request_id"), "auth_request_id is required"),
        ] {
            let refusal = Refusal::from(error.clone());
            assert!(refusal.message.contains(word), "{error:?}: {}", refusal.message);
            assert_ne!(refusal.code, Code::Unauthenticated, "{error:?}");
            let status = Status::from(refusal.clone());
            let details = RpcStatus::decode(status.details()).unwrap();
            assert_eq!(details.code, refusal.code as i32);
            assert_eq!(details.message, status.message());
            assert_eq!(details.details[0].type_url, ERROR_INFO);
        }
    }

    #[test]
    fn the_table_of_errors_has_both_spellings() {
        let table = include_str!("../../../docs/errors.md");
        let (mode, instead, retry_after) = (Mode::LinkOtp, Instead::Link, 1);
        for error in [
            Error::InvalidEmail,
            Error::missing("email"),
            Error::invalid(""),
            Error::LinkInvalid,
            Error::LinkExpired,
            Error::LinkUsed,
            Error::LinkSuperseded,
            Error::WrongBrowser { mode },
            Error::CodeWrong { attempts_left: 1 },
            Error::CodeExpired,
            Error::CodeSuperseded,
            Error::TooManyAttempts { instead },
            Error::CodesPaused { instead, retry_after },
            Error::RateLimited { retry_after },
            Error::AppNeeded,
            Error::RequestUnknown,
            Error::ForbiddenOrigin,
            Error::Forbidden,
            Error::FreshSignInNeeded,
            Error::NotFound,
            Error::PayloadTooLarge,
            Error::Unavailable,
            Error::Internal,
        ] {
            let row = table.lines().find(|line| line.starts_with(&format!("| `{}`", error.code())));
            let cells: Vec<&str> = row.unwrap().split(" | ").collect();
            let refusal = Refusal::from(error);
            let [.., grpc, http] = cells[..] else { panic!("{row:?}") };
            let (number, name) = grpc.split_once(' ').unwrap();
            assert_eq!(number, (refusal.code as i32).to_string(), "{row:?}");
            let plain = |text: &str| text.replace('_', "").to_lowercase();
            assert_eq!(plain(name), plain(&format!("{:?}", refusal.code)), "{row:?}");
            assert_eq!(http.trim_end_matches(" |"), refusal.http.as_u16().to_string(), "{row:?}");
        }
    }
}
