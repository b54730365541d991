//! The socket table of a namespace, as `/proc/net/tcp` shows it.

use std::{
    fmt, fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::LabError;
use crate::text::state::state_name;

/// One line of `/proc/net/tcp` or `tcp6`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRow {
    /// Local address.
    pub local: SocketAddr,
    /// Remote address; unspecified for listeners.
    pub remote: SocketAddr,
    /// Name of the state; a TIME_WAIT mini-socket shows its substate, so a closed connection may say FIN_WAIT2.
    pub state: &'static str,
    /// 0 for sockets that no process holds any more.
    pub inode: u64,
    /// The entry's timer is the TIME_WAIT timer: it is a mini-socket, the full socket is gone.
    pub time_wait: bool,
}

impl fmt::Display for SocketRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.state, self.local, self.remote)
    }
}

/// Reads the tables of the calling thread's namespace. Without IPv6 in the kernel there is no `tcp6`.
pub(super) fn read() -> Result<Vec<SocketRow>, LabError> {
    let v4 = fs::read_to_string("/proc/thread-self/net/tcp")
        .map_err(LabError::io("read /proc/thread-self/net/tcp"))?;
    let v6 = fs::read_to_string("/proc/thread-self/net/tcp6").unwrap_or_default();
    Ok(v4.lines().chain(v6.lines()).filter_map(row).collect())
}

fn row(line: &str) -> Option<SocketRow> {
    let column: Vec<&str> = line.split_whitespace().collect();
    Some(SocketRow {
        local: address(column.get(1)?)?,
        remote: address(column.get(2)?)?,
        state: state(u8::from_str_radix(column.get(3)?, 16).ok()?),
        time_wait: column.get(5)?.starts_with("03:"),
        inode: column.get(9)?.parse().ok()?,
    })
}

/// Addresses are words of 32 bits in the machine's byte order, ports are numbers.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| Some(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip: IpAddr = if ip.len() == 8 {
        Ipv4Addr::from(word(0)?).into()
    } else {
        let words = [word(0)?, word(8)?, word(16)?, word(24)?];
        Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?).into()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

fn state(number: u8) -> &'static str {
    state_name(number).unwrap_or("UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn a_line_of_proc_net_tcp_is_read() {
        let line = "   0: 0100007F:8707 0100007F:8707 01 00000000:00000000 00:00000000 00000000     0        0 1234 1";
        let row = row(line).expect("a row");
        assert_eq!(row.to_string(), "ESTABLISHED 127.0.0.1:34567 -> 127.0.0.1:34567");
        assert_eq!((row.inode, row.time_wait), (1234, false));
    }

    #[test]
    fn the_mini_socket_of_a_closed_connection_is_told_by_its_timer() {
        let line = "   1: 00000000000000000000000001000000:22B8 00000000000000000000000001000000:C001 05 \
                    00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000";
        let row = row(line).expect("a row");
        assert_eq!(row.to_string(), "FIN_WAIT2 [::1]:8888 -> [::1]:49153");
        assert!(row.time_wait);
    }
}
