//! A security module of the lab's own: a BPF program at a security hook.

use std::{fs, os::fd::OwnedFd};

use super::{
    LabError, Namespace,
    bpf::{self, Insn},
};
use crate::kernel::facts;

/// Modules that are active, in the order in which they are asked.
const ACTIVE: &str = "/sys/kernel/security/lsm";
const EPERM: i32 = 1;

/// Lets no connection into a namespace, as long as the descriptor is open: `security_inet_conn_request(sk, skb, req)`
/// refuses each SYN there. Elsewhere the other modules decide, as before.
pub(super) fn refuse_connections(namespace: &Namespace) -> Result<OwnedFd, LabError> {
    let active = fs::read_to_string(ACTIVE).unwrap_or_default();
    if !active.trim().split(',').any(|module| module == "bpf") {
        return Err(unavailable(format!("{ACTIVE} does not name bpf (it is {:?})", active.trim())));
    }
    let types = facts::types_of_this_kernel().map_err(|error| unavailable(error.to_string()))?;
    let function =
        types.function_id("bpf_lsm_inet_conn_request").map_err(|error| unavailable(error.to_string()))?;
    let place = |member: &str| match types.answer(member).map(i16::try_from) {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) => Err(unavailable(format!("{member} is too far from the start"))),
        Err(error) => Err(unavailable(error.to_string())),
    };
    // r1: the arguments of the hook; the verifier knows their types and follows the pointers.
    let program = [
        Insn::load_double_word(1, 1, 0),
        Insn::load_double_word(1, 1, place("sock_common.skc_net")?),
        Insn::load_word(1, 1, place("net.ns.inum")?),
        Insn::mov(0, 0),
        Insn::jump_if_other_word(1, namespace.inum() as u32, 1),
        Insn::mov(0, -EPERM),
        Insn::exit(),
    ];
    bpf::attach_lsm(&program, function)
}

fn unavailable(why: String) -> LabError {
    LabError::Unavailable {
        what: "a BPF program at a security hook".to_owned(),
        why,
        advice: "boot a kernel that has CONFIG_BPF_LSM, with bpf among the names in lsm=",
    }
}
