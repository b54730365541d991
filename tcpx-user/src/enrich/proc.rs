//! /proc, read with the suspicion that it deserves: any file may vanish between two reads, and a number may name
//! another process than a moment ago.

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::Path,
};

/// Inode number of the first pid namespace (`PROC_PID_INIT_INO`), fixed since Linux 3.8.
const ROOT_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Whether the numbers in this /proc are those of the root pid namespace, which the kernel reports.
///
/// In a container with its own pid namespace they are not, and /proc/41 would be somebody else. The first process
/// of the mounted /proc tells, also where the host's /proc is mounted into a container. Where it may not be asked,
/// tcpx's own namespace decides.
pub(crate) fn shows_root_pids() -> bool {
    let namespace = |pid| fs::metadata(format!("/proc/{pid}/ns/pid")).map(|file| file.ino());
    namespace("1").or_else(|_| namespace("self")).is_ok_and(|inode| inode == ROOT_PID_NAMESPACE)
}

/// All process ids, lowest first.
pub(crate) fn pids() -> Vec<u32> {
    let mut pids: Vec<u32> = numbers("/proc").collect();
    pids.sort_unstable();
    pids
}

/// The entries of a directory whose names are numbers. Nothing if it cannot be read.
pub(crate) fn numbers(directory: impl AsRef<Path>) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// `N` if the link at `path` reads `KIND:[N]`, as descriptors of sockets and namespaces do.
pub(crate) fn link_number(path: impl AsRef<Path>, kind: &str) -> Option<u64> {
    bracketed(fs::read_link(path).ok()?.as_os_str().as_bytes(), kind)
}

/// The number of the network namespace to which the link at `path` leads.
pub(crate) fn netns_at(path: impl AsRef<Path>) -> Option<u32> {
    netns_of(fs::read_link(path).ok()?.as_os_str().as_bytes())
}

/// `N` of `net:[N]`: numbers of namespaces have 32 bits (struct `ns_common`).
pub(crate) fn netns_of(text: &[u8]) -> Option<u32> {
    bracketed(text, "net")?.try_into().ok()
}

/// `N` of `KIND:[N]`.
pub(crate) fn bracketed(text: &[u8], kind: &str) -> Option<u64> {
    let number = text.strip_prefix(kind.as_bytes())?.strip_prefix(b":[")?.strip_suffix(b"]")?;
    str::from_utf8(number).ok()?.parse().ok()
}

/// When a process started, in clock ticks since boot.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    parse_start_ticks(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of /proc/PID/stat. The name in field 2 may hold blanks and brackets, so counting starts behind the
/// last bracket.
fn parse_start_ticks(stat: &[u8]) -> Option<u64> {
    let behind_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    str::from_utf8(&stat[behind_name..]).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Fields of a line of mountinfo that tcpx asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount<'a> {
    /// What of the file system is mounted.
    pub(crate) root: &'a str,
    /// Where, still with octal escapes.
    pub(crate) point: &'a str,
    /// Type of the file system.
    pub(crate) kind: &'a str,
}

/// One line of /proc/PID/mountinfo.
pub(crate) fn parse_mount(line: &str) -> Option<Mount<'_>> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ').skip(3);
    Some(Mount { root: front.next()?, point: front.next()?, kind: back.split(' ').next()? })
}

/// A path of mountinfo without its escapes (`\040` for a blank).
pub(crate) fn unescape(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(code.map_or('\\', char::from));
        rest = &rest[at + if code.is_some() { 4 } else { 1 }..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = b"41 (a) b (c) S 1 41 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n";
        assert_eq!(parse_start_ticks(stat), Some(12345));
    }

    #[test]
    fn own_start_is_before_now() {
        let ticks = start_ticks(std::process::id()).expect("own stat");
        let boot_ticks = super::super::clock::boot_now() / 10_000_000;
        assert!(ticks <= boot_ticks);
    }

    #[test]
    fn links_and_mounts_are_read_as_the_kernel_writes_them() {
        assert_eq!(bracketed(b"socket:[4711]", "socket"), Some(4711));
        assert_eq!(bracketed(b"net:[4026531833]", "socket"), None);
        let line = "1210 24 0:4 net:[4026532281] /run/netns/a\\040b rw shared:512 - nsfs nsfs rw";
        let mount = parse_mount(line).expect("mountinfo");
        assert_eq!(mount, Mount { root: "net:[4026532281]", point: "/run/netns/a\\040b", kind: "nsfs" });
        assert_eq!(unescape(mount.point), "/run/netns/a b");
        assert_eq!(unescape("\\x\\04"), "\\x\\04");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, text: String) {
            let _ = parse_start_ticks(&bytes);
            let _ = bracketed(&bytes, "socket");
            let _ = parse_mount(&text).map(|mount| unescape(mount.point));
            let _ = unescape(&text);
        }
    }
}
