//! One connection attempt of tcpx's own, for `tcpx probe`. What became of it is not told here: the trace tells.

use std::{
    fs::File,
    io,
    net::{SocketAddr, TcpStream},
    os::fd::AsFd as _,
    time::Duration,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot;

use super::{stop::Stop, work::Work};
use crate::cli::failure::Failure;

/// Attempts under way on a thread of their own: a network namespace is a property of a thread.
pub struct Connecting {
    over: Option<oneshot::Receiver<()>>,
}

/// Tries the targets in order until one connection stands, from the namespace of process `inside` if there is one.
///
/// # Errors
/// When that namespace cannot be entered.
pub fn start(
    targets: Vec<SocketAddr>,
    timeout: Duration,
    inside: Option<u32>,
) -> Result<Connecting, Failure> {
    let netns = inside.map(open_netns).transpose()?;
    let (tell, over) = oneshot::channel();
    let (entered_tell, entered) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("tcpx-probe".to_owned())
        .spawn(move || {
            let enter =
                |netns: &File| move_into_link_name_space(netns.as_fd(), Some(LinkNameSpaceType::Network));
            let inside = netns.as_ref().map_or(Ok(()), |netns| enter(netns).map_err(io::Error::from));
            let go_on = inside.is_ok();
            if entered_tell.send(inside).is_ok() && go_on {
                try_each(&targets, timeout);
            }
            // Nobody waits any more if tracing was stopped first.
            let _ = tell.send(());
        })
        .map_err(Failure::io("starting a thread"))?;
    let entered = entered.recv().unwrap_or_else(|_| Err(io::Error::other("the thread has gone")));
    entered.map_err(|error| no_netns(inside.unwrap_or_default(), &error))?;
    Ok(Connecting { over: Some(over) })
}

/// As programs do with what `getaddrinfo` gave them. The stream is closed at once: the attempt is what counts.
fn try_each(targets: &[SocketAddr], timeout: Duration) {
    let _ = targets.iter().find(|target| TcpStream::connect_timeout(target, timeout).is_ok());
}

fn open_netns(pid: u32) -> Result<File, Failure> {
    File::open(format!("/proc/{pid}/ns/net")).map_err(|error| no_netns(pid, &error))
}

/// Why the network namespace of a process cannot be used.
pub(super) fn no_netns(pid: u32, error: &io::Error) -> Failure {
    Failure::Machine {
        what: format!("entering the network namespace of process {pid}: {error}"),
        advice: "give the id of a process that runs, as root (pgrep finds it)".to_owned(),
    }
}

impl Work for Connecting {
    async fn ended(&mut self) {
        if let Some(over) = &mut self.over {
            // An error says that the thread has gone, which ends the work too.
            let _ = over.await;
            self.over = None;
        }
    }

    fn stop(&mut self, _: Stop) {
        self.over = None;
    }

    fn is_running(&self) -> bool {
        self.over.is_some()
    }

    fn status(&self) -> Option<u8> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(future)
    }

    #[test]
    fn tries_in_order_until_one_stands() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let open = listener.local_addr().expect("its address");
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|gone| gone.local_addr())
            .expect("a free port");
        let mut work = start(vec![closed, open, closed], Duration::from_secs(5), None).expect("a thread");
        block_on(work.ended());
        assert!(listener.accept().is_ok());
        block_on(work.ended());
    }

    #[test]
    fn no_such_process_is_said_so() {
        let error = start(Vec::new(), Duration::from_secs(1), Some(u32::MAX)).err().expect("no such process");
        assert!(
            error.to_string().starts_with("entering the network namespace of process 4294967295: "),
            "{error}"
        );
    }
}
