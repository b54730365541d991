//! How QEMU is called for a guest.

use std::{path::Path, process::Command};

use crate::command;

/// The program.
pub const PROGRAM: &str = "qemu-system-x86_64";

/// Memory of a guest, MiB.
pub const MEMORY: u32 = 1024;

/// On a busy machine the emulated timer may be late for the kernel's check of it, which then panics.
pub const BOOT: &str = "console=ttyS0 quiet panic=-1 oops=panic no_timer_check";
/// Debian's, and BPF, with which scenarios refuse what a security module would.
pub const SECURITY_MODULES: &str = "landlock,lockdown,yama,apparmor,tomoyo,bpf";

/// Who runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor, by way of /dev/kvm.
    Kvm,
    /// QEMU's emulation: works on any machine, also inside another virtual machine.
    Tcg,
}

/// A guest with two serial ports, which the caller adds: the console, then the results. Ends where it would reboot.
#[must_use]
pub fn machine(accelerator: Accelerator, kernel: &Path, initrd: &Path, more: &str) -> Command {
    let mut command = Command::new(command::find(PROGRAM).unwrap_or_else(|| PROGRAM.into()));
    match accelerator {
        Accelerator::Kvm => command.args(["-accel", "kvm", "-cpu", "host"]),
        // With a thread for each CPU, QEMU (seen with 7.2) may run code that another CPU has just patched as it was before: a kernel
        // that switches a static key then meets a breakpoint of which nobody knows any more, and dies of it ("Oops: int3").
        Accelerator::Tcg => command.args(["-accel", "tcg,thread=single", "-cpu", "max"]),
    };
    command
        .args(["-smp", "2", "-m", &MEMORY.to_string()])
        .args(["-nodefaults", "-display", "none", "-no-reboot", "-nic", "none"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initrd)
        .args(["-append", &format!("{BOOT} lsm={SECURITY_MODULES}{more}")]);
    command
}
