//! What the programs log, on stderr: for debugging builds (`--features bpf-log`) with an object made by
//! `cargo xtask build-ebpf --log`, whose path is in `TCPX_BPF_OBJECT`. The object that ships logs nothing.

use std::{env, fs, io, io::Write as _};

use aya::Ebpf;
use aya_log::EbpfLogger;

/// Names the object that logs.
pub const OBJECT: &str = "TCPX_BPF_OBJECT";

/// What the programs have to say.
pub struct BpfLog(EbpfLogger<Stderr>);

impl BpfLog {
    /// Takes the log's ring out of the loaded object.
    ///
    /// # Errors
    /// When the object does not log.
    pub fn take(programs: &mut Ebpf) -> io::Result<Self> {
        EbpfLogger::init_with_logger(programs, Stderr).map(Self).map_err(io::Error::other)
    }

    /// Writes what is there.
    pub fn show(&mut self) {
        self.0.flush();
    }
}

/// The object that logs.
///
/// # Errors
/// When there is none.
pub fn object() -> io::Result<Vec<u8>> {
    let path = env::var_os(OBJECT).ok_or_else(|| io::Error::other(format!("{OBJECT} names no object")))?;
    fs::read(path)
}

/// One line a record.
struct Stderr;

impl log::Log for Stderr {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // Nothing can be done about a stderr that takes nothing.
        let _ = writeln!(io::stderr(), "bpf: {} {}", record.target(), record.args());
    }

    fn flush(&self) {}
}
