//! Destination of a person after the sign-in: a path of this site.

use url::{Url, form_urlencoded};

/// Destination used if none was requested or the requested one is refused.
pub const DEFAULT: &str = "/dashboard";

const LONGEST: usize = 2_048;

/// Returns `next` as a path of this site, or [`DEFAULT`]. Stops open redirects (CWE-601, ASVS 5.0
/// 3.7.2): refuses whatever a URL parser would take off this site, as written or after one more
/// round of decoding.
pub fn parse(base: &Url, next: Option<&str>) -> String {
    next.and_then(|next| path_of_this_site(base, next)).unwrap_or_else(|| DEFAULT.to_owned())
}

/// Returns a path with one query parameter more, of any value.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}")
}

/// Adds the caller's own text, if it gave any, to the destination as the parameter `state`. The
/// caller gets it back when a link is opened, as in OAuth (RFC 6749, 4.1.2).
pub fn with_state(destination: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return destination.to_owned() };
    let (path, fragment) = destination.split_at(destination.find('#').unwrap_or(destination.len()));
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}{fragment}")
}

fn path_of_this_site(base: &Url, next: &str) -> Option<String> {
    let odd = |text: &str| text.contains('\\') || text.chars().any(char::is_control);
    if next.len() > LONGEST || !next.starts_with('/') || odd(next) {
        return None;
    }
    let url = base.join(next).ok()?;
    let decoded = percent_decoded(url.path());
    if url.origin() != base.origin() || odd(&decoded) || decoded.starts_with("//") {
        return None;
    }
    let path = &url[url::Position::BeforePath..];
    (path.len() <= LONGEST).then(|| path.to_owned())
}

fn percent_decoded(path: &str) -> String {
    // The url crate decodes only queries. There a `+` is a space and here it is a plus, which makes
    // no difference to these checks.
    form_urlencoded::parse(path.replace(['&', '='], "").as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(next: &str) -> String {
        parse(&Url::parse("https://login.example.com").unwrap(), Some(next))
    }

    #[test]
    fn a_state_is_a_parameter_before_the_fragment() {
        assert_eq!(with_state("/a", None), "/a");
        assert_eq!(with_state("/a", Some("7&ü")), "/a?state=7%26%C3%BC");
        assert_eq!(with_state("/a?b=c#d", Some("7")), "/a?b=c&state=7#d");
    }

    #[test]
    fn a_path_of_this_site_keeps_its_query() {
        assert_eq!(
            of("/dashboard/reports?year=2026&q=a%20b"),
            "/dashboard/reports?year=2026&q=a%20b"
        );
        assert_eq!(of("/a/../b"), "/b");
        assert_eq!(of("/"), "/");
    }

    #[test]
    fn anything_that_could_leave_the_site_becomes_the_dashboard() {
        for bad in [
            "",
            "//e",
            "/\\e",
            "/%09/e",
            "https:e",
            "https://e",
            "\\/e",
            "@e",
            "/a\r\nLocation: //e",
            "javascript:alert(1)",
            "/.//e",
            "/%2e//e",
            "/%2f/e",
            "/%5ce",
            "///e",
            "e",
            " /e",
            "/\t/e",
            "/a/..//e",
            "/%00",
        ] {
            assert_eq!(of(bad), DEFAULT, "{bad:?}");
        }
        assert_eq!(of(&format!("/{}", "a".repeat(5_000))), DEFAULT);
    }
}
