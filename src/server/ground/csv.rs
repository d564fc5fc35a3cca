//! Fields of CSV (RFC 4180).

/// Characters at which a spreadsheet takes a cell for a formula.
const OF_FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Characters behind which a cell may begin inside of a field: where a comma is in every number,
/// spreadsheets part cells at semicolons, and quotes at a comma then say nothing to them.
const OF_CELLS: [char; 4] = [';', '\t', '\r', '\n'];

/// Quotes a field if it needs quotes.
pub fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// Returns a field of text that strangers wrote, for a spreadsheet: what would be a formula there
/// begins with an apostrophe, which makes it text (OWASP, "CSV Injection").
pub fn harmless(text: &str) -> String {
    let (mut safe, mut begins) = (String::with_capacity(text.len()), true);
    for c in text.chars() {
        if begins && OF_FORMULAS.contains(&c) {
            safe.push('\'');
        }
        safe.push(c);
        begins = OF_CELLS.contains(&c) || (begins && c == '"');
    }
    field(&safe)
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
            ("Mozilla (X11; Linux)", "Mozilla (X11; Linux)"),
            ("Mozilla;=1+1;-2", "Mozilla;'=1+1;'-2"),
            ("a;\"=1+1", "\"a;\"\"'=1+1\""),
            ("a\n=1+1", "\"a\n'=1+1\""),
            ("a\t@b", "a\t'@b"),
        ] {
            assert_eq!(harmless(text), written);
        }
        assert_eq!(field("+ada@example.com"), "+ada@example.com");
    }
}
