//! /proc/net/snmp and /proc/net/netstat.

use std::{collections::BTreeMap, fs, io};

use serde::{Deserialize, Serialize};

/// The counters that say something about refused, reset and dropped connections. IPv4 and IPv6 share them.
const NAMES: &[&str] = &[
    "ActiveOpens",
    "PassiveOpens",
    "AttemptFails",
    "EstabResets",
    "OutRsts",
    "RetransSegs",
    "InErrs",
    "InCsumErrors",
    "SyncookiesSent",
    "SyncookiesRecv",
    "SyncookiesFailed",
    "EmbryonicRsts",
    "PAWSActive",
    "PAWSEstab",
    "ListenOverflows",
    "ListenDrops",
    "TCPReqQFullDrop",
    "TCPReqQFullDoCookies",
    "TCPBacklogDrop",
    "TCPDeferAcceptDrop",
    "TCPMD5NotFound",
    "TCPMD5Unexpected",
    "TCPMD5Failure",
    "TCPAORequired",
    "TCPAOBad",
    "TCPAOKeyNotFound",
    "TCPMinTTLDrop",
    "IPReversePathFilter",
    "TCPAbortOnData",
    "TCPAbortOnClose",
    "TCPAbortOnMemory",
    "TCPAbortOnTimeout",
    "TCPAbortOnLinger",
    "TCPAbortFailed",
    "TCPTimeouts",
    "TCPSynRetrans",
    "TCPSYNChallenge",
    "TCPChallengeACK",
    "OutOfWindowIcmps",
];

/// Those of /proc/net/xfrm_stat that count what came in and was not let in.
const XFRM: &[&str] = &[
    "XfrmInError",
    "XfrmInNoStates",
    "XfrmInTmplMismatch",
    "XfrmInNoPols",
    "XfrmInPolBlock",
    "XfrmInPolError",
];

/// Columns of /proc/net/stat/nf_conntrack, under names of our own.
const CONNTRACK: &[(&str, &str)] =
    &[("drop", "nf_conntrack drop"), ("insert_failed", "nf_conntrack insert_failed")];

/// Values of one namespace. A counter that this kernel does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, u64>")]
pub struct Counters(BTreeMap<&'static str, u64>);

/// A counter that this tcpx does not know is left out.
impl From<BTreeMap<String, u64>> for Counters {
    fn from(named: BTreeMap<String, u64>) -> Self {
        let known = || NAMES.iter().chain(XFRM).chain(CONNTRACK.iter().map(|(_, name)| name)).copied();
        let find = |name: &str| known().find(|known| *known == name);
        Self(named.into_iter().filter_map(|(name, value)| Some((find(&name)?, value))).collect())
    }
}

impl Counters {
    /// Reads those of the namespace that the calling thread is in.
    ///
    /// # Errors
    /// /proc is not mounted, or shows the processes of another pid namespace.
    pub fn read() -> io::Result<Self> {
        // Not /proc/net, which is /proc/self/net: the namespace of the process's first thread.
        let mut counters = Self::default();
        counters.parse("Tcp:", &fs::read_to_string("/proc/thread-self/net/snmp")?);
        counters.parse("TcpExt:", &fs::read_to_string("/proc/thread-self/net/netstat")?);
        if counters.0.contains_key("OutRsts") {
            return Ok(counters);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "/proc/net/snmp has no OutRsts"))
    }

    /// The same, and what counts drops outside of TCP.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_with_drops() -> io::Result<Self> {
        let mut counters = Self::read()?;
        // Neither file is there without the kernel's feature, or before its module is loaded.
        let text =
            |file: &str| fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        counters.parse_pairs(&text("xfrm_stat"));
        counters.parse_columns(&text("stat/nf_conntrack"));
        Ok(counters)
    }

    /// A name and a value in each line.
    fn parse_pairs(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let known = words.next().and_then(|name| XFRM.iter().find(|known| **known == name));
            if let (Some(known), Some(Ok(value))) = (known, words.next().map(str::parse)) {
                self.0.insert(known, value);
            }
        }
    }

    /// A line of names, then a line of hexadecimal values for each CPU.
    fn parse_columns(&mut self, text: &str) {
        let mut lines = text.lines();
        let Some(names) = lines.next() else { return };
        for row in lines {
            for (name, value) in names.split_ascii_whitespace().zip(row.split_ascii_whitespace()) {
                let known = CONNTRACK.iter().find(|(known, _)| *known == name);
                if let (Some((_, own)), Ok(value)) = (known, u64::from_str_radix(value, 16)) {
                    *self.0.entry(own).or_default() += value;
                }
            }
        }
    }

    /// How far each counter rose since `start`.
    pub(crate) fn rises(&self, start: &Self) -> BTreeMap<&'static str, u64> {
        let before = |name| start.0.get(name).copied().unwrap_or(0);
        self.0.iter().map(|(&name, &value)| (name, value.saturating_sub(before(name)))).collect()
    }

    /// RSTs sent.
    #[must_use]
    pub fn out_rsts(&self) -> u64 {
        self.0.get("OutRsts").copied().unwrap_or(0)
    }

    /// Adds to `sums` how far each counter rose since `start`.
    pub(crate) fn add_rise(&self, start: &Self, sums: &mut BTreeMap<String, u64>) {
        for (&name, &value) in &self.0 {
            let rise = value.saturating_sub(start.0.get(name).copied().unwrap_or(0));
            *sums.entry(name.to_owned()).or_default() += rise;
        }
    }

    /// A line of names, then a line of values, both begin with `group`.
    fn parse(&mut self, group: &str, text: &str) {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(group));
        while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
            for (name, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
                let known = NAMES.iter().find(|known| **known == name);
                // MaxConn is -1; nothing else that is negative is a counter.
                if let (Some(known), Ok(value)) = (known, value.parse()) {
                    self.0.insert(known, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SNMP: &str = "\
Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 12101
Icmp: InMsgs InErrors
Icmp: 5 0
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 83 2 0 67 0 11771 6819 0 0 72 0
Udp: InDatagrams NoPorts
Udp: 294 0
";
    const NETSTAT: &str = "\
TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts ListenOverflows ListenDrops TCPReqQFullDrop
TcpExt: 0 0 1 3 18446744073709551615 2 0
IpExt: InNoRoutes InTruncatedPkts
IpExt: 0 0
";

    fn parsed(snmp: &str, netstat: &str) -> Counters {
        let mut counters = Counters::default();
        counters.parse("Tcp:", snmp);
        counters.parse("TcpExt:", netstat);
        counters
    }

    #[test]
    fn real_files() {
        let counters = parsed(SNMP, NETSTAT);
        assert_eq!(counters.out_rsts(), 72);
        assert_eq!(counters.0.get("ListenOverflows"), Some(&u64::MAX));
        assert_eq!(counters.0.get("EmbryonicRsts"), Some(&3));
        assert_eq!(counters.0.get("TCPAbortOnData"), None, "absent is not 0");
        assert_eq!(counters.0.get("InReceives"), None);
    }

    #[test]
    fn rises_are_summed_over_namespaces() {
        let mut sums = BTreeMap::new();
        let zero = Counters::default();
        parsed(SNMP, "").add_rise(&zero, &mut sums);
        parsed(SNMP, "").add_rise(&parsed(SNMP, ""), &mut sums);
        assert_eq!(sums.get("OutRsts"), Some(&72));
    }

    #[test]
    fn files_that_count_drops_outside_of_tcp() {
        let mut counters = Counters::default();
        counters.parse_pairs("XfrmInError             \t0\nXfrmInPolBlock          \t7\nXfrmFwdHdrError 3\n");
        let stat =
            "entries  clashres found drop insert_failed\n0000000a  0 0 0000000f 1\n0000000a  0 0 1 0\n";
        counters.parse_columns(stat);
        let rises = counters.rises(&Counters::default());
        let own = [("XfrmInError", 0), ("XfrmInPolBlock", 7)];
        let conntrack = [("nf_conntrack drop", 16), ("nf_conntrack insert_failed", 1)];
        assert_eq!(rises, own.into_iter().chain(conntrack).collect());
    }

    #[test]
    fn this_machine_has_counters() {
        let counters = Counters::read().expect("counters");
        assert!(counters.0.len() > 20);
        let json = serde_json::to_string(&counters).expect("serialisable");
        assert_eq!(serde_json::from_str::<Counters>(&json).expect("valid"), counters);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String, lines in proptest::collection::vec("Tcp:( [A-Za-z0-9-]{0,12}){0,9}", 0..5)) {
            parsed(&text, &text);
            parsed(&lines.join("\n"), &lines.join("\n"));
        }
    }
}
