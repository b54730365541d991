//! Lines go out whole: what a full disk cuts off a line is kept, and written first when there is room again. Nothing is taken back
//! from a file meanwhile, as whoever follows it has read it already.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    mem,
};

/// Half a line that was written, and the other half.
#[derive(Debug, Default)]
pub(super) struct Whole {
    begun: u64,
    rest: Vec<u8>,
}

/// What became of lines.
#[derive(Debug, Default)]
pub(super) struct Put {
    /// Those that are out, with one that was begun before.
    pub(super) whole: u64,
    /// Those of which nothing was written.
    pub(super) lost: u64,
    /// Why it is not all of them.
    pub(super) error: Option<io::Error>,
}

impl Whole {
    /// Writes what was begun, then whole lines.
    pub(super) fn put(&mut self, out: &mut impl Write, lines: &[u8]) -> Put {
        let mut put = Put::default();
        if !self.rest.is_empty() {
            let (written, error) = write(out, &self.rest);
            self.begun += written as u64;
            self.rest.drain(..written);
            if error.is_some() {
                return Put { lost: count(lines), error, ..put };
            }
            self.begun = 0;
            put.whole = 1;
        }
        let (written, error) = write(out, lines);
        let (out, left) = lines.split_at(written);
        put.whole += count(out);
        put.lost = count(left);
        put.error = error;
        let begun = out.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if !begun.is_empty() {
            let end = left.iter().position(|byte| *byte == b'\n').map_or(left.len(), |at| at + 1);
            *self = Self { begun: begun.len() as u64, rest: left[..end].to_vec() };
            put.lost -= 1;
        }
        put
    }

    /// Nothing more will be written to `file`: half a line that cannot be finished is taken back. `None` if there is none.
    pub(super) fn finish(&mut self, file: &mut File) -> Option<Put> {
        if self.rest.is_empty() {
            return None;
        }
        let mut put = self.put(file, &[]);
        let Self { begun, rest } = mem::take(self);
        if !rest.is_empty() {
            put.lost = 1;
            let length = file.metadata().map(|about| about.len());
            // If that fails too, the file ends in half a line, as after a crash.
            let _ = length.and_then(|length| file.set_len(length.saturating_sub(begun)));
        }
        Some(put)
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Writes as much as it can; how much that was, and why not all.
fn write(out: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match out.write(&bytes[written..]) {
            Ok(0) => return (written, Some(ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, out.flush().err())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..taken]);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        /// Whatever there is room for: only the last line can be a half one, and each other is one that was given, in order, or
        /// counted as lost.
        #[test]
        fn each_line_is_whole_or_counted(batches in prop::collection::vec((0..40_usize, 0..4_usize), 1..20)) {
            let (mut whole, mut disk, mut given) = (Whole::default(), Disk::default(), Vec::new());
            let (mut out, mut lost) = (0, 0);
            for (room, lines) in batches {
                disk.room = room;
                let batch: Vec<String> = (0..lines).map(|at| format!("line {}\n", given.len() + at)).collect();
                let put = whole.put(&mut disk, batch.concat().as_bytes());
                given.extend(batch);
                (out, lost) = (out + put.whole, lost + put.lost);
                prop_assert_eq!(put.error.is_none(), put.lost == 0 && whole.rest.is_empty());
            }
            let pending = u64::from(!whole.rest.is_empty());
            prop_assert_eq!(out + lost + pending, given.len() as u64);
            disk.room = usize::MAX;
            prop_assert_eq!(whole.put(&mut disk, &[]).whole, pending);
            let text = String::from_utf8(disk.bytes).expect("text");
            let mut left = given.iter();
            for line in text.split_inclusive('\n') {
                prop_assert!(left.any(|given| given == line), "{:?} in {:?}", line, text);
            }
            prop_assert_eq!(text.lines().count() as u64, out + pending);
        }
    }

    #[test]
    fn a_file_that_is_left_ends_with_a_whole_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        let mut file = File::options().create(true).append(true).open(&path).expect("writable");
        file.write_all(b"whole\nhal").expect("writable");
        let mut whole = Whole { begun: 3, rest: b"f\n".to_vec() };
        assert_eq!(whole.finish(&mut file).expect("half a line").whole, 1);
        assert_eq!(std::fs::read(&path).expect("a file"), b"whole\nhalf\n");
        let mut whole = Whole { begun: 5, rest: b"more\n".to_vec() };
        let mut closed = File::open("/dev/full").expect("a device");
        assert_eq!(whole.finish(&mut closed).expect("half a line").lost, 1);
        assert!(whole.finish(&mut closed).is_none());
    }
}
