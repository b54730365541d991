//! The head of a socket of any kind: its addresses, ports, state, flags and namespace stand together (`struct sock_common`).

use tcpx_common::event::Tuple;

use super::{AF_INET6, field_or_zero, packet::put4, sock, window::Window};
use crate::maps::offset;

/// Words up to and with `skc_flags`. What stands behind them on some kernel is read on its own.
const WORDS: usize = 13;

/// A copy of a socket's `struct sock_common`, of one moment; before it the socket's address. Read into a place that the caller
/// has, as in `Common::unread().read(sk)`: see [`Window`].
pub struct Common {
    sk: u64,
    head: Window<WORDS>,
}

impl Common {
    /// Room for one. Before [`Self::read`] it must not be asked.
    #[inline(always)]
    pub const fn unread() -> Self {
        Self { sk: 0, head: Window::unread() }
    }

    /// Of this socket; zeros where it cannot be read.
    #[inline(always)]
    pub fn read(&mut self, sk: u64) -> &Self {
        self.sk = sk;
        self.head.read(sk, 0);
        self
    }

    /// A member, or zero where this kernel has none.
    #[inline(always)]
    pub fn get<T: Copy + Default>(&self, offset: u16) -> T {
        self.head.get(self.sk, 0, offset)
    }

    /// Namespace.
    #[inline(always)]
    pub fn net(&self) -> u64 {
        self.get(offset!(skc_net))
    }

    /// TCP state.
    #[inline(always)]
    pub fn state(&self) -> u8 {
        self.get(offset!(skc_state))
    }

    /// 1 if the bit is set, else 0.
    #[inline(always)]
    pub fn bit(&self, offset: u16, mask: u16) -> u8 {
        u8::from(u16::from(self.get::<u8>(offset)) & mask != 0)
    }

    /// Local and remote end of a full socket, over zeros. One that has come to CLOSE has given its port back
    /// (`inet_put_port` clears `skc_num`), but still sends from it.
    #[inline(always)]
    pub fn tuple(&self, out: &mut Tuple) {
        let bound: u16 = self.get(offset!(skc_num));
        out.a_port =
            if bound == 0 { u16::from_be(field_or_zero(self.sk, offset!(inet_sport))) } else { bound };
        out.b_port = u16::from_be(self.get(offset!(skc_dport)));
        out.family = self.local(&mut out.a).into();
        if out.family == 6 {
            sock::place(self.sk, offset!(skc_v6_daddr), &mut out.b);
        } else {
            put4(&mut out.b, self.get::<u32>(offset!(skc_daddr)).to_ne_bytes());
        }
    }

    /// Local address, over zeros, and whether it is of family 4 or 6.
    #[inline(always)]
    pub fn local(&self, out: &mut [u8; 16]) -> u8 {
        if self.get::<u16>(offset!(skc_family)) == AF_INET6 {
            sock::place(self.sk, offset!(skc_v6_rcv_saddr), out);
            return 6;
        }
        put4(out, self.get::<u32>(offset!(skc_rcv_saddr)).to_ne_bytes());
        4
    }
}
