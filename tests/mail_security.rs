//! Mails in transit: nothing of them is sent before the mail server is verified.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::support::App;

/// The kinds of untrusted mail server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Offers no STARTTLS, or an attacker in between has removed the offer.
    Stripped,
    /// Offers STARTTLS with a self-signed certificate.
    StartTls,
    /// Speaks TLS at once with a self-signed certificate.
    Tls,
}

/// Every line that the server receives.
type Heard = Arc<Mutex<Vec<String>>>;

async fn untrusted(kind: Kind) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let heard = Heard::default();
    let all = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, heard) = (acceptor.clone(), all.clone());
            tokio::spawn(async move {
                if kind == Kind::Tls {
                    let stream = acceptor.accept(stream).await.ok()?;
                    return converse(stream, kind, &heard).await.map(|_| ());
                }
                let stream = converse(stream, kind, &heard).await?;
                let stream = acceptor.accept(stream).await.ok()?;
                converse(stream, kind, &heard).await.map(|_| ())
            });
        }
    });
    (port, heard)
}

/// Speaks SMTP until STARTTLS and returns the stream to continue with.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    kind: Kind,
    heard: &Heard,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 trust me\r\n").await.ok()?;
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 0 {
        heard.lock().unwrap().push(line.trim_end().to_owned());
        let (reply, starts) = match line.get(..4).unwrap_or_default() {
            "EHLO" if kind == Kind::StartTls => ("250-trust me\r\n250 STARTTLS\r\n", false),
            "STAR" => ("220 go on\r\n", true),
            "DATA" => ("354 go on\r\n", false),
            _ => ("250 trust me\r\n", false),
        };
        stream.write_all(reply.as_bytes()).await.ok()?;
        if starts {
            return Some(stream.into_inner());
        }
        line.clear();
    }
    None
}

#[tokio::test]
async fn nothing_of_a_mail_is_sent_without_the_required_tls() {
    for (kind, url) in [
        (Kind::Stripped, "smtp://localhost:PORT?tls=required"),
        (Kind::StartTls, "smtp://user:hunter2@localhost:PORT?tls=required"),
        (Kind::Tls, "smtps://user:hunter2@localhost:PORT"),
    ] {
        let (port, heard) = untrusted(kind).await;
        let app = App::with(&[("SMTP_URL", &url.replace("PORT", &port.to_string()))]).await;
        assert!(
            app.browser()
                .ask_for_mail("ada@example.com")
                .await
                .goes_to()
                .starts_with("/login/code")
        );
        app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued' AND last_error IS NOT NULL", 1).await;
        let heard = heard.lock().unwrap().clone();
        let harmless =
            |line: &String| ["EHLO", "STARTTLS", "QUIT"].iter().any(|verb| line.starts_with(verb));
        assert!(heard.iter().all(harmless), "{heard:?}");
        assert_eq!(
            heard.is_empty(),
            kind == Kind::Tls,
            "the server received commands, unless it spoke TLS at once"
        );
    }
}
