//! Fields of CSV (RFC 4180).

/// Characters at which a spreadsheet takes a cell for a formula.
const OF_FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Quotes a field if it needs quotes.
pub fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// Returns a field of text that strangers wrote, for a spreadsheet: one that would be a formula
/// there begins with an apostrophe, which makes it text (OWASP, "CSV Injection").
pub fn harmless(text: &str) -> String {
    if text.starts_with(OF_FORMULAS) {
        return field(&format!("'{text}"));
    }
    field(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_breaks_its_line() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1,A2)", "\"'@SUM(A1,A2)\""),
            ("-2", "'-2"),
            ("\r\n", "\"'\r\n\""),
            ("1-2", "1-2"),
        ] {
            assert_eq!(harmless(text), written);
        }
        assert_eq!(field("+ada@example.com"), "+ada@example.com");
    }
}
