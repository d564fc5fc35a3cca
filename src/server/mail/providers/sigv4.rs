//! Signature Version 4, by which Amazon's services know who calls (IAM User Guide, "Signature
//! Version 4 for API requests").

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::client::RESERVED;
use crate::server::ground::{clock::Millis, keys::hex};

/// Characters of a path that are encoded, once more if the path is so already.
const PATH: &AsciiSet = &RESERVED.remove(b'/');
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key, and where it is used.
pub struct Signer {
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
    pub service: &'static str,
}

impl Signer {
    /// Returns the value of `Authorization` for a request without a query. `path` is as in its URL;
    /// `headers` are those signed, in order of their names, in lower case. `x-amz-date` of `now`
    /// must be one of them.
    pub fn authorization(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        now: Millis,
    ) -> String {
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let path = utf8_percent_encode(path, PATH);
        let request =
            format!("{method}\n{path}\n\n{lines}\n{names}\n{}", hex(&Sha256::digest(body)));
        let (date, Self { access_key, region, service, .. }) = (date(now), self);
        let day = &date[..8];
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let request = hex(&Sha256::digest(request));
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{request}");
        let key = format!("AWS4{}", self.secret_key).into_bytes();
        let key = [day, region, service, "aws4_request"].iter().fold(key, |key, of| mac(&key, of));
        let signature = hex(&mac(&key, &text));
        format!(
            "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, \
             Signature={signature}"
        )
    }
}

/// Returns the value of `x-amz-date`, like `20150830T123600Z`.
pub fn date(now: Millis) -> String {
    // A clock that stands in a year beyond 9999 gets every request refused.
    let at = OffsetDateTime::from_unix_timestamp(now.div_euclid(1_000));
    let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text));
    mac.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of Amazon's own test suite (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4).
    #[test]
    fn signatures_are_those_of_amazons_test_suite() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
            service: "service",
        };
        let now = 1_440_938_160_000;
        assert_eq!(date(now), "20150830T123600Z");
        let hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let plain = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let with_body = [
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded"),
            plain[0],
            ("x-amz-content-sha256", hash),
            plain[1],
        ];
        for (method, path, headers, body, signature) in [
            // get-vanilla
            (
                "GET",
                "/",
                &plain[..],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            // get-utf8
            (
                "GET",
                "/ሴ",
                &plain[..],
                "",
                "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
            // post-x-www-form-urlencoded
            (
                "POST",
                "/",
                &with_body[..],
                "Param1=value1",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ] {
            let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={}, Signature={signature}",
                names.join(";")
            );
            let given = signer.authorization(method, path, headers, body.as_bytes(), now);
            assert_eq!(given, expected, "{method} {path}");
        }
    }
}
