//! Messages of the vendor's protocol, as its published descriptors number them. Written by hand:
//! two dozen fields need no compiler of protocol files at build time.

use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::server::mail::letter::Template;

#[derive(Clone, PartialEq, prost::Message)]
pub struct SendPasswordlessRequest {
    #[prost(string, tag = "1")]
    pub email: String,
    #[prost(enumeration = "TemplateType", optional, tag = "2")]
    pub template: Option<i32>,
    #[prost(string, optional, tag = "3")]
    pub magiclink_auth_uri: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub state: Option<String>,
    #[prost(uint32, optional, tag = "5")]
    pub expires_in: Option<u32>,
    #[prost(btree_map = "string, string", tag = "6")]
    pub template_variables: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SendPasswordlessResponse {
    #[prost(string, tag = "1")]
    pub auth_request_id: String,
    #[prost(int64, tag = "2")]
    pub expires_at: i64,
    #[prost(uint32, tag = "3")]
    pub expires_in: u32,
    #[prost(enumeration = "PasswordlessType", tag = "4")]
    pub passwordless_type: i32,
}

/// Spelled with a capital L, as the descriptor has it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct VerifyPasswordLessRequest {
    #[prost(oneof = "AuthCredential", tags = "1, 2")]
    pub auth_credential: Option<AuthCredential>,
    #[prost(string, optional, tag = "3")]
    pub auth_request_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum AuthCredential {
    #[prost(string, tag = "1")]
    Code(String),
    #[prost(string, tag = "2")]
    LinkToken(String),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct VerifyPasswordLessResponse {
    #[prost(string, tag = "1")]
    pub email: String,
    #[prost(string, optional, tag = "2")]
    pub state: Option<String>,
    #[prost(enumeration = "TemplateType", optional, tag = "3")]
    pub template: Option<i32>,
    #[prost(enumeration = "PasswordlessType", tag = "4")]
    pub passwordless_type: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ResendPasswordlessRequest {
    #[prost(string, tag = "1")]
    pub auth_request_id: String,
}

/// Wording of a mail. REST has the names in capitals.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    prost::Enumeration,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[repr(i32)]
pub enum TemplateType {
    Unspecified = 0,
    Signin = 1,
    Signup = 2,
}

impl TemplateType {
    /// Returns the wording that is asked for; `None` for the default.
    pub fn template(self) -> Option<Template> {
        match self {
            TemplateType::Unspecified => None,
            TemplateType::Signin => Some(Template::Signin),
            TemplateType::Signup => Some(Template::Signup),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum PasswordlessType {
    Unspecified = 0,
    Otp = 1,
    Link = 2,
    LinkOtp = 3,
}

/// `google.rpc.Status`, in the trailer `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `scalekit.v1.errdetails.ErrorInfo`, as far as it is used here.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub error_code: String,
    #[prost(message, optional, tag = "8")]
    pub validation_error_info: Option<ValidationErrorInfo>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ValidationErrorInfo {
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct FieldViolation {
    #[prost(string, tag = "1")]
    pub field: String,
    #[prost(string, tag = "2")]
    pub description: String,
}

/// `grpc.health.v1.HealthCheckRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    pub service: String,
}

/// `grpc.health.v1.HealthCheckResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    pub status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
}
