//! User agents in words that people know.

use woothee::parser::Parser;

use super::words::say;

/// Describes a user agent in words that people know: "Firefox on Linux".
pub fn describe(user_agent: &str) -> String {
    let unknown = |name: &str| name.is_empty() || name == "UNKNOWN";
    match Parser::new().parse(user_agent) {
        Some(agent) if !unknown(agent.name) && !unknown(agent.os) => {
            say!("browser-on", browser = agent.name, system = agent.os)
        }
        Some(agent) if !unknown(agent.name) => agent.name.to_owned(),
        _ => say!("unknown-browser"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(describe(firefox), "Firefox on Linux");
        assert_eq!(describe("curl-ish"), "an unknown browser");
    }
}
