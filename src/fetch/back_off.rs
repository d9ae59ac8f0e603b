//! How long to wait before a request is tried again. No chance is in it: the same answers give the same waits.

use chrono::DateTime;
use std::time::Duration;

/// Waits between tries: the first, then twice as long each time, up to the longest.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    tries: u32,
    first: Duration,
    longest: Duration,
}

impl Waits {
    /// Tries in all, and the first and the longest wait [s].
    pub fn new(tries: u32, first_s: u32, longest_s: u32) -> Self {
        let seconds = |s: u32| Duration::from_secs(u64::from(s));
        Self { tries, first: seconds(first_s), longest: seconds(longest_s) }
    }

    /// The wait after `tried` tries; `None`: no more. `asked`: how long the server wants to be left alone; more than the longest wait is not
    /// waited for.
    pub fn after(&self, tried: u32, asked: Option<Duration>) -> Option<Duration> {
        if tried >= self.tries || asked.is_some_and(|a| a > self.longest) {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << (tried - 1).min(20)).min(self.longest);
        Some(asked.map_or(doubled, |a| a.max(doubled)))
    }
}

/// `Retry-After` as a time to wait: seconds, or a date, which is held against the `Date` of the same answer.
pub fn retry_after(value: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let value = value?;
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let instant = |t: &str| DateTime::parse_from_rfc2822(t).ok();
    let wait = instant(value)? - instant(date?)?;
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = Waits::new(6, 2, 10);
        let seconds: Vec<_> = (1..=6).map(|n| waits.after(n, None).map(|d| d.as_secs())).collect();
        assert_eq!(seconds, [Some(2), Some(4), Some(8), Some(10), Some(10), None]);
        let asked = |s| Some(Duration::from_secs(s));
        assert_eq!(waits.after(1, asked(7)), asked(7));
        assert_eq!(waits.after(3, asked(1)), asked(8));
        assert_eq!(waits.after(1, asked(11)), None);
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        let date = Some("Thu, 15 Jan 2026 12:00:00 GMT");
        assert_eq!(retry_after(Some("7"), None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(Some("Thu, 15 Jan 2026 12:01:30 GMT"), date), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(Some("Thu, 15 Jan 2026 11:00:00 GMT"), date), Some(Duration::ZERO));
        assert_eq!(retry_after(Some("99999999999999999999999"), None), Some(Duration::MAX));
        for useless in [None, Some(""), Some("-5"), Some("soon"), Some("1.5")] {
            assert_eq!(retry_after(useless, date), None);
        }
    }
}
