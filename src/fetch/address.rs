//! Which addresses may be asked: hosts by name from the configuration, and only public ones of what a name resolves to.

use super::trouble::{Kind, Trouble};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::http::Uri;

/// The hosts of the configuration.
#[derive(Debug, Clone)]
pub struct Allowed {
    hosts: Vec<String>,
    loopback: bool,
}

impl Allowed {
    /// `hosts` in lower case, with a port or without; `loopback`: whether addresses of this machine, also with `http`, may be among them.
    pub fn new(hosts: &[String], loopback: bool) -> Self {
        Self { hosts: hosts.to_vec(), loopback }
    }

    /// The address, if it may be asked. `shown` is what messages call it.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub fn check(&self, address: &str, shown: &str) -> Result<Uri, Trouble> {
        let refuse =
            |zh: &str, en: &str| Err(Trouble::new(Kind::Forbidden, format!("{shown}：{zh}"), format!("{shown}: {en}")));
        // what parsers read differently is not given to one
        let plain = |b: u8| {
            b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
        };
        if address.len() > 2048 || !address.bytes().all(plain) {
            return refuse("地址含不允许的字符或过长", "an address with characters that it may not have, or too long");
        }
        let Ok(uri) = address.parse::<Uri>() else {
            return refuse("不是有效地址", "no valid address");
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("不是完整的https地址", "no complete https address");
        };
        if authority.as_str().contains('@') {
            return refuse("地址中不得带用户名", "a user name in the address");
        }
        let host = authority.host().to_ascii_lowercase();
        let port = match (authority.port_u16(), scheme) {
            (Some(port), _) => port,
            (None, "https") => 443,
            (None, _) => 80,
        };
        // a port that is no number gives `None` above
        if authority.port_u16().is_none() && authority.as_str().len() != authority.host().len() {
            return refuse("端口无效", "a port that is no number");
        }
        let listed = |entry: &String| {
            let (name, allowed) = match entry.rsplit_once(':') {
                Some((name, p)) if !p.ends_with(']') => (name, p.parse().ok()),
                _ => (entry.as_str(), Some(if scheme == "https" { 443 } else { 80 })),
            };
            name == host && allowed == Some(port)
        };
        if !self.hosts.iter().any(listed) {
            return refuse("主机不在fetch.hosts中", "the host is not among fetch.hosts");
        }
        match scheme {
            "https" => Ok(uri),
            "http" if self.loopback && is_this_machine(&host) => Ok(uri),
            _ => refuse("只允许https", "only https is allowed"),
        }
    }

    /// Whether a connection may go to `address`, which `host` resolved to.
    pub fn may_connect(&self, host: &str, address: IpAddr) -> bool {
        if self.loopback && is_this_machine(host) { address.is_loopback() } else { is_public(address) }
    }
}

/// A name or an address of this machine.
fn is_this_machine(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
}

/// Whether an address is one of the public Internet (IANA special-purpose registries, RFC 6890): not of this machine, of a private or
/// shared network, of a link, of documentation, and none that embeds another address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => is_public_v4(a),
        IpAddr::V6(a) => is_public_v6(a),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [first, second, third, _] = a.octets();
    let special = matches!(
        (first, second, third),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let [first, second, ..] = a.segments();
    // 2000::/3 is all that is given out; in it 2001::/23 (Teredo and alike), 2001:db8::/32, 2002::/16 (6to4) and 3fff::/20 are special
    let special = match (first, second) {
        (0x2001, 0..=0x1ff) | (0x2001, 0xdb8) | (0x2002, _) => true,
        (0x3fff, second) => second < 0x1000,
        _ => false,
    };
    first & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_no_public_network_are_known() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "e000::1",
            "2001:10::1",
            "2001:20::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "52.217.1.1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "2400:3200::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn only_listed_hosts_by_https() {
        let hosts = ["data.example.org".to_owned(), "mirror.example.org:8443".into()];
        let allowed = Allowed::new(&hosts, false);
        for good in [
            "https://data.example.org/a/b.idx",
            "https://DATA.example.org:443/",
            "https://mirror.example.org:8443/x?date=20260115&level=1000%20mb",
        ] {
            allowed.check(good, good).unwrap();
        }
        for bad in [
            "http://data.example.org/",
            "https://mirror.example.org/",
            "https://data.example.org:8443/",
            "https://data.example.org.evil.org/",
            "https://evil.org/data.example.org",
            "https://data.example.org@evil.org/",
            "https://evil.org#data.example.org",
            "https://user@data.example.org/",
            "ftp://data.example.org/",
            "file:///etc/passwd",
            "//data.example.org/",
            "/etc/passwd",
            "",
            "https://data.example.org:/",
            "https://data.example.org:x/",
            "https://data.example.org./",
            "https:/data.example.org/",
            "https://evil.org\\@data.example.org/",
            "https://data.example.org\t/",
            "https://data.example.org/ a",
            "https:data.example.org",
        ] {
            assert_eq!(allowed.check(bad, bad).unwrap_err().kind, Kind::Forbidden, "{bad}");
        }
        let local = Allowed::new(&["127.0.0.1:8080".into()], true);
        local.check("http://127.0.0.1:8080/a", "").unwrap();
        assert!(local.check("http://127.0.0.1:8081/a", "").is_err());
        assert!(local.may_connect("127.0.0.1", "127.0.0.1".parse().unwrap()));
        assert!(!local.may_connect("127.0.0.1", "8.8.8.8".parse().unwrap()));
        assert!(!local.may_connect("data.example.org", "127.0.0.1".parse().unwrap()));
    }
}
