//! Has a connection to itself refused, and looks whether the pipeline tells of it: programs, ring, reader, correlation
//! and verdict must all work for that.
//!
//! The port is one that nobody else can have: it is bound here, and nobody listens on it. The thread is called
//! `tcpx-self-probe` while it connects, so that whoever reads a recording can tell (in recordings these attempts stay).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with},
    thread::{name, set_name},
};
use tokio::{net::TcpSocket, time::timeout};

use super::{health::Health, own::Own};

/// What the thread is called meanwhile: as long as the kernel allows.
const NAME: &std::ffi::CStr = c"tcpx-self-probe";
/// How long a line may take: the correlator waits for what belongs to it, a storm is read in order.
const PATIENCE: Duration = Duration::from_secs(5);

/// The port.
#[derive(Debug)]
pub struct SelfProbe {
    target: SocketAddr,
    _bound: OwnedFd,
}

impl SelfProbe {
    /// Takes a port of 127.0.0.1.
    ///
    /// # Errors
    /// There is none.
    pub fn new() -> io::Result<Self> {
        let bound = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        bind(&bound, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        let target = getsockname(&bound)?.try_into()?;
        Ok(Self { target, _bound: bound })
    }

    /// The port that must be reached.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.target.port()
    }

    /// Once the whole way; true if its line came.
    pub async fn once(&self, own: &Own, health: &Health) -> bool {
        let begun = Instant::now();
        health.state().self_probe.made += 1;
        let trouble = match self.refused(own).await {
            Ok(local) => match timeout(PATIENCE, own.refused(local)).await {
                Ok(()) => None,
                Err(_) => Some(format!(
                    "its connection to {} was refused, and no line told of it within {} s",
                    self.target,
                    PATIENCE.as_secs()
                )),
            },
            Err(why) => Some(why),
        };
        let probe = &mut health.state().self_probe;
        if trouble.is_none() {
            probe.seen += 1;
            probe.last_seen = Some(jiff::Timestamp::now().to_string());
            probe.last_took_ms = u64::try_from(begun.elapsed().as_millis()).ok();
        }
        probe.trouble = trouble;
        probe.trouble.is_none()
    }

    /// Connects, to be refused; the address that it came from.
    async fn refused(&self, own: &Own) -> Result<SocketAddr, String> {
        let failed = |error: io::Error| format!("it could not be made: {error}");
        let socket = TcpSocket::new_v4().map_err(failed)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        own.add(local, self.target);
        let before = name().ok();
        let _ = set_name(NAME);
        let connected = timeout(PATIENCE, socket.connect(self.target)).await;
        if let Some(before) = before {
            let _ = set_name(&before);
        }
        match connected {
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(local),
            Ok(Err(error)) => Err(format!("connecting to {} gave \"{error}\", not a refusal", self.target)),
            Ok(Ok(_)) => {
                Err(format!("somebody accepted a connection to {}, on which nobody listens", self.target))
            }
            Err(_) => Err(format!("connecting to {} got no answer: is loopback filtered?", self.target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        line::{Attempt, Line, Outcome},
        sink::samples::plain_attempt,
    };

    #[tokio::test]
    async fn it_has_gone_the_whole_way_when_its_line_comes() {
        let (probe, health) = (SelfProbe::new().expect("a port"), Health::default());
        let own = Own::new(plain_attempt().netns.inum);
        let telling = async {
            let local = probe.refused(&own).await.expect("refused");
            let mut attempt = Attempt { outcome: Outcome::Refused, ..plain_attempt() };
            attempt.local = Some(local.into());
            attempt.remote = Some(probe.target.into());
            assert!(own.is(&Line::Attempt(Box::new(attempt))));
            own.refused(local).await;
        };
        timeout(Duration::from_secs(10), telling).await.expect("in time");
        let _ = health;
    }
}
