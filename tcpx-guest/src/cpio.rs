//! Archives in the format that the kernel unpacks its first file system from ("newc" cpio).
//!
//! The kernel accepts several archives one after the other, so parts that do not change are made once.

use std::collections::BTreeSet;

/// An archive in the making.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

impl Archive {
    /// Adds a file that may be executed, and the folders above it. `path` has no leading slash.
    ///
    /// # Panics
    /// When the file has 4 GiB or more, which this format cannot hold.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.parents(path);
        self.entry(path, PROGRAM, content);
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, to: &str) {
        self.parents(path);
        self.entry(path, LINK, to.as_bytes());
    }

    /// Adds a folder, and those above it.
    pub fn folder(&mut self, path: &str) {
        self.parents(&format!("{path}/"));
    }

    /// The finished archive, padded so that another one can follow.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            if self.folders.insert(path[..at].to_owned()) {
                self.entry(&path[..at], FOLDER, &[]);
            }
        }
    }

    /// Thirteen numbers of eight hexadecimal digits, the name, the content; name and content padded to four bytes.
    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        let links = if mode == FOLDER { 2 } else { 1 };
        let size = u32::try_from(content.len()).expect("a file in a guest is smaller than 4 GiB");
        let name_size = u32::try_from(name.len() + 1).expect("a file name is short");
        // inode, mode, uid, gid, links, time, size, device (2), node's device (2), name's size, checksum
        let numbers = [0, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for number in numbers {
            self.bytes.extend_from_slice(format!("{number:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_their_files_once_and_all_is_aligned() {
        let mut archive = Archive::default();
        archive.file("usr/bin/a", b"abc");
        archive.file("usr/bin/b", b"");
        let bytes = archive.finish();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(text.matches("070701").count(), 5);
        assert!(text.find("usr/bin\0") < text.find("usr/bin/a\0"));
        assert!(text.contains("TRAILER!!!"));
        let mut archive = Archive::default();
        archive.folder("home/me");
        archive.file("home/me/x", b"x");
        assert_eq!(String::from_utf8_lossy(&archive.finish()).matches("070701").count(), 4);
    }
}
