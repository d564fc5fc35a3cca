//! Amazon SNS in the test's process: it signs messages with a key of its own, and serves its
//! certificate by TLS under Amazon's name.

use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey::server::ground::{
    clock::Millis,
    jose::{Algorithm, SigningKey},
    random::Random,
};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use reqwest::Client;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, pkcs8::DecodePrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{PrivateKeyDer, pem::PemObject},
    },
};

use super::Made;

pub const ARN: &str = "arn:aws:sns:eu-central-1:123456789012:sign-in";
const HOST: &str = "sns.eu-central-1.amazonaws.com";
/// Path of the certificate.
pub const CERTIFICATE: &str = "/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
/// The bytes that PKCS#1 puts before a hash: its algorithm.
const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA256: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// A key that signs, with its certificate in PEM.
pub struct Signer {
    key: RsaPrivateKey,
    certificate: String,
}

impl Signer {
    pub fn draw() -> Self {
        let pkcs8 = SigningKey::draw(Algorithm::Rs256, &Random::System).unwrap();
        let pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_slice().into(), &PKCS_RSA_SHA256);
        let mut params = CertificateParams::new(["sns.amazonaws.com".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(2025, 1, 1), date_time_ymd(2027, 1, 1));
        let certificate = params.self_signed(&pair.unwrap()).unwrap().pem();
        Signer { key: RsaPrivateKey::from_pkcs8_der(&pkcs8).unwrap(), certificate }
    }

    /// A notification with this content, signed in version 1 or 2.
    pub fn notification(&self, version: &str, id: &str, content: &str, at: Millis) -> Value {
        let message = json!({
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": ARN,
            "Message": content,
            "Timestamp": written(at),
            "SigningCertURL": format!("https://{HOST}{CERTIFICATE}"),
            "UnsubscribeURL": format!("https://{HOST}/?Action=Unsubscribe"),
        });
        self.signed(version, message)
    }

    /// The message by which a topic asks whether it may report here.
    pub fn confirmation(&self, at: Millis) -> Value {
        let message = json!({
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": ARN,
            "Message": "You have chosen to subscribe to the topic.",
            "SubscribeURL": format!("https://{HOST}/?Action=ConfirmSubscription&Token=2336412f37"),
            "Timestamp": written(at),
            "SigningCertURL": format!("https://{HOST}{CERTIFICATE}"),
        });
        self.signed("2", message)
    }

    fn signed(&self, version: &str, mut message: Value) -> Value {
        let names = [
            "Message",
            "MessageId",
            "SubscribeURL",
            "Subject",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ];
        let lines = names.iter().filter_map(|name| {
            let value = message.get(*name)?.as_str()?;
            Some(format!("{name}\n{value}\n"))
        });
        let text: String = lines.collect();
        let (prefix, hash) = match version {
            "1" => {
                use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
                (SHA1, digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().to_vec())
            }
            _ => (SHA256, Sha256::digest(text).to_vec()),
        };
        let scheme = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix: prefix.into() };
        message["Signature"] = json!(STANDARD.encode(self.key.sign(scheme, &hash).unwrap()));
        message["SignatureVersion"] = json!(version);
        message
    }
}

fn written(at: Millis) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).unwrap();
    at.format(&Rfc3339).unwrap()
}

/// The answer to a request: a status, and a body or the place that a redirect leads to.
type Says = (u16, String);

/// Amazon's server.
#[derive(Clone)]
pub struct Sns {
    pub signer: Arc<Signer>,
    made: Made,
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    asked: Vec<String>,
    says: Option<Says>,
}

impl Sns {
    pub async fn start() -> Self {
        let (signer, made) = (Arc::new(Signer::draw()), Made::of(&[HOST]));
        let key = PrivateKeyDer::from_pem_slice(made.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.der.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sns = Sns { signer, made, address, shared: Arc::default() };
        let server = sns.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, acceptor) = (server.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let request = String::from_utf8(request).unwrap();
                    let answer = server.answer(request.split(' ').nth(1).unwrap());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        sns
    }

    fn answer(&self, path: &str) -> String {
        let mut shared = self.shared.lock().unwrap();
        shared.asked.push(path.to_owned());
        let (status, body) = match &shared.says {
            Some(says) => says.clone(),
            None if path == CERTIFICATE => (200, self.signer.certificate.clone()),
            None if path.starts_with("/?Action=ConfirmSubscription") => (200, "<ok/>".to_owned()),
            None => (403, "<Error/>".to_owned()),
        };
        let place = if status / 100 == 3 { format!("location: {body}\r\n") } else { String::new() };
        let length = body.len();
        format!(
            "HTTP/1.1 {status} X\r\n{place}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }

    /// The client of a server that finds Amazon here.
    pub fn client(&self) -> Client {
        self.made.client().no_proxy().resolve(HOST, self.address).build().unwrap()
    }

    /// Makes it answer this from now on.
    pub fn says(&self, status: u16, body: &str) {
        self.shared.lock().unwrap().says = Some((status, body.to_owned()));
    }

    /// Lets it answer as it does.
    pub fn recovers(&self) {
        self.shared.lock().unwrap().says = None;
    }

    /// The paths that it was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.shared.lock().unwrap().asked.clone()
    }
}
