//! Addresses that system calls are given.

use super::{AF_INET, AF_INET6, read_user};

/// As much of a `struct sockaddr` as the largest that TCP takes.
pub type Sockaddr = [u8; 28];

/// Reads an address of the running process. An IPv4 one is 16 bytes long and may stand at the end of a page.
#[inline(always)]
pub fn read_user_sockaddr(address: u64) -> Option<Sockaddr> {
    if let Some(whole) = read_user::<Sockaddr>(address) {
        return Some(whole);
    }
    let short = read_user::<[u8; 16]>(address)?;
    let mut whole = [0; 28];
    let mut at = 0;
    while at < 16 {
        whole[at] = short[at];
        at += 1;
    }
    Some(whole)
}

/// Takes an IPv4 or IPv6 address apart; false for any other family.
#[inline(always)]
pub fn sockaddr(from: &Sockaddr, address: &mut [u8; 16], port: &mut u16, family: &mut u16) -> bool {
    *port = u16::from_be_bytes([from[2], from[3]]);
    match u16::from_ne_bytes([from[0], from[1]]) {
        AF_INET => {
            *family = 4;
            super::packet::put4(address, [from[4], from[5], from[6], from[7]]);
            true
        }
        AF_INET6 => {
            *family = 6;
            let mut at = 0;
            while at < 16 {
                address[at] = from[8 + at];
                at += 1;
            }
            true
        }
        _ => false,
    }
}
