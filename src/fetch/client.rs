//! Requests by HTTPS: only to allowed hosts and public addresses, without following redirects, tried again patiently, limited in time and size.

use super::address::Allowed;
use super::answer::{Answer, Failed, Range, Version, answer, trouble};
use super::back_off::Waits;
use super::resolver::{Guarded, Lookup, Refused};
use super::trouble::{Kind, Trouble};
use crate::config::mirror::Fetching;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::header;
use ureq::unversioned::transport::DefaultConnector;

/// Largest head of an answer [bytes].
const HEADER_BYTES: usize = 32_768;
/// Bytes read at once.
const BLOCK: usize = 1 << 16;

/// An address, and what messages call it: with a place for the secret instead of the secret.
#[derive(Clone)]
pub struct Address {
    sent: String,
    pub shown: String,
    secret: Option<String>,
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
        Self { shown: sent.clone(), sent, secret: None }
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
        let (sent, shown) = (template.replace("{KEY}", key), template.to_owned());
        Ok(Self { sent, shown, secret: Some(key.to_owned()) })
    }

    /// A text from a server without the secret, which some servers repeat.
    pub fn hidden(&self, text: &str) -> String {
        self.secret.as_ref().map_or_else(|| text.to_owned(), |secret| text.replace(secret, "{KEY}"))
    }
}

/// Takes the blocks of a body, each with the head of its answer.
pub type Taker<'t> = &'t mut dyn FnMut(&Answer, &[u8]) -> Result<(), Failed>;

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
        self.again(|| {
            let whole = |answer: &Answer| match answer.partial {
                true => Ok(()),
                false => {
                    let (zh, en) = ("服务器不支持分段下载", "the server does not give parts of files");
                    Err(Failed::from(trouble(Kind::NoRanges, address, zh, en)))
                }
            };
            let mut bytes = Vec::new();
            let answer = self.get(address, Some(range), None, &mut |answer, block| {
                whole(answer)?;
                bytes.extend_from_slice(block);
                Ok(())
            })?;
            // an empty body has no block
            whole(&answer)?;
            Ok((bytes, answer.version))
        })
    }

    /// A whole small file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Client::again`].
    pub fn small(&self, address: &Address, most: u64) -> Result<Vec<u8>, Trouble> {
        self.again(|| {
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
    pub fn again<T>(&self, mut one: impl FnMut() -> Result<T, Failed>) -> Result<T, Trouble> {
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
        take: Taker,
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
        let expected = answer.length;
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

#[cfg(test)]
mod tests {
    use super::*;

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
