//! The parts of a mail that is a report. Only the outer parts are of interest, so nothing is parsed
//! deeper than that: nested messages cannot exhaust the stack.

use mail_parser::{
    MessageParser, MimeHeaders,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};
use std::borrow::Cow;

/// Most parts of a multipart that are looked at. A report has two or three.
const MOST_PARTS: usize = 16;

/// A mail, or a part of one.
#[derive(Debug)]
pub struct Entity<'a> {
    pub fields: Fields,
    /// Type and subtype in lower case.
    kind: String,
    boundary: Option<String>,
    encoding: String,
    body: &'a [u8],
}

/// Names, in lower case, and values of header fields, or of the fields of a report.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads lines up to the first empty one, and joins those that are continued.
    pub fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Fields(fields)
    }

    /// Reads the groups of fields that empty lines separate.
    pub fn groups(text: &str) -> Vec<Self> {
        let mut groups = vec![String::new()];
        for line in text.lines() {
            match groups.last_mut() {
                Some(group) if !line.trim().is_empty() => {
                    group.push_str(line);
                    group.push('\n');
                }
                Some(group) if group.is_empty() => {}
                _ => groups.push(String::new()),
            }
        }
        groups.iter().map(|group| Fields::read(group)).collect()
    }

    /// Returns the first field of this name, or nothing.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<'a> Entity<'a> {
    pub fn parse(raw: &'a [u8]) -> Self {
        let (head, body) = split(raw);
        let parser = MessageParser::new().with_mime_headers().default_header_ignore();
        let parsed = parser.parse_headers(head);
        let content_type = parsed.as_ref().and_then(MimeHeaders::content_type);
        let kind = content_type.map_or("text/plain".to_owned(), |content_type| {
            let subtype = content_type.subtype().unwrap_or_default();
            format!("{}/{subtype}", content_type.ctype()).to_ascii_lowercase()
        });
        let boundary = content_type.and_then(|content_type| content_type.attribute("boundary"));
        let boundary = boundary.map(str::to_owned);
        let fields = Fields::read(&String::from_utf8_lossy(head));
        let encoding = fields.get("content-transfer-encoding").to_ascii_lowercase();
        Entity { fields, kind, boundary, encoding, body }
    }

    pub fn is(&self, kinds: &[&str]) -> bool {
        kinds.contains(&self.kind.as_str())
    }

    pub fn is_multipart(&self) -> bool {
        self.kind.starts_with("multipart/")
    }

    /// Returns the parts of a multipart (RFC 2046, 5.1). One that is cut off ends with the mail.
    pub fn parts(&self) -> Vec<Entity<'a>> {
        let Some(boundary) = self.boundary.as_deref().filter(|boundary| !boundary.is_empty())
        else {
            return Vec::new();
        };
        let delimiter = format!("--{boundary}");
        let mut parts: Vec<&[u8]> = Vec::new();
        let (mut begins, mut at) = (None, 0);
        for line in self.body.split_inclusive(|byte| *byte == b'\n') {
            let rest = line.strip_prefix(delimiter.as_bytes()).map(<[u8]>::trim_ascii_end);
            if let Some(rest @ (b"" | b"--")) = rest {
                parts.extend(begins.and_then(|begins| self.body.get(begins..at)));
                begins = (rest.is_empty() && parts.len() < MOST_PARTS).then_some(at + line.len());
                if begins.is_none() {
                    break;
                }
            }
            at += line.len();
        }
        parts.extend(begins.and_then(|begins| self.body.get(begins..)));
        parts.into_iter().map(Entity::parse).collect()
    }

    /// Returns the body, decoded.
    pub fn text(&self) -> String {
        let bytes = match self.encoding.as_str() {
            "base64" => base64_decode(self.body).map_or(self.body.into(), Cow::Owned),
            "quoted-printable" => {
                quoted_printable_decode(self.body).map_or(self.body.into(), Cow::Owned)
            }
            _ => Cow::Borrowed(self.body),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Splits header and body at the first empty line.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            return (&raw[..at], &raw[at + line.len()..]);
        }
        at += line.len();
    }
    (raw, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_whatever_is_around_them() {
        let mail = "From MAILER-DAEMON Sun Nov 29 12:00:00 2026\r\n\
            CONTENT-TYPE: Multipart/Report; report-type=delivery-status;\r\n\
            \tboundary=\"a b\"; x=y\r\n\r\npreamble\r\n--a b\r\n\r\none\r\n--a b  \r\n\
            Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: BASE64\r\n\r\n\
            QWN0aW9uOiBm\r\nYWlsZWQ=\r\n--a b--\r\nepilogue\r\n--a b\r\n\r\nnot this\r\n";
        let entity = Entity::parse(mail.as_bytes());
        assert!(entity.is(&["multipart/report"]) && entity.is_multipart());
        let parts = entity.parts();
        assert_eq!(parts.len(), 2);
        assert!(parts[0].is(&["text/plain"]));
        assert_eq!(parts[0].text(), "one\r\n");
        assert!(parts[1].is(&["message/delivery-status"]));
        assert_eq!(parts[1].text(), "Action: failed");
        let cut = Entity::parse(&mail.as_bytes()[..mail.find("YWls").unwrap()]);
        assert_eq!(cut.parts().len(), 2);
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n".repeat(99));
        assert_eq!(Entity::parse(many.as_bytes()).parts().len(), MOST_PARTS);
        assert!(Entity::parse(b"Content-Type: multipart/mixed\n\n--\n\n--\n").parts().is_empty());
    }

    #[test]
    fn fields_are_joined_and_grouped() {
        let text = "Reporting-MTA: dns; a\r\n\r\n\r\nAction: failed\nDiagnostic-Code: smtp;\n \
            550\n\tno\nno field\n\nAction: delayed\n";
        let groups = Fields::groups(text);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0].get("reporting-mta"), "dns; a");
        assert_eq!(groups[1].get("diagnostic-code"), "smtp; 550 no");
        assert_eq!(groups[2].get("action"), "delayed");
        assert_eq!(groups[2].get("status"), "");
    }
}
