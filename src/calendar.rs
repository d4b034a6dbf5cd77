//! Dates of the Gregorian calendar.

/// The seconds from 1970-01-01 to this time, both in UTC. Zero for an earlier time. Returns `None`
/// if a number is out of its range; the days of a month are not compared with its length.
pub(crate) fn unix_time(date: [u32; 3], time: [u32; 3]) -> Option<u64> {
    let (
        [year @ 1..=9999, month @ 1..=12, day @ 1..=31],
        [hour @ 0..=23, minute @ 0..=59, second @ 0..=60],
    ) = (date, time)
    else {
        return None;
    };
    // In years that begin in March, the leap day is the last day, and the lengths of the months
    // follow a formula.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let days = days.saturating_sub(DAYS_TO_1970);
    let seconds = 3600 * hour + 60 * minute + second;
    Some(86400 * u64::from(days) + u64::from(seconds))
}

/// What the formula gives for 1970-01-01.
const DAYS_TO_1970: u32 = 719_469;

/// Splits a number of two decimal digits from the bytes.
pub(crate) fn two_digits(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let ([tens @ b'0'..=b'9', ones @ b'0'..=b'9'], rest) = bytes.split_first_chunk()? else {
        return None;
    };
    Some((u32::from(tens - b'0') * 10 + u32::from(ones - b'0'), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: [u32; 3] = [0, 0, 0];

    #[test]
    fn each_day_follows_the_one_before() {
        let mut expected = 0;
        for year in 1970..=9999 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let lengths = [
                31,
                28 + u32::from(is_leap),
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ];
            for (month, len) in (1..).zip(lengths) {
                for day in 1..=len {
                    assert_eq!(unix_time([year, month, day], MIDNIGHT), Some(expected));
                    expected += 86400;
                }
            }
        }
    }

    #[test]
    fn the_time_of_day_is_added() {
        assert_eq!(unix_time([2009, 2, 13], [23, 31, 30]), Some(1_234_567_890));
        assert_eq!(unix_time([1970, 1, 1], [23, 59, 60]), Some(86400));
        assert_eq!(unix_time([1969, 12, 31], MIDNIGHT), Some(0));
        assert_eq!(unix_time([1, 1, 1], MIDNIGHT), Some(0));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for date in [
            [0, 1, 1],
            [2026, 0, 1],
            [2026, 13, 1],
            [2026, 1, 0],
            [2026, 1, 32],
            [10000, 1, 1],
        ] {
            assert_eq!(unix_time(date, MIDNIGHT), None);
        }
        for time in [[24, 0, 0], [0, 60, 0], [0, 0, 61], [u32::MAX; 3]] {
            assert_eq!(unix_time([2026, 1, 1], time), None);
        }
    }

    #[test]
    fn two_digits_are_decimal() {
        assert_eq!(two_digits(b"07x"), Some((7, &b"x"[..])));
        for wrong in [&b""[..], b"7", b"7x", b"x7", b"+7"] {
            assert_eq!(two_digits(wrong), None);
        }
    }
}
