//! The dates of HTTP (RFC 9110, section 5.6.7).

use crate::calendar::{two_digits, unix_time};

/// Parses the format that servers must send, such as `Sun, 06 Nov 1994 08:49:37 GMT`, into seconds
/// since 1970. The two formats that are obsolete since 1999 are not parsed, and the day of the week
/// is ignored.
pub(super) fn unix_time_of(date: &[u8]) -> Option<u64> {
    let (_, date) = date.split_at_checked(3)?;
    let (day, date) = two_digits(date.strip_prefix(b", ")?)?;
    let (month, date) = date.strip_prefix(b" ")?.split_at_checked(3)?;
    let (century, date) = two_digits(date.strip_prefix(b" ")?)?;
    let (year, date) = two_digits(date)?;
    let (hour, date) = two_digits(date.strip_prefix(b" ")?)?;
    let (minute, date) = two_digits(date.strip_prefix(b":")?)?;
    let (second, date) = two_digits(date.strip_prefix(b":")?)?;
    let month = (1..).zip(MONTHS).find(|(_, name)| **name == *month)?;
    if date != b" GMT" {
        return None;
    }
    unix_time([century * 100 + year, month.0, day], [hour, minute, second])
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn the_format_of_today_is_parsed() {
        assert_eq!(unix_time_of(EXAMPLE.as_bytes()), Some(784_111_777));
        for (month, name) in (1..).zip(MONTHS) {
            let date = EXAMPLE.replace("Nov", str::from_utf8(name).unwrap());
            let expected = unix_time([1994, month, 6], [8, 49, 37]);
            assert_eq!(unix_time_of(date.as_bytes()), expected);
        }
    }

    #[test]
    fn other_formats_are_refused() {
        for len in 0..EXAMPLE.len() {
            assert_eq!(unix_time_of(&EXAMPLE.as_bytes()[..len]), None);
            // Each character matters but for the day of the week.
            let mut changed = EXAMPLE.as_bytes().to_vec();
            changed[len] = b'~';
            assert_eq!(unix_time_of(&changed).is_some(), len < 3);
        }
        for wrong in [
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 GMT+1",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
        ] {
            assert_eq!(unix_time_of(wrong.as_bytes()), None);
        }
    }
}
