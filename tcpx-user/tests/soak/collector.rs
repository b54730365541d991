//! A collector that counts, and can go away and come back.

use std::{
    io::{BufReader, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use opentelemetry_proto::tonic::{common::v1::any_value::Value, logs::v1::LogRecord};
use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, getsockname, shutdown, socket_with,
    sockopt::set_socket_reuseaddr,
};

use crate::{
    ledger::{Kind, Ledger, Told},
    load::number,
    receiver::{TAKEN, attribute, id, records, request},
};

/// Where it listens, if it does.
pub(crate) struct Collector {
    pub(crate) at: SocketAddr,
    port: u16,
    ledger: Arc<Ledger>,
    running: Option<Running>,
    /// Nobody else gets the port while it is away.
    _held: OwnedFd,
}

struct Running {
    listener: TcpListener,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    thread: JoinHandle<()>,
}

impl Collector {
    /// It is there. Connections to `port` are own ones.
    pub(crate) fn start(port: u16, ledger: Arc<Ledger>) -> Self {
        let held = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .expect("a socket");
        set_socket_reuseaddr(&held, true).expect("an option");
        bind(&held, &SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let at = getsockname(&held).expect("its name").try_into().expect("an address");
        let mut all = Self { at, port, ledger, running: None, _held: held };
        all.come();
        all
    }

    pub(crate) fn come(&mut self) {
        let listener = TcpListener::bind(self.at).expect("the port is held");
        let connections = Arc::<Mutex<Vec<TcpStream>>>::default();
        let (accepting, open) = (listener.try_clone().expect("a descriptor"), Arc::clone(&connections));
        let (ledger, port) = (Arc::clone(&self.ledger), self.port);
        let body = move || {
            while let Ok((stream, _)) = accepting.accept() {
                open.lock().expect("nobody panics").push(stream.try_clone().expect("a descriptor"));
                let ledger = Arc::clone(&ledger);
                thread::spawn(move || serve(stream, port, &ledger));
            }
        };
        let thread = thread::Builder::new().name("collector".to_owned()).spawn(body).expect("a thread");
        self.running = Some(Running { listener, connections, thread });
    }

    pub(crate) fn go(&mut self) {
        let Some(running) = self.running.take() else { return };
        // accept() and all reads return.
        shutdown(&running.listener, Shutdown::Both).expect("a socket");
        drop(running.thread.join());
        for connection in running.connections.lock().expect("nobody panics").drain(..) {
            let _ = shutdown(&connection, Shutdown::Both);
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.go();
    }
}

/// What is noted was taken, also where the answer does not arrive.
fn serve(stream: TcpStream, port: u16, ledger: &Ledger) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (path, body) = request(&mut reader)?;
        if path.ends_with("logs") {
            let mut told = ledger.collector();
            for record in records(&body).expect("a request for logs") {
                note(&record, port, &mut told);
            }
        }
        reader.get_mut().write_all(TAKEN).ok()?;
    }
}

fn note(record: &LogRecord, port: u16, told: &mut Told) {
    let addr = |key| match attribute(record, key) {
        Some(Value::StringValue(text)) => text.parse::<IpAddr>().ok(),
        _ => None,
    };
    let is_port =
        |key| matches!(attribute(record, key), Some(Value::IntValue(own)) if *own == i64::from(port));
    let kind = match record.event_name.rsplit('.').next() {
        Some("attempt") => Kind::Attempt,
        Some("reset") => Kind::Reset,
        _ => Kind::Other,
    };
    let own = match kind {
        Kind::Attempt if is_port("network.peer.port") => addr("network.local.address").and_then(number),
        // Whichever end the record calls local: the other's port may by chance be the same.
        Kind::Reset => {
            [("network.local.port", "network.peer.address"), ("network.peer.port", "network.local.address")]
                .into_iter()
                .find_map(|(port, other)| addr(other).filter(|_| is_port(port)).and_then(number))
        }
        _ => None,
    };
    match (own, id(record)) {
        (Some(own), _) => told.own(kind, own),
        (None, Some(id)) => told.other(kind, id.unsigned_abs(), i128::from(record.time_unix_nano)),
        _ => {}
    }
}
