//! Where `tcpx probe` connects to. A static binary carries no resolver, so names are refused, but for `localhost`:
//! that one is what goes wrong most often (`::1` first, `127.0.0.1` second), and /etc/hosts says what it is.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Why there is nothing to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// No port.
    #[error("the port is missing; examples: 192.0.2.9:443, [2001:db8::9]:443, localhost:8080")]
    NoPort,
    /// Not a port.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// IPv6 without brackets.
    #[error("an IPv6 address stands in brackets before its port; example: [2001:db8::9]:443")]
    Brackets,
    /// A name.
    #[error("tcpx looks up no names; give an address, for example one that \"getent ahosts NAME\" shows")]
    Name,
}

/// The addresses that `typed` stands for, in the order in which a program would try them.
///
/// # Errors
/// When it is no address with a port.
pub fn parse(typed: &str, hosts: &str) -> Result<Vec<SocketAddr>, BadTarget> {
    if let Ok(addr) = typed.parse::<SocketAddr>() {
        return if addr.port() == 0 { Err(BadTarget::Port) } else { Ok(vec![addr]) };
    }
    if typed.parse::<Ipv6Addr>().is_ok() {
        return Err(BadTarget::Brackets);
    }
    let (host, port) = typed.rsplit_once(':').ok_or(BadTarget::NoPort)?;
    if host.contains(':') && !host.starts_with('[') {
        return Err(BadTarget::Brackets);
    }
    let port = port.parse().ok().filter(|&port| port != 0).ok_or(BadTarget::Port)?;
    if host.is_empty() || !host.eq_ignore_ascii_case("localhost") {
        return Err(BadTarget::Name);
    }
    Ok(localhost(hosts).into_iter().map(|addr| SocketAddr::new(addr, port)).collect())
}

/// The addresses that a hosts file gives `localhost`, IPv6 first as RFC 6724 sorts loopback addresses; 127.0.0.1 if
/// it gives none.
fn localhost(hosts: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for line in hosts.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(Ok(addr)) = words.next().map(str::parse) else { continue };
        if words.any(|name| name.eq_ignore_ascii_case("localhost")) && !found.contains(&addr) {
            found.push(addr);
        }
    }
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    found.sort_by_key(IpAddr::is_ipv4);
    found
}

/// `a, b` for a message.
#[must_use]
pub fn list(targets: &[SocketAddr]) -> String {
    let mut text = String::new();
    for (n, target) in targets.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{target}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "127.0.0.1\tlocalhost\n# ::9 localhost\n::1     localhost ip6-localhost ip6-loopback # here\n127.0.1.1 box";

    fn given(typed: &str) -> Result<String, BadTarget> {
        parse(typed, DEBIAN).map(|targets| list(&targets))
    }

    #[test]
    fn addresses_are_taken_as_they_are() {
        assert_eq!(given("192.0.2.9:443").as_deref(), Ok("192.0.2.9:443"));
        assert_eq!(given("[2001:db8::9]:443").as_deref(), Ok("[2001:db8::9]:443"));
    }

    #[test]
    fn localhost_is_what_the_hosts_file_says() {
        assert_eq!(given("localhost:80").as_deref(), Ok("[::1]:80, 127.0.0.1:80"));
        let only_v4 = parse("LOCALHOST:80", "127.0.0.1 localhost").map(|targets| list(&targets));
        assert_eq!(only_v4.as_deref(), Ok("127.0.0.1:80"));
        assert_eq!(parse("localhost:80", "").map(|targets| list(&targets)).as_deref(), Ok("127.0.0.1:80"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (typed, wrong) in [
            ("", BadTarget::NoPort),
            ("10.0.0.7", BadTarget::NoPort),
            ("10.0.0.7:0", BadTarget::Port),
            ("10.0.0.7:http", BadTarget::Port),
            ("localhost:70000", BadTarget::Port),
            ("::1", BadTarget::Brackets),
            ("::1:80", BadTarget::Brackets),
            ("fe80::1%eth0:80", BadTarget::Brackets),
            ("example.org:80", BadTarget::Name),
            (":80", BadTarget::Name),
        ] {
            assert_eq!(given(typed), Err(wrong), "{typed}");
        }
    }
}
