//! Names to addresses, none of which leads into a network that is not public.

use super::address::Allowed;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Most addresses of a name that are tried.
const MOST_ADDRESSES: usize = 8;

/// What a name resolves to.
pub type Lookup = fn(&str, u16) -> std::io::Result<Vec<SocketAddr>>;

/// The system's resolver.
pub fn system_lookup(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port).to_socket_addrs()?.collect())
}

/// A name resolved to an address that may not be asked.
#[derive(Debug)]
pub struct Refused(pub std::net::IpAddr);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no public address", self.0)
    }
}

impl std::error::Error for Refused {}

/// Resolves names, and refuses a name of which any address is not public. The connection goes to the very addresses that were looked at.
#[derive(Debug)]
pub struct Guarded {
    pub allowed: Allowed,
    pub lookup: Lookup,
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
        for address in found {
            if !self.allowed.may_connect(&host, address.ip()) {
                return Err(ureq::Error::Other(Box::new(Refused(address.ip()))));
            }
            if addresses.len() < MOST_ADDRESSES {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(addresses) }
    }
}
