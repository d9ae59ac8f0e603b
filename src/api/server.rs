//! The HTTP server: accepts, limits, stops in order.
//!
//! **Invariant:** a client that sends nothing, or half a request, loses its connection after [`HEADER_TIMEOUT`], and at most
//! [`CONNECTIONS`] are open. **Why:** otherwise a few hundred silent clients take every socket.

use crate::error::{Error, Result};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// Time for a client to send its request head, also on a kept-alive connection.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time a connection may live, so that one that does not read its answer is let go.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);
/// Connections served at a time; more wait in the system's queue.
const CONNECTIONS: usize = 256;
/// Time for open requests to end after a stop signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `router` until SIGTERM or Ctrl-C. `on_ready` is told the bound address (port 0 gets a free one).
///
/// # Errors
/// `Busy` when another program listens on the address; `Io` when it cannot be bound or signals cannot be watched. The path in them is the
/// address.
pub fn serve(router: Router, addr: SocketAddr, on_ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AddrInUse => Error::Busy {
            path: addr.to_string().into(),
            by: "another program",
            remedy: "Stop it, or give another address with --listen",
        },
        _ => Error::io(addr.to_string(), e),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime
        .block_on(async {
            let listener = TcpListener::bind(addr).await?;
            let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            on_ready(listener.local_addr()?);
            let stop = async move {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            };
            accept(listener, router, stop).await;
            Ok(())
        })
        .map_err(failed)
}

async fn accept(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let (places, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! { () = &mut stop => break, next = next => next };
        match accepted {
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(stream, router.clone()));
                tokio::spawn(async move {
                    // a client that breaks off is its own affair: nothing to report
                    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
                    drop(place);
                });
            }
            Err(e) => {
                // out of file descriptors, most likely: wait for connections to end
                super::complain(&format!("a connection was not accepted: {e}"));
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await;
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> hyper::server::conn::http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(100)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::io::{Read, Write};

    /// A request that is being answered when the stop comes is answered; a new one is not accepted.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_stop_lets_open_requests_end() {
        let (started, start) = tokio::sync::oneshot::channel();
        let started = Arc::new(std::sync::Mutex::new(Some(started)));
        let slow = move || async move {
            if let Some(started) = started.lock().unwrap().take() {
                started.send(()).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
            "done"
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(accept(listener, Router::new().route("/", get(slow)), async {
            stopped.await.unwrap();
        }));
        let client = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        start.await.unwrap();
        stop.send(()).unwrap();
        assert!(client.await.unwrap().ends_with("done"));
        tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}
