//! The topic of Amazon SNS that reports come from, and the URLs that its messages may name. Only
//! those of SNS in the topic's region are taken, over HTTPS: whoever could choose another would
//! sign with a key of their own, or make us call where they want.

use url::Url;

/// A topic, by its ARN: `arn:aws:sns:eu-west-1:123456789012:name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub arn: String,
    /// Host of SNS in the topic's region.
    host: String,
}

impl Topic {
    pub fn parse(text: &str) -> Result<Self, String> {
        let how = || {
            "the ARN of a topic of Amazon SNS is needed, like \
             arn:aws:sns:eu-west-1:123456789012:name"
                .to_owned()
        };
        let parts: Vec<&str> = text.trim().split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return Err(how());
        };
        let domain = match *partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return Err(how()),
        };
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_fine = !region.is_empty()
            && region.chars().all(is_region)
            && !account.is_empty()
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && !name.is_empty();
        if !is_fine {
            return Err(how());
        }
        Ok(Topic { arn: text.trim().to_owned(), host: format!("sns.{region}.{domain}") })
    }

    /// Returns `url` parsed, if it is of SNS in the topic's region.
    fn url(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        let is_ours = url.scheme() == "https"
            && url.host_str() == Some(&self.host)
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        is_ours.then_some(url)
    }

    /// Reports whether `url` is of a certificate that SNS signs with.
    pub fn is_certificate(&self, url: &str) -> bool {
        self.url(url).is_some_and(|url| {
            let name = url
                .path()
                .strip_prefix("/SimpleNotificationService-")
                .and_then(|rest| rest.strip_suffix(".pem"));
            let is_name = |name: &str| {
                (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
            };
            name.is_some_and(is_name) && url.query().is_none() && url.fragment().is_none()
        })
    }

    /// Reports whether a GET of `url` confirms a subscription, and does nothing else.
    pub fn is_confirmation(&self, url: &str) -> bool {
        self.url(url).is_some_and(|url| {
            let confirms = ("Action".into(), "ConfirmSubscription".into());
            url.path() == "/" && url.query_pairs().next() == Some(confirms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_an_arn_of_sns() {
        let host = |arn: &str| Topic::parse(arn).map(|topic| topic.host);
        let china = "arn:aws-cn:sns:cn-north-1:123456789012:x";
        assert_eq!(host(china), Ok("sns.cn-north-1.amazonaws.com.cn".to_owned()));
        for arn in [
            "",
            "bounces",
            "arn:aws:sqs:eu-west-1:123456789012:x",
            "arn:aws:sns:eu-west-1:123456789012:x:7f0e",
            "arn:aws:sns:example.com/:123456789012:x",
            "arn:aws:sns::123456789012:x",
            "arn:elsewhere:sns:eu-west-1:123456789012:x",
        ] {
            assert!(host(arn).unwrap_err().contains("arn:aws:sns:"), "{arn}");
        }
    }
}
