//! Reads addresses from a file: one per line, or a column of a CSV (RFC 4180).

use crate::server::values::address::Address;

/// Names that a column of addresses may have.
const NAMES: [&str; 7] =
    ["address", "e-mail", "e-mail address", "email", "email address", "email_address", "mail"];

/// A line of a file, counted from 1, with its address, or the reason why it has none.
pub type Found = (usize, Result<Address, String>);

/// Finds every address of a text, and every line that has none. Only empty lines and the row of
/// column names are skipped.
pub fn of_text(text: &[u8]) -> Vec<Found> {
    // Bytes in another encoding become characters that no address has, so their lines are reported.
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let separator = [';', '\t'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let mut records = records(text, separator);
    let column = records.first().and_then(|(_, fields)| named(fields.as_ref().ok()?));
    if column.is_some() {
        records.drain(..1);
    }
    let is_empty = |fields: &[String]| fields.iter().all(|field| field.trim().is_empty());
    let filled =
        records.into_iter().filter(|(_, fields)| !matches!(fields, Ok(fields) if is_empty(fields)));
    filled
        .map(|(line, fields)| (line, fields.and_then(|fields| address(&fields, column))))
        .collect()
}

/// Returns the index of the column of addresses, if these fields are column names.
fn named(fields: &[String]) -> Option<usize> {
    if fields.iter().any(|field| field.contains('@')) {
        return None;
    }
    fields.iter().position(|field| NAMES.contains(&field.trim().to_lowercase().as_str()))
}

fn address(fields: &[String], column: Option<usize>) -> Result<Address, String> {
    let mut candidates: Vec<&str> = match column {
        Some(column) => fields.get(column).map(String::as_str).into_iter().collect(),
        None => fields.iter().map(String::as_str).filter(|field| field.contains('@')).collect(),
    };
    candidates.retain(|field| !field.trim().is_empty());
    match candidates[..] {
        [] => Err("it has no address".to_owned()),
        [one] => Address::parse(one).map_err(|_| format!("{one:?} is no address")),
        _ => Err("it has several addresses, and no column is called email".to_owned()),
    }
}

/// Splits a CSV into records, each with the number of the line it begins in. A quoted field may
/// span lines. If its quotes do not match, only that line is an error, not the rest of the file.
fn records(text: &str, separator: char) -> Vec<(usize, Result<Vec<String>, String>)> {
    let (mut records, mut rest, mut line) = (Vec::new(), text, 1);
    while !rest.is_empty() {
        let (fields, length) = match record(rest, separator) {
            Some((fields, length)) => (Ok(fields), length),
            None => {
                let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
                (Err("its quotes do not match".to_owned()), length)
            }
        };
        records.push((line, fields));
        let (read, left) = rest.split_at(length);
        line += read.matches('\n').count();
        rest = left;
    }
    records
}

/// Returns the first record of a text, and its length in bytes. `None` if its quotes do not match.
fn record(text: &str, separator: char) -> Option<(Vec<String>, usize)> {
    let (mut fields, mut field, mut in_quotes) = (Vec::new(), String::new(), false);
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' if in_quotes => {
                if characters.next_if(|(_, next)| *next == '"').is_some() {
                    field.push('"');
                } else {
                    in_quotes = false;
                    // A closing quote is followed only by the end of the field. Anything else is an
                    // error.
                    let next = characters.peek().map(|(_, next)| *next);
                    if next.is_some_and(|c| c != separator && c != '\n' && c != '\r') {
                        return None;
                    }
                }
            }
            '"' if field.trim().is_empty() => {
                field.clear();
                in_quotes = true;
            }
            '\n' if !in_quotes => {
                fields.push(field);
                return Some((fields, at + 1));
            }
            c if c == separator && !in_quotes => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    (!in_quotes).then_some((fields, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(usize, String)> {
        let tell = |found: Result<Address, String>| match found {
            Ok(address) => address.as_str().to_owned(),
            Err(why) => why,
        };
        of_text(text.as_bytes()).into_iter().map(|(line, found)| (line, tell(found))).collect()
    }

    fn plain(text: &str) -> Vec<String> {
        told(text).into_iter().map(|(_, told)| told).collect()
    }

    #[test]
    fn addresses_are_read_one_a_line_or_from_a_column_of_a_csv() {
        let both = ["ada@example.com", "bea@example.com"];
        for text in [
            "ada@example.com\nbea@example.com",
            "\u{feff}ada@example.com\r\n\r\n  Bea@Example.com \r\n",
            "email\nada@example.com\nbea@example.com\n",
            "id,E-Mail,name\n1,ada@example.com,Ada\n2,bea@example.com,Bea\n",
            "Name;Email\n\"Lovelace; Ada\";ada@example.com\nBea;\"bea@example.com\"\n",
            "name\temail\nAda\tada@example.com\nBea\tbea@example.com",
            "Ada,ada@example.com\n\"Bea \"\"B\"\"\nof two lines\",bea@example.com\n",
            "boss,address\nx@example.com,ada@example.com\n,bea@example.com",
        ] {
            assert_eq!(plain(text), both, "{text}");
        }
    }

    #[test]
    fn a_line_without_an_address_is_reported_and_costs_no_other_line() {
        let text = "email,note\nada@example.com,\"two\nlines\"\nada@@example.com,\n,none\n\
            \"bea@example.com,never closed\ncyd@example.com,\n";
        assert_eq!(
            told(text),
            [
                (2, "ada@example.com".to_owned()),
                (4, "\"ada@@example.com\" is no address".to_owned()),
                (5, "it has no address".to_owned()),
                (6, "its quotes do not match".to_owned()),
                (7, "cyd@example.com".to_owned()),
            ]
        );
        assert_eq!(
            told("a@example.com,b@example.com\nuser\n"),
            [
                (1, "it has several addresses, and no column is called email".to_owned()),
                (2, "it has no address".to_owned()),
            ]
        );
        let latin = of_text(b"j\xfcrgen@example.com\nada@example.com");
        assert!(latin[0].1.is_err() && latin[1].1.is_ok());
    }
}
