//! The relaxed canonical form, which survives what mail servers do to white space on the way.

const SPACES: [char; 2] = [' ', '\t'];

/// Returns a header in canonical form, without its last CRLF (RFC 6376, 3.4.2).
pub fn header(name: &str, value: &str) -> String {
    let mut canonical = name.trim_end_matches(SPACES).to_ascii_lowercase();
    canonical.push(':');
    // Lines are unfolded, and each run of white space becomes one space.
    let mut words = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    canonical.extend(words.next());
    for word in words {
        canonical.push(' ');
        canonical += word;
    }
    canonical
}

/// Returns a body in canonical form (RFC 6376, 3.4.4).
pub fn body(body: &str) -> String {
    let mut canonical = String::with_capacity(body.len());
    // Lines without words count only once one with words follows.
    let mut empty_lines = 0;
    for line in body.split("\r\n") {
        let line = line.trim_end_matches(SPACES);
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            canonical += "\r\n";
        }
        let mut is_first = !line.starts_with(SPACES);
        for word in line.split(SPACES).filter(|word| !word.is_empty()) {
            if !std::mem::take(&mut is_first) {
                canonical.push(' ');
            }
            canonical += word;
        }
        canonical += "\r\n";
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6376, 3.4.5, and the borders of its rules.
    #[test]
    fn white_space_is_reduced_as_the_standard_says() {
        assert_eq!(header("A", " X"), "a:X");
        assert_eq!(header("B ", " Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(header("c", ""), "c:");
        for (given, canonical) in [
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("", ""),
            ("\r\n\r\n", ""),
            (" \t\r\n", ""),
            ("no end", "no end\r\n"),
            ("a\r\n\r\n \r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
            ("\t a", " a\r\n"),
        ] {
            assert_eq!(body(given), canonical, "{given:?}");
        }
    }
}
