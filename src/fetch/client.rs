//! Requests by HTTPS: only to allowed hosts and public addresses, without following redirects, tried again patiently, limited in time and size.

use super::address::Allowed;
use super::back_off::{Waits, retry_after};
use super::trouble::{Kind, Trouble};
use crate::config::mirror::Fetching;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};
use ureq::http::{Response, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

/// Longest answer that only says why there is none.
const HEADER_BYTES: usize = 32_768;
/// Bytes read at once.
const BLOCK: usize = 1 << 16;

/// What a name resolves to.
pub type Lookup = fn(&str, u16) -> std::io::Result<Vec<SocketAddr>>;

/// The system's resolver.
pub fn system_lookup(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port).to_socket_addrs()?.collect())
}

/// An address, and what messages call it: with a place for the secret instead of the secret.
#[derive(Clone)]
pub struct Address {
    sent: String,
    pub shown: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// An address without a secret.
    pub fn open(text: impl Into<String>) -> Self {
        let sent = text.into();
        Self { shown: sent.clone(), sent }
    }

    /// An address whose `{KEY}` is the secret `key`, of letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for a key of other characters.
    pub fn with_key(template: &str, key: &str) -> Result<Self, Trouble> {
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            let (zh, en) = ("密钥只能含字母、数字、-和_", "the key may have letters, digits, `-` and `_` only");
            return Err(Trouble::new(Kind::Forbidden, format!("{template}：{zh}"), format!("{template}: {en}")));
        }
        Ok(Self { sent: template.replace("{KEY}", key), shown: template.to_owned() })
    }
}

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
    /// Bytes that the server says the body has.
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

/// Asks servers.
pub struct Client<'a> {
    agent: Agent,
    allowed: Allowed,
    waits: Waits,
    /// Least time from one request to the next.
    pace: Duration,
    largest: u64,
    pause: &'a dyn Fn(Duration),
    last_request: RefCell<Option<Instant>>,
    requests: Cell<u64>,
}

impl<'a> Client<'a> {
    /// `pause` waits; `lookup` resolves names.
    pub fn new(settings: &Fetching, pause: &'a dyn Fn(Duration), lookup: Lookup) -> Self {
        let allowed = Allowed::new(&settings.hosts, settings.loopback);
        let whole = Duration::from_secs(u64::from(settings.request_s));
        let start = whole.min(Duration::from_secs(30));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!settings.loopback)
            // a proxy would resolve names itself, out of sight of the rules here
            .proxy(None)
            .max_redirects(0)
            // ranges of packed bytes are of no use
            .accept_encoding("identity")
            .user_agent(concat!("hazecast/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(HEADER_BYTES)
            .timeout_global(Some(whole))
            .timeout_resolve(Some(start))
            .timeout_connect(Some(start))
            .timeout_recv_response(Some(start.max(whole / 2)))
            .build();
        let resolver = Guarded { allowed: allowed.clone(), lookup };
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            allowed,
            waits: Waits::new(settings.tries, settings.first_wait_s, settings.longest_wait_s),
            pace: match settings.requests_per_minute {
                0 => Duration::ZERO,
                n => Duration::from_secs(60) / n,
            },
            largest: u64::from(settings.largest_mb) * 1_000_000,
            pause,
            last_request: RefCell::new(None),
            requests: Cell::new(0),
        }
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// Largest file [bytes].
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// Exactly the bytes of `range`, with the version of the file.
    ///
    /// # Errors
    /// [`Kind::Stale`] when the range is not in the file, [`Kind::NoRanges`] when the server sends something else, and as [`Client::again`].
    pub fn range(&self, address: &Address, range: Range) -> Result<(Vec<u8>, Version), Trouble> {
        self.again(address, || {
            let mut bytes = Vec::new();
            let answer = self.get(address, Some(range), None, &mut |answer, block| {
                if !answer.partial {
                    let (zh, en) = ("服务器不支持分段下载", "the server does not give parts of files");
                    return Err(trouble(Kind::NoRanges, address, zh, en).into());
                }
                bytes.extend_from_slice(block);
                Ok(())
            })?;
            Ok((bytes, answer.version))
        })
    }

    /// A whole small file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Client::again`].
    pub fn small(&self, address: &Address, most: u64) -> Result<Vec<u8>, Trouble> {
        self.again(address, || {
            let mut bytes = Vec::new();
            self.get(address, None, None, &mut |_, block| {
                bytes.extend_from_slice(block);
                if bytes.len() as u64 > most { Err(too_large(address, most).into()) } else { Ok(()) }
            })?;
            Ok(bytes)
        })
    }

    /// Tries until it succeeds, with longer and longer waits, or as long as the server asks for.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] after the last try; otherwise what is not worth another try.
    pub fn again<T>(&self, address: &Address, mut one: impl FnMut() -> Result<T, Failed>) -> Result<T, Trouble> {
        let mut tried = 0;
        loop {
            let (trouble, asked) = match one() {
                Ok(done) => return Ok(done),
                Err(Failed::Finally(trouble)) => return Err(trouble),
                Err(Failed::ForNow(trouble, asked)) => (trouble, asked),
            };
            tried += 1;
            let Some(wait) = self.waits.after(tried, asked) else {
                let zh = format!("{}；试了{tried}次后放弃", trouble.text.zh);
                let en = format!("{}; given up after {tried} tries", trouble.text.en);
                return Err(Trouble::new(Kind::Unreachable, zh, en));
            };
            if !wait.is_zero() {
                (self.pause)(wait);
            }
            debug_assert!(tried < 100, "{address:?}");
        }
    }

    /// One request; every block of the body goes to `take` as it comes. `only_of`: the version of which a range is wanted; of another version the
    /// whole file is sent.
    ///
    /// # Errors
    /// What was wrong with address, answer or body; what `take` says.
    pub fn get(
        &self,
        address: &Address,
        range: Option<Range>,
        only_of: Option<&str>,
        take: &mut dyn FnMut(&Answer, &[u8]) -> Result<(), Failed>,
    ) -> Result<Answer, Failed> {
        let uri = self.allowed.check(&address.sent, &address.shown)?;
        let mut request = self.agent.get(&uri);
        if let Some(Range { first, last }) = range {
            let last = last.map(|l| l.to_string()).unwrap_or_default();
            request = request.header(header::RANGE, format!("bytes={first}-{last}"));
        }
        if let Some(version) = only_of {
            request = request.header(header::IF_RANGE, version);
        }
        self.keep_pace();
        self.requests.set(self.requests.get() + 1);
        let mut response = request.call().map_err(|e| unsent(address, &e))?;
        let answer = answer(address, &response, range)?;
        let expected = match (range, answer.partial) {
            (Some(Range { first, last: Some(last) }), true) => Some(last - first + 1),
            _ => answer.length,
        };
        if expected.is_some_and(|n| n > self.largest) {
            return Err(too_large(address, self.largest).into());
        }
        let cut = |got: u64, why: &str| {
            let zh = format!("{}：内容在{got}字节处中断（{why}）", address.shown);
            let en = format!("{}: the body broke off after {got} bytes ({why})", address.shown);
            Failed::ForNow(Trouble::new(Kind::Damaged, zh, en), None)
        };
        let limit = expected.unwrap_or(self.largest);
        let mut reader = response.body_mut().as_reader();
        let mut block = vec![0; BLOCK];
        let mut got = 0;
        loop {
            let n = match reader.read(&mut block) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) => return Err(cut(got, &e.to_string())),
            };
            got += n as u64;
            if got > limit {
                return Err(too_large(address, limit).into());
            }
            take(&answer, &block[..n])?;
        }
        match expected {
            Some(n) if got < n => Err(cut(got, &format!("of {n}"))),
            _ => Ok(answer),
        }
    }

    fn keep_pace(&self) {
        let mut last = self.last_request.borrow_mut();
        if let Some(wait) = last.and_then(|t| self.pace.checked_sub(t.elapsed())).filter(|w| !w.is_zero()) {
            (self.pause)(wait);
        }
        *last = Some(Instant::now());
    }
}

fn trouble(kind: Kind, address: &Address, zh: &str, en: &str) -> Trouble {
    Trouble::new(kind, format!("{}：{zh}", address.shown), format!("{}: {en}", address.shown))
}

/// A file that is larger than `most` bytes.
pub fn too_large(address: &Address, most: u64) -> Trouble {
    trouble(Kind::TooLarge, address, &format!("超过{most}字节"), &format!("more than {most} bytes"))
}

/// A request without an answer.
fn unsent(address: &Address, error: &ureq::Error) -> Failed {
    if let ureq::Error::Other(inner) = error
        && let Some(refused) = inner.downcast_ref::<Refused>()
    {
        let (zh, en) =
            (format!("解析到非公网地址{}", refused.0), format!("it resolves to {}, no public address", refused.0));
        return trouble(Kind::Forbidden, address, &zh, &en).into();
    }
    // other errors may carry the address with its secret
    let (zh, en) = match error {
        ureq::Error::Timeout(_) => ("超时".to_owned(), "no answer in time".to_owned()),
        ureq::Error::HostNotFound => ("找不到主机".to_owned(), "the host was not found".to_owned()),
        ureq::Error::Io(e) => (format!("连接失败（{}）", e.kind()), format!("no connection ({})", e.kind())),
        ureq::Error::Rustls(e) => (format!("TLS失败（{e}）"), format!("no secure connection ({e})")),
        ureq::Error::LargeResponseHeader(..) => ("响应头过大".to_owned(), "headers that are too large".to_owned()),
        _ => ("响应无法理解".to_owned(), "an answer that cannot be understood".to_owned()),
    };
    Failed::ForNow(trouble(Kind::Unreachable, address, &zh, &en), None)
}

/// The head of a usable answer, or why it is of no use.
fn answer(address: &Address, response: &Response<Body>, range: Option<Range>) -> Result<Answer, Failed> {
    let text = |name: header::HeaderName| {
        response.headers().get(name).and_then(|v| v.to_str().ok()).map(|v| v.trim().to_owned())
    };
    let status = response.status().as_u16();
    let fail = |kind: Kind, zh: &str, en: &str| trouble(kind, address, zh, en);
    let mut answer = Answer {
        first: 0,
        partial: false,
        version: Version { etag: text(header::ETAG), modified: text(header::LAST_MODIFIED), total: None },
        length: text(header::CONTENT_LENGTH).and_then(|l| l.parse().ok()),
    };
    if matches!(status, 200 | 206) && text(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
        return Err(fail(Kind::Damaged, "内容被压缩", "a packed body, which was not asked for").into());
    }
    match (status, range) {
        (200, _) => {
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

/// A name resolved to an address that may not be asked.
#[derive(Debug)]
struct Refused(std::net::IpAddr);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no public address", self.0)
    }
}

impl std::error::Error for Refused {}

/// Resolves names, and refuses a name of which any address is not public. The connection goes to the very addresses that were looked at.
#[derive(Debug)]
struct Guarded {
    allowed: Allowed,
    lookup: Lookup,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let (lookup, name) = (self.lookup, host.clone());
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        // the system's resolver knows no time limit
        std::thread::spawn(move || {
            let _ = sender.send(lookup(&name, port));
        });
        let found = receiver.recv_timeout(*timeout.after).map_err(|_| ureq::Error::Timeout(timeout.reason))??;
        let mut addresses = self.empty();
        let room = addresses.iter().count().max(8);
        for address in found {
            if !self.allowed.may_connect(&host, address.ip()) {
                return Err(ureq::Error::Other(Box::new(Refused(address.ip()))));
            }
            if addresses.len() < room {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(addresses) }
    }
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

    #[test]
    fn a_key_stays_out_of_messages_and_cannot_change_the_address() {
        let address = Address::with_key("https://a.example/{KEY}/x", "s3cret").unwrap();
        assert_eq!(
            (address.sent.as_str(), format!("{address:?}").contains("s3cret")),
            ("https://a.example/s3cret/x", false)
        );
        for bad in ["", "a/b", "a?b", "a@b", "a b", "a\n", "é"] {
            let trouble = Address::with_key("https://a.example/{KEY}/x", bad).unwrap_err();
            assert!(bad.len() < 2 || !format!("{trouble:?}").contains(bad));
        }
    }
}
