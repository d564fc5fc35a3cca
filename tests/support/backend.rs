//! A back end of the team: an app that sends mails for its users and verifies what they type, over
//! the vendor's gRPC and REST.

use axum::{
    body::Bytes,
    http::{HeaderMap, Request, StatusCode},
};
use h2::client::SendRequest;
use latchkey::server::vendor::messages::{
    AuthCredential, ErrorInfo, ResendPasswordlessRequest, RpcStatus, SendPasswordlessRequest,
    SendPasswordlessResponse, VerifyPasswordLessRequest, VerifyPasswordLessResponse,
};
use prost::Message;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{
    Answer, App, Browser,
    relying_party::{SECRET, policy, with_policy},
};

pub const SERVICE: &str = "/scalekit.v1.auth.passwordless.PasswordlessService";
/// URL that links of its mails lead to.
pub const CALLBACK: &str = "http://localhost:8080/verify?from=mail";

/// A server for back ends: with apps, and links that may lead to this machine.
pub async fn for_backends(more: &str) -> App {
    let auth = format!("[auth]\nmagiclink_origins = [\"http://localhost:8080\"]\n{more}");
    with_policy(&policy(&auth)).await
}

/// A token of an app, as the vendor's clients ask for it: secret in the form, a scope that nobody
/// knows.
pub async fn token_of(app: &App, id: &str) -> String {
    let program = app.browser();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", SECRET),
        ("scope", "urn:vendor:everything"),
    ];
    let request = program.request(Method::POST, "/oauth/token").form(&form);
    let given = program.send(request).await.json();
    assert_eq!(given["token_type"], "Bearer", "{given}");
    assert_eq!(given["expires_in"], 600);
    given["access_token"].as_str().unwrap().to_owned()
}

/// A back end over REST.
pub struct Rest {
    program: Browser,
    token: String,
    /// Sent with every call.
    headers: Vec<(String, String)>,
}

impl Rest {
    pub async fn of(app: &App, id: &str) -> Self {
        Self::with_token(app, &token_of(app, id).await)
    }

    pub fn with_token(app: &App, token: &str) -> Self {
        Rest { program: app.browser(), token: token.to_owned(), headers: Vec::new() }
    }

    /// The same with one more header.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Posts to one of the three endpoints.
    pub async fn call(&self, name: &str, body: Value) -> Answer {
        self.post(&format!("/api/v1/passwordless/email/{name}"), body).await
    }

    /// Posts to an endpoint of the JSON API.
    pub async fn call_json(&self, name: &str, body: Value) -> Answer {
        self.post(&format!("/api/auth/{name}"), body).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.program.request(Method::POST, path).bearer_auth(&self.token);
        let add = |request: RequestBuilder, (name, value): &(String, String)| {
            request.header(name.as_str(), value.as_str())
        };
        let request = self.headers.iter().fold(request, add);
        self.program.send(request.json(&body)).await
    }

    pub async fn send(&self, email: &str) -> Value {
        let body = json!({ "email": email, "magiclink_auth_uri": CALLBACK, "state": "a state" });
        let answer = self.call("send", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub async fn log(&self, query: &str) -> Answer {
        let path = format!("/api/v1/logs/authentication/requests{query}");
        let request = self.program.request(Method::GET, &path).bearer_auth(&self.token);
        self.program.send(request).await
    }
}

/// The id that an answer of send names.
pub fn id_of(sent: &Value) -> &str {
    sent["auth_request_id"].as_str().unwrap()
}

/// The name of the error in the vendor's envelope. Panics unless all of it is as it should be.
pub fn refused(answer: &Answer, status: u16, code: i32, word: &str) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = answer.json();
    assert_eq!(error["code"], code, "{error}");
    assert!(error["message"].as_str().unwrap().contains(word), "{error} lacks {word:?}");
    let detail = &error["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo");
    detail["error_code"].as_str().unwrap().to_owned()
}

/// A refusal of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub code: i32,
    pub message: String,
    pub error_code: String,
    pub fields: Vec<String>,
}

/// A back end over gRPC: a connection of HTTP/2, on which a story may send what it likes.
pub struct Grpc {
    requests: SendRequest<Bytes>,
    authority: String,
    /// Sent with every call.
    pub headers: Vec<(String, String)>,
}

impl Grpc {
    /// Connects without a token.
    pub async fn stranger(app: &App) -> Self {
        let authority = app.url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&authority).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let headers = vec![
            ("content-type".to_owned(), "application/grpc".to_owned()),
            ("te".to_owned(), "trailers".to_owned()),
        ];
        Grpc { requests, authority, headers }
    }

    pub async fn of(app: &App, id: &str) -> Self {
        let token = token_of(app, id).await;
        Self::stranger(app).await.and("authorization", &format!("Bearer {token}"))
    }

    /// The same with one more header.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another value of a header.
    pub fn but(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.and(name, value)
    }

    /// Sends bytes as they are: status, headers, body and trailers of the answer.
    pub async fn raw(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Vec<u8>, HeaderMap) {
        let uri = format!("http://{}{path}", self.authority);
        let mut request = Request::builder().method("POST").uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (answer, mut sent) = requests.send_request(request.body(()).unwrap(), false).unwrap();
        // The server may have answered before it has read all.
        let _ = sent.send_data(bytes.into(), true);
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut read = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece.unwrap();
            body.flow_control().release_capacity(piece.len()).unwrap();
            read.extend_from_slice(&piece);
        }
        let trailers = body.trailers().await.unwrap().unwrap_or_default();
        (head.status, head.headers, read, trailers)
    }

    /// Sends a frame: the answer's message, or the refusal. Panics unless a refusal is one as every
    /// client reads it.
    pub async fn frame<A: Message + Default>(
        &self,
        path: &str,
        frame: Vec<u8>,
    ) -> Result<A, Refused> {
        let (status, headers, body, trailers) = self.raw(path, frame).await;
        assert_eq!(status, 200, "{path}: {headers:?}");
        assert_eq!(headers["content-type"], "application/grpc");
        // An answer without a message has its status among the headers.
        let said = if headers.contains_key("grpc-status") { &headers } else { &trailers };
        if said["grpc-status"] == "0" {
            let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
            assert_eq!((body[0], length as usize), (0, body.len() - 5));
            return Ok(A::decode(&body[5..]).unwrap());
        }
        assert!(body.is_empty(), "{body:?}");
        Err(refusal_in(said))
    }

    pub async fn call<A: Message + Default>(
        &self,
        method: &str,
        message: &impl Message,
    ) -> Result<A, Refused> {
        self.frame(&format!("{SERVICE}/{method}"), framed(&message.encode_to_vec())).await
    }

    pub async fn send(
        &self,
        request: &SendPasswordlessRequest,
    ) -> Result<SendPasswordlessResponse, Refused> {
        self.call("SendPasswordlessEmail", request).await
    }

    /// Sends a mail with a link and a code.
    pub async fn sent(&self, email: &str) -> SendPasswordlessResponse {
        self.send(&asking(email)).await.unwrap()
    }

    pub async fn resend(&self, id: &str) -> Result<SendPasswordlessResponse, Refused> {
        let request = ResendPasswordlessRequest { auth_request_id: id.to_owned() };
        self.call("ResendPasswordlessEmail", &request).await
    }

    pub async fn verify(
        &self,
        credential: AuthCredential,
        id: Option<&str>,
    ) -> Result<VerifyPasswordLessResponse, Refused> {
        let request = VerifyPasswordLessRequest {
            auth_credential: Some(credential),
            auth_request_id: id.map(str::to_owned),
        };
        self.call("VerifyPasswordlessEmail", &request).await
    }

    pub async fn code(&self, code: &str, id: &str) -> Result<VerifyPasswordLessResponse, Refused> {
        self.verify(AuthCredential::Code(code.to_owned()), Some(id)).await
    }

    pub async fn link(&self, token: &str, id: &str) -> Result<VerifyPasswordLessResponse, Refused> {
        self.verify(AuthCredential::LinkToken(token.to_owned()), Some(id)).await
    }
}

/// The usual request of a back end: a mail whose link leads to it.
pub fn asking(email: &str) -> SendPasswordlessRequest {
    SendPasswordlessRequest {
        email: email.to_owned(),
        magiclink_auth_uri: Some(CALLBACK.to_owned()),
        state: Some("a state".to_owned()),
        ..SendPasswordlessRequest::default()
    }
}

/// A message in its frame.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), message].concat()
}

/// Reads the status, and the details that say the same again.
pub fn refusal_in(headers: &HeaderMap) -> Refused {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    use percent_encoding::percent_decode;
    let code: i32 = headers["grpc-status"].to_str().unwrap().parse().unwrap();
    let message = percent_decode(headers["grpc-message"].as_bytes()).decode_utf8().unwrap();
    let details = headers["grpc-status-details-bin"].to_str().unwrap().trim_end_matches('=');
    let details = STANDARD_NO_PAD.decode(details).unwrap();
    let details = RpcStatus::decode(&details[..]).unwrap();
    assert_eq!((details.code, details.message.as_str()), (code, message.as_ref()));
    let detail = &details.details[0];
    assert_eq!(detail.type_url, "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo");
    let info = ErrorInfo::decode(&detail.value[..]).unwrap();
    let violations = info.validation_error_info.unwrap_or_default().field_violations;
    Refused {
        code,
        message: message.into_owned(),
        error_code: info.error_code,
        fields: violations.into_iter().map(|violation| violation.field).collect(),
    }
}
