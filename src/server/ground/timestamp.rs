//! Times as people write them.

use time::{Date, Month, Time};

use super::clock::{DAY, HOUR, MINUTE, Millis, SECOND};

/// Parses a time that an operator gave, in UTC: `2026-01-31`, `2026-01-31T12:00:00Z`, or ago, as
/// `30m`, `12h`, `7d`.
pub fn parse(text: &str, now: Millis) -> Result<Millis, String> {
    let wrong = || format!("{text:?} is no time: give 2026-01-31, 2026-01-31T12:00:00Z, 12h or 7d");
    let ago = |unit: char, length: Millis| {
        let number: Millis = text.strip_suffix(unit)?.parse().ok()?;
        (number >= 0).then(|| now.saturating_sub(number.saturating_mul(length)))
    };
    let named = || {
        let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
        let [year, month, day] = numbers(date, '-')?[..] else { return None };
        let [hour, minute, second] = numbers(time.strip_suffix('Z')?, ':')?[..] else {
            return None;
        };
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
        let [hour, minute, second] = [hour, minute, second].map(u8::try_from);
        let time = Time::from_hms(hour.ok()?, minute.ok()?, second.ok()?).ok()?;
        Some(date.with_time(time).assume_utc().unix_timestamp() * SECOND)
    };
    ago('d', DAY)
        .or_else(|| ago('h', HOUR))
        .or_else(|| ago('m', MINUTE))
        .or_else(named)
        .ok_or_else(wrong)
}

fn numbers(text: &str, separator: char) -> Option<Vec<i32>> {
    text.split(separator).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ground::clock::rfc_3339;

    #[test]
    fn a_time_is_a_date_or_a_duration_before_now() {
        let noon = 1_767_268_800_000;
        for (text, at) in [
            ("2026-01-01T12:00:00Z", noon),
            ("2026-01-01", noon - 12 * HOUR),
            ("30m", noon - 30 * MINUTE),
            ("12h", noon - 12 * HOUR),
            ("7d", noon - 7 * DAY),
        ] {
            assert_eq!(parse(text, noon), Ok(at), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-02-30", "-1d", "2026-01-01T12:00:00", "7"]
        {
            assert!(parse(text, noon).is_err(), "{text}");
        }
        assert_eq!(rfc_3339(noon + 7), "2026-01-01T12:00:00.007Z");
    }
}
