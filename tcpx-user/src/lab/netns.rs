//! A private network namespace with a thread that lives in it.
//!
//! The namespace has no name and no mount: it lives as long as its worker thread, its descriptor, or a socket or
//! process in it. Sockets belong to the namespace of the thread that opens them and children inherit the namespace of
//! the thread that forks them, so all work is sent to the worker.

use std::{
    fs,
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{
    Deadline, LabError,
    link::{self, Address},
    sockets::{self, SocketRow},
    sys,
};

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace of the lab's own; `lo` is up.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    inum: u64,
    fd: OwnedFd,
    jobs: Sender<Job>,
}

impl Namespace {
    /// Creates a namespace; `name` is for the reader only, the kernel does not know it.
    pub fn create(name: &str) -> Result<Arc<Self>, LabError> {
        let (jobs, work) = channel();
        let (tell, told) = channel();
        thread::Builder::new()
            .name(format!("lab-{name}"))
            .spawn(move || worker(&tell, work))
            .map_err(LabError::io("start a thread for a network namespace"))?;
        let fd: OwnedFd = told.recv().map_err(|_| gone(name))??;
        let inum = rustix::fs::fstat(&fd).map_err(LabError::io("fstat of a network namespace"))?.st_ino;
        let namespace = Arc::new(Self { name: name.to_owned(), inum, fd, jobs });
        namespace.run(|| link::set_up("lo"))??;
        Ok(namespace)
    }

    /// The name given at creation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The inode number by which the kernel's events and `lsns` name it.
    #[must_use]
    pub fn inum(&self) -> u64 {
        self.inum
    }

    /// A descriptor of the namespace, for setns and `IFLA_NET_NS_FD`.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Runs `job` on the namespace's thread and waits for what it returns.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, LabError> {
        let (tell, told) = channel();
        let job: Job = Box::new(move || {
            // A caller that stopped waiting is no longer interested in the result.
            let _ = tell.send(job());
        });
        self.jobs.send(job).map_err(|_| gone(&self.name))?;
        told.recv().map_err(|_| gone(&self.name))
    }

    /// Adds an address to a device.
    pub fn add_address(&self, device: &'static str, address: Address) -> Result<(), LabError> {
        self.run(move || link::add_address(device, address))?
    }

    /// Routes a network through a device, with no gateway.
    pub fn add_route(&self, device: &'static str, to: Address) -> Result<(), LabError> {
        self.run(move || link::add_route(device, to))?
    }

    /// Refuses a network by a route of that type.
    pub fn refuse_route(&self, kind: u8, to: Address) -> Result<(), LabError> {
        self.run(move || link::refuse_route(kind, to))?
    }

    /// Routes a network through a gateway on a device.
    pub fn add_gateway(&self, device: &'static str, to: Address, gateway: IpAddr) -> Result<(), LabError> {
        self.run(move || link::add_gateway(device, to, gateway))?
    }

    /// Writes a sysctl of this namespace: `key` as a path below `/proc/sys`, such as `net/ipv4/tcp_fin_timeout`.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<(), LabError> {
        let (path, value) = (format!("/proc/sys/{key}"), value.to_owned());
        self.run(move || fs::write(&path, value).map_err(LabError::io(format!("write {path}"))))?
    }

    /// One of the namespace's counters, such as `OutRsts` or `ListenOverflows`; `None` if this kernel has none of that name.
    pub fn counter(&self, name: &str) -> Result<Option<u64>, LabError> {
        // /proc/net is the main thread's view; the worker's own is below thread-self.
        let read = |file: &'static str| {
            let path = format!("/proc/thread-self/net/{file}");
            move || fs::read_to_string(&path).map_err(LabError::io(format!("read {path}")))
        };
        let text = self.run(read("snmp"))?? + &self.run(read("netstat"))??;
        Ok(find_counter(&text, name))
    }

    /// Waits until a counter is at least so high.
    pub fn await_counter(&self, name: &str, least: u64) -> Result<(), LabError> {
        Deadline::default()
            .until(&format!("{name} {least}"), || Ok((self.counter(name)? >= Some(least)).then_some(())))
    }

    /// The TCP sockets of the namespace as its socket table shows them (bound-only sockets are in no table).
    pub fn sockets(&self) -> Result<Vec<SocketRow>, LabError> {
        self.run(sockets::read)?
    }
}

fn gone(name: &str) -> LabError {
    LabError::Gone { who: format!("the thread of namespace {name}") }
}

fn worker(tell: &Sender<Result<OwnedFd, LabError>>, work: Receiver<Job>) {
    let opened = enter_new();
    let failed = opened.is_err();
    if tell.send(opened).is_err() || failed {
        return;
    }
    for job in work {
        job();
    }
}

fn enter_new() -> Result<OwnedFd, LabError> {
    sys::unshare_net().map_err(|error| LabError::Unavailable {
        what: "a private network namespace".to_owned(),
        why: format!("unshare(CLONE_NEWNET): {error}"),
        advice: "run as root (or with CAP_SYS_ADMIN)",
    })?;
    fs::File::open("/proc/thread-self/ns/net")
        .map(OwnedFd::from)
        .map_err(LabError::io("open /proc/thread-self/ns/net"))
}

/// `/proc/net/snmp` and `netstat` are pairs of lines, names and values: `Tcp: A B` and `Tcp: 1 2`.
fn find_counter(text: &str, name: &str) -> Option<u64> {
    let lines: Vec<&str> = text.lines().collect();
    let (names, values) = lines.chunks_exact(2).find_map(|pair| {
        let wanted = pair[0].starts_with("Tcp") && pair[0].split_whitespace().any(|n| n == name);
        wanted.then(|| (pair[0], pair[1]))
    })?;
    let at = names.split_whitespace().position(|n| n == name)?;
    values.split_whitespace().nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::find_counter;

    #[test]
    fn counters_are_found_by_name_in_their_own_pair_of_lines() {
        let text = "Ip: A OutRsts\nIp: 1 2\nTcp: InSegs OutRsts\nTcp: 3 4\nTcpExt: ListenDrops\nTcpExt: 5\n";
        assert_eq!(find_counter(text, "OutRsts"), Some(4));
        assert_eq!(find_counter(text, "ListenDrops"), Some(5));
        assert_eq!(find_counter(text, "NoSuch"), None);
    }
}
