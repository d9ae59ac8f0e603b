//! The head of an answer: what it is of, and whether it is of any use.

use super::back_off::retry_after;
use super::client::Address;
use super::trouble::{Kind, Trouble};
use std::time::Duration;
use ureq::Body;
use ureq::http::{Response, header};

/// Part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub first: u64,
    /// Last byte; `None`: to the end.
    pub last: Option<u64>,
}

/// What identifies the version of a file on the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Version {
    pub etag: Option<String>,
    pub modified: Option<String>,
    /// Bytes of the whole file.
    pub total: Option<u64>,
}

impl Version {
    /// Whether both can be of one file: what only one of them tells is no difference.
    pub fn agrees(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.zip(b).is_none_or(|(a, b)| a == b)
        }
        same(self.etag.as_ref(), other.etag.as_ref())
            && same(self.modified.as_ref(), other.modified.as_ref())
            && same(self.total.as_ref(), other.total.as_ref())
    }
}

/// The head of an answer with a body.
#[derive(Debug)]
pub struct Answer {
    /// First byte of the body in the file; 0 for a whole file.
    pub first: u64,
    /// Whether the server sent the range that was asked for, and not the whole file.
    pub partial: bool,
    pub version: Version,
    /// Bytes that the server says the body has; `None`: it comes in chunks, the last of which is marked.
    pub length: Option<u64>,
}

/// One try that did not succeed.
pub enum Failed {
    /// Not worth another try.
    Finally(Trouble),
    /// To be tried again, after this time when the server said so.
    ForNow(Trouble, Option<Duration>),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Finally(trouble)
    }
}

/// The head of a usable answer, or why it is of no use.
pub fn answer(address: &Address, response: &Response<Body>, range: Option<Range>) -> Result<Answer, Failed> {
    let text = |name: header::HeaderName| {
        response.headers().get(name).and_then(|v| v.to_str().ok()).map(|v| v.trim().to_owned())
    };
    let status = response.status().as_u16();
    let fail = |kind: Kind, zh: &str, en: &str| trouble(kind, address, zh, en);
    let mut answer = Answer {
        first: 0,
        partial: false,
        version: Version { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED), total: None },
        length: None,
    };
    if let Some(length) = response.headers().get(header::CONTENT_LENGTH) {
        answer.length = length.to_str().ok().and_then(|l| l.trim().parse().ok());
        if answer.length.is_none() {
            return Err(fail(Kind::Damaged, "内容长度无效", "a Content-Length that is no number").into());
        }
    }
    if matches!(status, 200 | 206) && text(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
        return Err(fail(Kind::Damaged, "内容被压缩", "a packed body, which was not asked for").into());
    }
    match (status, range) {
        (200, _) => {
            let chunked = text(header::TRANSFER_ENCODING).is_some_and(|e| e.eq_ignore_ascii_case("chunked"));
            if answer.length.is_none() && !chunked {
                let (zh, en) =
                    ("内容长度未知，无法判断是否完整", "a body of unknown length, which may be cut off unseen");
                return Err(fail(Kind::Damaged, zh, en).into());
            }
            answer.version.total = answer.length;
            Ok(answer)
        }
        (206, Some(asked)) => {
            let given = text(header::CONTENT_RANGE).unwrap_or_default();
            let Some((first, last, total)) = content_range(&given) else {
                return Err(fail(Kind::NoRanges, "分段信息无效", "a part without a valid Content-Range").into());
            };
            let end = asked.last.or(total.map(|t| t.saturating_sub(1))).unwrap_or(last);
            let clipped = total.is_some_and(|t| first == asked.first && last + 1 == t && last < end);
            if clipped {
                return Err(fail(Kind::Stale, "文件比索引所述短", "the file is shorter than its index says").into());
            }
            if (first, last) != (asked.first, end) || answer.length.is_some_and(|n| n != last - first + 1) {
                let (zh, en) = ("服务器给出了另一段", "another part than was asked for");
                return Err(Failed::ForNow(fail(Kind::Damaged, zh, en), None));
            }
            answer.length = Some(last - first + 1);
            answer.first = first;
            answer.partial = true;
            answer.version.total = total;
            Ok(answer)
        }
        (416, _) => {
            Err(fail(Kind::Stale, "文件比索引所述短（416）", "the file is shorter than its index says (416)").into())
        }
        (404 | 410, _) => {
            Err(fail(Kind::Absent, &format!("服务器上没有（{status}）"), &format!("not on the server ({status})"))
                .into())
        }
        (300..=399, _) => {
            let (zh, en) = ("不跟随重定向", "a redirect, which is not followed: give the final address");
            Err(fail(Kind::Forbidden, &format!("{zh}（{status}）"), &format!("{en} ({status})")).into())
        }
        (408 | 429 | 500 | 502..=504, _) => {
            let asked = retry_after(text(header::RETRY_AFTER).as_deref(), text(header::DATE).as_deref());
            let trouble =
                fail(Kind::Unreachable, &format!("服务器忙（{status}）"), &format!("the server is busy ({status})"));
            Err(Failed::ForNow(trouble, asked))
        }
        _ => {
            Err(fail(Kind::Forbidden, &format!("服务器拒绝（{status}）"), &format!("the server refuses ({status})"))
                .into())
        }
    }
}

/// First, last and total of `bytes 0-99/1234`; the total may be `*`.
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total {
        "*" => None,
        t => Some(t.parse().ok()?),
    };
    (first <= last && last < u64::MAX && total.is_none_or(|t: u64| last < t)).then_some((first, last, total))
}

/// A reason that names the address.
pub fn trouble(kind: Kind, address: &Address, zh: &str, en: &str) -> Trouble {
    Trouble::new(kind, format!("{}：{zh}", address.shown), format!("{}: {en}", address.shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_strictly() {
        assert_eq!(content_range("bytes 5-9/100"), Some((5, 9, Some(100))));
        assert_eq!(content_range("bytes 0-0/*"), Some((0, 0, None)));
        for bad in [
            "",
            "5-9/100",
            "bytes 9-5/100",
            "bytes 5-100/100",
            "bytes */100",
            "bytes 5-9",
            "items 5-9/100",
            "bytes 5-x/100",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
