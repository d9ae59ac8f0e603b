//! A server on loopback that behaves as badly as a test asks.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// With the query.
    pub path: String,
    pub range: Option<(u64, Option<u64>)>,
    pub if_range: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The connection is closed after so many bytes of the body.
    pub cut: Option<usize>,
    /// Time before each 16 bytes of the body.
    pub slow: Option<Duration>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A file as a server with ranges gives it.
    pub fn file(asked: &Asked, bytes: &[u8], etag: &str) -> Self {
        let size = bytes.len() as u64;
        let whole = Self { status: 200, body: bytes.to_vec(), ..Self::default() }.with("ETag", etag);
        match asked.range {
            Some(_) if asked.if_range.as_deref().is_some_and(|v| v != etag) => whole,
            Some((first, _)) if first >= size => Self::status(416).with("Content-Range", format!("bytes */{size}")),
            Some((first, last)) => {
                let last = last.unwrap_or(u64::MAX).min(size - 1);
                let body = bytes[first as usize..=last as usize].to_vec();
                let range = format!("bytes {first}-{last}/{size}");
                Self { status: 206, body, ..Self::default() }.with("ETag", etag).with("Content-Range", range)
            }
            None => whole,
        }
    }
}

type Answer = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// Lives until dropped.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<Mutex<usize>>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// `answer` gets the request and how often its path was asked for before.
    pub fn new(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let over = Arc::new(AtomicBool::new(false));
        let (told, counted, ended) = (seen.clone(), connections.clone(), over.clone());
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                *counted.lock().unwrap() += 1;
                let (told, answer) = (told.clone(), answer.clone());
                std::thread::spawn(move || stream.map(|s| serve(&s, &told, &*answer)));
            }
        });
        Self { address, seen, connections, over }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers requests of one connection until it breaks.
fn serve(stream: &TcpStream, seen: &Mutex<Vec<Asked>>, answer: &Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut asked = Asked { path, range: None, if_range: None };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "range" => {
                    let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
                    asked.range = Some((first.parse().ok()?, last.parse().ok()));
                }
                "if-range" => asked.if_range = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let before = {
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|a| a.path == asked.path).count();
            seen.push(asked.clone());
            before
        };
        let reply = answer(&asked, before);
        let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
        // a body that ends with the connection, or in chunks that the test makes itself, has no length
        let closes = reply.headers.iter().any(|(n, _)| *n == "Connection");
        if !closes && !reply.headers.iter().any(|(n, _)| matches!(*n, "Content-Length" | "Transfer-Encoding")) {
            head += &format!("Content-Length: {}\r\n", reply.body.len());
        }
        for (name, value) in &reply.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut out = stream;
        let mut first = (head + "\r\n").into_bytes();
        let body = &reply.body[..reply.cut.unwrap_or(usize::MAX).min(reply.body.len())];
        match reply.slow {
            None => {
                // in one piece: a second small packet would wait for the acknowledgement of the first
                first.extend(body);
                out.write_all(&first).ok()?;
            }
            Some(pause) => {
                out.write_all(&first).ok()?;
                for part in body.chunks(16) {
                    std::thread::sleep(pause);
                    out.write_all(part).ok()?;
                }
            }
        }
        let told: Option<usize> =
            reply.headers.iter().find(|(n, _)| *n == "Content-Length").and_then(|(_, v)| v.parse().ok());
        if closes || reply.cut.is_some() || told.is_some_and(|n| n != body.len()) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return None;
        }
    }
}
