//! What is refused before a byte is sent, and what of answers is not believed.

use super::server::{Asked, Reply, Server};
use super::{Kind, fetch_step, sample_server, settings, toml_from, trouble};
use hazecast::fetch::client::{Address, Client};
use hazecast::fetch::resolver::system_lookup;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn answers_that_are_not_what_was_asked_for_are_refused() {
    let cut = |asked: &Asked, size: usize| Reply::file(asked, &vec![0; size], "\"a\"");
    type Spoil = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;
    let cases: [(&str, Spoil, Kind); 9] = [
        ("404", Box::new(|_| Reply::status(404)), Kind::Absent),
        ("403", Box::new(|_| Reply::status(403)), Kind::Forbidden),
        ("416", Box::new(|_| Reply::status(416)), Kind::Stale),
        (
            "a whole file for a range",
            Box::new(|a| Reply { status: 200, ..Reply::file(a, &[0; 9], "\"a\"") }),
            Kind::NoRanges,
        ),
        (
            "another range",
            Box::new(|a| {
                let (first, last) = (a.range.unwrap().0 + 1, a.range.unwrap().1.unwrap() + 1);
                let body = vec![0; (last - first + 1) as usize];
                let range = format!("bytes {first}-{last}/9999999");
                Reply { status: 206, body, ..Reply::default() }.with("Content-Range", range)
            }),
            Kind::Unreachable,
        ),
        ("no Content-Range", Box::new(|_| Reply { body: vec![0; 9], ..Reply::status(206) }), Kind::NoRanges),
        ("a packed body", Box::new(move |a| cut(a, 99_999).with("Content-Encoding", "gzip")), Kind::Damaged),
        ("a file that ends before", Box::new(move |a| cut(a, a.range.unwrap().0 as usize + 7)), Kind::Stale),
        (
            "a wrong Content-Length",
            Box::new(move |a| {
                let whole = cut(a, 99_999);
                let told = (whole.body.len() + 5).to_string();
                whole.with("Content-Length", told)
            }),
            Kind::Unreachable,
        ),
    ];
    for (name, reply, kind) in cases {
        let (server, _) = sample_server(move |asked, _| Some(reply(asked)));
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("f003");
        assert_eq!(trouble(fetch_step(&server, "", &target).0).kind, kind, "{name}");
        assert!(!target.exists(), "{name}");
    }
}

/// Where nothing says how long a body is, one that breaks off looks whole.
#[test]
fn a_body_of_unknown_length_is_refused_unless_it_comes_in_chunks() {
    let server = Server::new(|asked, _| {
        let reply = |body: &[u8]| Reply { body: body.to_vec(), ..Reply::status(200) };
        match asked.path.as_str() {
            "/closed" => reply(b"half a ta").with("Connection", "close"),
            "/unreadable" => reply(b"half a ta").with("Content-Length", "9x").with("Connection", "close"),
            "/chunks" => reply(b"4\r\nhalf\r\n2\r\n a\r\n0\r\n\r\n").with("Transfer-Encoding", "chunked"),
            _ => reply(b"4\r\nhalf\r\n2\r\n ").with("Transfer-Encoding", "chunked").with("Connection", "close"),
        }
    });
    let (settings, pause) = (settings(&server, "tries = 1"), |_| ());
    let client = Client::new(&settings, &pause, system_lookup);
    let ask = |path: &str| client.small(&Address::open(server.base() + path), 1000);
    for path in ["/closed", "/unreadable", "/broken_chunks"] {
        assert!(matches!(ask(path).unwrap_err().kind, Kind::Damaged | Kind::Unreachable), "{path}");
    }
    assert_eq!(ask("/chunks").unwrap(), b"half a");
}

#[test]
fn redirects_are_not_followed() {
    let other = Server::new(|_, _| Reply::status(200));
    let there = other.base();
    for status in [301, 302, 303, 307, 308] {
        let there = there.clone();
        let (server, _) = sample_server(move |_, _| Some(Reply::status(status).with("Location", format!("{there}/x"))));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(trouble(fetch_step(&server, "", &folder.path().join("f")).0).kind, Kind::Forbidden);
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn sizes_are_limited() {
    let server = Server::new(|asked, _| match asked.path.as_str() {
        "/told" => Reply { body: vec![0; 10], ..Reply::status(200) }.with("Content-Length", "99999999999"),
        "/headers" => Reply::status(200).with("X-Long", "x".repeat(100_000)),
        _ => Reply { body: vec![0; 2_000_000], ..Reply::status(200) },
    });
    let (settings, pause) = (settings(&server, "largest_mb = 1\ntries = 1"), |_| ());
    let client = Client::new(&settings, &pause, system_lookup);
    let ask = |path: &str| client.small(&Address::open(server.base() + path), 500_000).unwrap_err().kind;
    assert_eq!(["/told", "/body"].map(ask), [Kind::TooLarge; 2]);
    assert_eq!(ask("/headers"), Kind::Unreachable);
}

static LOOKED_UP: AtomicUsize = AtomicUsize::new(0);

/// S-08: 300 payloads, none of which sends anything.
#[test]
fn no_payload_makes_a_request() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "[64:ff9b::127.0.0.1]",
        "169.254.169.254",
        "[fe80::1]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "metadata.google.internal",
        "data.example.org.evil.org",
        "evil-data.example.org",
        "data.example.org@127.0.0.1",
        "127.0.0.1\\@data.example.org",
        "data.example.org%00.evil.org",
        "data.example.org%2eevil.org",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "data.example.org\t",
        "127.0.0.1%0d%0aHost:",
    ];
    let forms = [
        "https://{H}:{P}/",
        "http://{H}:{P}/",
        "https://{H}/",
        "https://user:word@{H}:{P}/a",
        "https://{H}:{P}#@data.example.org/",
        "//{H}:{P}/",
        "https://data.example.org@{H}:{P}/",
        "https://data.example.org\\@{H}:{P}/",
        "gopher://{H}:{P}/",
    ];
    let settings = toml_from("hosts = [\"data.example.org\"]\nrequests_per_minute = 0\ntries = 2");
    // even a name that is looked up leads nowhere: it is counted, and resolves to the trap
    let client = Client::new(&settings, &|_| (), |_, port| {
        LOOKED_UP.fetch_add(1, Ordering::SeqCst);
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    });
    let mut payloads = 0;
    for host in hosts {
        for form in forms {
            let address = form.replace("{H}", host).replace("{P}", &port.to_string());
            let told = client.small(&Address::open(address.as_str()), 100).unwrap_err();
            assert_eq!(told.kind, Kind::Forbidden, "{address}");
            payloads += 1;
        }
    }
    assert!(payloads >= 300, "{payloads}");
    assert_eq!((client.requests(), LOOKED_UP.load(Ordering::SeqCst)), (0, 0));
    assert!(trap.accept().is_err(), "something connected");
}

static TURN: AtomicUsize = AtomicUsize::new(0);
static TRAP: AtomicUsize = AtomicUsize::new(0);

/// An allowed name that resolves to an address of this machine or of a private network, at once or after a first public answer (rebinding).
#[test]
fn names_that_resolve_to_private_addresses_are_refused() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    TRAP.store(usize::from(port), Ordering::SeqCst);
    let settings = toml_from(&format!("hosts = [\"data.example.org:{port}\"]\nrequests_per_minute = 0\ntries = 1"));
    let address = Address::open(format!("https://data.example.org:{port}/x"));
    let private = |_: &str, port: u16| {
        let all = [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "192.168.1.1",
            "::1",
            "::ffff:127.0.0.1",
            "fd00::1",
            "64:ff9b::7f00:1",
            "0.0.0.0",
        ];
        let turn = TURN.fetch_add(1, Ordering::SeqCst) % all.len();
        Ok(vec![SocketAddr::new(all[turn].parse().unwrap(), port)])
    };
    let client = Client::new(&settings, &|_| (), private);
    for _ in 0..9 {
        assert_eq!(client.small(&address, 100).unwrap_err().kind, Kind::Forbidden);
    }
    let mixed = |_: &str, port: u16| {
        Ok(vec![SocketAddr::from(([203, 0, 114, 1], port)), SocketAddr::from(([127, 0, 0, 1], port))])
    };
    let client = Client::new(&settings, &|_| (), mixed);
    assert_eq!(
        client.small(&address, 100).unwrap_err().kind,
        Kind::Forbidden,
        "one public address does not excuse another"
    );
    assert!(trap.accept().is_err(), "something connected");
}

/// `loopback = true` opens this machine only to hosts that are named as such.
#[test]
fn loopback_is_no_hole() {
    let server = Server::new(|_, _| Reply { body: b"x".to_vec(), ..Reply::status(200) });
    let port = server.address.port();
    let text = format!(
        "hosts = [\"127.0.0.1:{port}\", \"data.example.org:{port}\"]\nloopback = true\nrequests_per_minute = 0\ntries = 1"
    );
    let settings = toml_from(&text);
    let client = Client::new(&settings, &|_| (), |host, port| match host {
        "127.0.0.1" => system_lookup(host, port),
        _ => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
    });
    let ask = |address: String| client.small(&Address::open(address), 100);
    assert_eq!(ask(format!("http://127.0.0.1:{port}/")).unwrap(), b"x");
    for address in [
        format!("https://data.example.org:{port}/"),
        format!("http://data.example.org:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://localhost:{port}/"),
        "http://127.0.0.1/".to_owned(),
    ] {
        assert_eq!(ask(address.clone()).unwrap_err().kind, Kind::Forbidden, "{address}");
    }
    assert_eq!(server.connections(), 1);
}
