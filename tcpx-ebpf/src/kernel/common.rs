//! The head of a socket of any kind, read in one piece: a call of the helper costs as much as copying hundreds of bytes,
//! and a socket's addresses, ports, state, flags and namespace stand together (`struct sock_common`).

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use tcpx_common::event::Tuple;

use super::{AF_INET6, field_or_zero, packet::put4, sock};
use crate::maps::offset;

/// Words up to and with `skc_flags`. What stands behind them on some kernel is read on its own.
const WORDS: usize = 13;

/// A copy of a socket's `struct sock_common`, of one moment; before it the socket's address.
///
/// Read into a place that the caller has, as in `Common::unread().read(sk)`: by value the compiler would make a second copy
/// on the stack.
pub struct Common(MaybeUninit<[u64; WORDS + 1]>);

impl Common {
    /// Room for one. Before [`Self::read`] it must not be asked.
    #[inline(always)]
    pub const fn unread() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Of this socket; zeros where it cannot be read.
    #[inline(always)]
    pub fn read(&mut self, sk: u64) -> &Self {
        let first: *mut u64 = self.0.as_mut_ptr().cast();
        // SAFETY: all words are written, those of the copy by the helper, with zeros on failure.
        unsafe {
            first.write(sk);
            let size = (WORDS * size_of::<u64>()) as u32;
            bpf_probe_read_kernel(first.add(1).cast(), size, sk as *const _);
        }
        self
    }

    #[inline(always)]
    fn sk(&self) -> u64 {
        // SAFETY: written by `read`.
        unsafe { self.0.as_ptr().cast::<u64>().read() }
    }

    /// A member, or zero where this kernel has none.
    #[inline(always)]
    pub fn get<T: Copy + Default>(&self, offset: u16) -> T {
        let at = usize::from(offset);
        if at + size_of::<T>() > WORDS * size_of::<u64>() {
            return field_or_zero(self.sk(), offset);
        }
        // SAFETY: within the words, and members of kernel structures are aligned.
        unsafe { self.0.as_ptr().cast::<u64>().add(1).cast::<u8>().add(at).cast::<T>().read() }
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
            if bound == 0 { u16::from_be(field_or_zero(self.sk(), offset!(inet_sport))) } else { bound };
        out.b_port = u16::from_be(self.get(offset!(skc_dport)));
        out.family = self.local(&mut out.a).into();
        if out.family == 6 {
            sock::place(self.sk(), offset!(skc_v6_daddr), &mut out.b);
        } else {
            put4(&mut out.b, self.get::<u32>(offset!(skc_daddr)).to_ne_bytes());
        }
    }

    /// Local address, over zeros, and whether it is of family 4 or 6.
    #[inline(always)]
    pub fn local(&self, out: &mut [u8; 16]) -> u8 {
        if self.get::<u16>(offset!(skc_family)) == AF_INET6 {
            sock::place(self.sk(), offset!(skc_v6_rcv_saddr), out);
            return 6;
        }
        put4(out, self.get::<u32>(offset!(skc_rcv_saddr)).to_ne_bytes());
        4
    }
}
