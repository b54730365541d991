//! An address or a network, as `--addr` takes it.

use std::{fmt, net::IpAddr, str::FromStr};

/// A network; a single address is one with all bits fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    net: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Whether the address lies in it. An IPv4-mapped IPv6 address is its IPv4 address.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        match (self.net, addr.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(addr)) => {
                prefix(32, self.bits, (net.to_bits() ^ addr.to_bits()).into())
            }
            (IpAddr::V6(net), IpAddr::V6(addr)) => prefix(128, self.bits, net.to_bits() ^ addr.to_bits()),
            _ => false,
        }
    }
}

/// Whether the first `bits` of `width` bits are all zero in `difference`.
fn prefix(width: u32, bits: u8, difference: u128) -> bool {
    difference.checked_shr(width - u32::from(bits)).unwrap_or(0) == 0
}

/// Not an address or network; says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCidr {
    /// The part before the slash.
    #[error("it is no IPv4 or IPv6 address; examples: 10.0.0.7, 10.0.0.0/8, 2001:db8::/32")]
    Addr,
    /// The part after it.
    #[error("the number after / must be 0 to {0}")]
    Bits(u8),
}

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(typed: &str) -> Result<Self, BadCidr> {
        let (addr, bits) = typed.split_once('/').map_or((typed, None), |(addr, bits)| (addr, Some(bits)));
        let addr = addr.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(addr);
        let net: IpAddr = addr.parse().map_err(|_| BadCidr::Addr)?;
        let most = if net.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| BadCidr::Bits(most)))?;
        if bits > most {
            return Err(BadCidr::Bits(most));
        }
        // ::ffff:10.0.0.7 is looked for as 10.0.0.7, the form in which addresses are compared.
        let mapped = net.to_canonical();
        let bits = if mapped == net { bits } else { bits.saturating_sub(96) };
        Ok(Self { net: mapped, bits })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.net, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(net: &str, addr: &str) -> bool {
        let net: Cidr = net.parse().expect(net);
        net.contains(addr.parse().expect(addr))
    }

    #[test]
    fn a_network_holds_its_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!holds("2001:db8::/33", "2001:db8:8000::1"));
    }

    #[test]
    fn an_address_holds_itself() {
        assert!(holds("127.0.0.1", "127.0.0.1"));
        assert!(!holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("[::1]", "::1"));
        assert!(!holds("::1", "::2"));
    }

    #[test]
    fn families_do_not_mix_but_mapped_is_ipv4() {
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(!holds("::/0", "10.0.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.0.0.7"));
        assert!(holds("::ffff:10.0.0.0/104", "10.9.9.9"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (typed, wrong) in [
            ("", BadCidr::Addr),
            ("example.org", BadCidr::Addr),
            ("10.0.0.0/33", BadCidr::Bits(32)),
            ("10.0.0.0/", BadCidr::Bits(32)),
            ("::/129", BadCidr::Bits(128)),
            ("::/300", BadCidr::Bits(128)),
        ] {
            assert_eq!(typed.parse::<Cidr>(), Err(wrong), "{typed}");
        }
    }
}
