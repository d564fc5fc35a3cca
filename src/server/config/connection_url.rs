//! Checks of the URLs of databases and mail servers. A URL is refused if a part of its password
//! would be parsed as another part of it: logs show hosts and the names of databases.

use url::Url;

const ENCODE: &str = "has a character in its user or password that would be taken for another part \
    of it. Write / ? # @ % there as %2F %3F %23 %40 %25";

/// Checks that `url` is the URL of a database. The error is the rest of a sentence. It repeats
/// nothing of `url`: a malformed URL may hold a secret anywhere.
pub fn database_url(url: &str) -> Result<(), &'static str> {
    match url.split_once(':') {
        Some(("sqlite", _)) => Ok(()),
        Some(("postgres" | "postgresql", rest)) => {
            encoded(rest, 1)?;
            Url::parse(url).map(drop).map_err(|_| {
                "cannot be understood. It should be like postgres://user:password@host:5432/name"
            })
        }
        _ => Err("must start with sqlite:// or postgres://"),
    }
}

/// Checks that the user and password of a mail server's URL are delimited from the rest. The user
/// may be a mail address: the last `@` before the host counts.
pub fn smtp_url(url: &str) -> Result<(), &'static str> {
    url.split_once(':').map_or(Ok(()), |(_, rest)| encoded(rest, usize::MAX))
}

/// Checks that the delimiters after the scheme are where they belong: `@` only before the host and
/// at most `ats` times, no fragment, and `%` only before two hexadecimal digits (RFC 3986, 2.1).
fn encoded(rest: &str, ats: usize) -> Result<(), &'static str> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_escape = |after: &str| {
        after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    };
    let told_apart = !after.contains(['@', '#'])
        && authority.matches('@').count() <= ats
        && rest.split('%').skip(1).all(is_escape);
    if told_apart { Ok(()) } else { Err(ENCODE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unencoded_password_is_refused_and_not_quoted() {
        for bad in [
            "postgres://ada:hun/ter2@db.example.com/app",
            "postgres://ada:12/ter2@db.example.com/app",
            "postgres://ada:hun?ter2@db.example.com/app",
            "postgres://ada:12#ter2@db.example.com/app",
            "postgres://ada:hun@ter2@db.example.com/app",
            "postgres://ada:hun%ter2@db.example.com/app",
            "postgres://ada:hun%é@db.example.com/app",
            "postgres://ada:hunter2@db.example.com:port/app",
            "postgresql://ada:5/p@h?sslmode=x",
            "ada:hunter2@db.example.com/app",
            "hunter2",
            "mysql://ada:hunter2@db.example.com/app",
        ] {
            let why = database_url(bad).unwrap_err();
            assert!(!why.contains("hunter2") && !why.contains("ter2"), "{bad}: {why}");
        }
        for good in [
            "sqlite://data/latchkey.db",
            "postgres://ada:hun%2Fter2@db.example.com/app?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://ada@127.0.0.1:5432/app",
            "postgresql:///app?host=/run/postgresql",
        ] {
            assert_eq!(database_url(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_user_of_a_mail_server_may_be_a_mail_address() {
        assert_eq!(smtp_url("smtps://ada@example.com:hunter2@mail.example.com"), Ok(()));
        assert_eq!(smtp_url("smtp://mail.example.com:587?tls=required"), Ok(()));
        for bad in ["smtps://ada:12/ter2@mail.example.com", "smtps://ada:hun%ter@mail.example.com"]
        {
            assert!(smtp_url(bad).is_err(), "{bad}");
        }
    }
}
