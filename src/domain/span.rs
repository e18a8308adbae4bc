//! How long something is: read and written as people do ("2h 13m"). Knows no instants.

use std::time::Duration;

/// Reads `90s`, `5m`, `2h`, `3d`, `1w` and sums of them (`1h 30m`). `None` where the text is anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let seconds = match &rest[..letters] {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(number.checked_mul(seconds)?))?;
        rest = rest[letters..].trim_start();
    }
    Some(total)
}

/// Writes the two largest units: `45s`, `28m 10s`, `2h 13m`, `3d 4h`. Fractions of a second are cut off.
#[must_use]
pub fn format(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")];
    for (unit, name, lower, lower_name) in units {
        if seconds >= unit {
            let rest = seconds % unit / lower;
            let first = seconds / unit;
            return if rest == 0 { format!("{first}{name}") } else { format!("{first}{name} {rest}{lower_name}") };
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_with_their_units() {
        assert_eq!(parse("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse("2 hours"), Some(Duration::from_hours(2)));
        for text in ["", "h", "5", "5x", "-5m", "1.5h", "99999999999999999999s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_written_with_their_two_largest_units() {
        let cases = [(0, "0s"), (45, "45s"), (60, "1m"), (1690, "28m 10s"), (7980, "2h 13m"), (273_600, "3d 4h")];
        for (seconds, written) in cases {
            assert_eq!(format(Duration::from_secs(seconds)), written);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_can_be_read(seconds in 0..100_000_000u64) {
            let span = Duration::from_secs(seconds);
            let read = parse(&format(span)).unwrap();
            prop_assert!(read <= span && span < read + Duration::from_hours(1));
        }
    }
}
