//! Requests that wait to be sent: a few in memory, the rest as files while the collector is away.
//!
//! A file holds one request and is there whole or not at all; its name has its number and how many records it holds, so
//! that they can be counted when it has to go. Numbers begin with the time, so that no two tcpx write the same file. Whoever has
//! locked the folder sends what others left in it: after a takeover that is the new one, once the old one has ended.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{FlockOperation, flock};

/// As many wait in memory, as long as the collector keeps up.
const IN_MEMORY: usize = 16;

/// One request, as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Requests go in this order.
    pub(super) number: u64,
    /// How many records it holds.
    pub(super) records: u64,
    /// The body, compressed.
    pub(super) body: Arc<[u8]>,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    folder: PathBuf,
    most_bytes: u64,
    memory: VecDeque<Request>,
    files: BTreeMap<u64, Kept>,
    bytes: u64,
    next: u64,
    /// The folder, which another tcpx may have locked.
    lock: File,
    /// It is locked, and what others left in it is known.
    adopted: bool,
    /// Taken, and neither sent nor put back.
    taken: Option<Request>,
    evicted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    records: u64,
    bytes: u64,
}

impl Queue {
    /// With what an earlier tcpx left in the folder, which is made if need be. `begin`: a number that no earlier one has given.
    pub(super) fn open(folder: &Path, most_bytes: u64, begin: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut queue = Self {
            folder: folder.to_owned(),
            most_bytes,
            memory: VecDeque::new(),
            files: BTreeMap::new(),
            bytes: 0,
            next: begin,
            lock: File::open(folder)?,
            adopted: false,
            taken: None,
            evicted: 0,
        };
        queue.adopt()?;
        Ok(queue)
    }

    /// Adds what others left in the folder, unless one of them still uses it; true if it was looked through.
    pub(super) fn adopt(&mut self) -> io::Result<bool> {
        if self.adopted || flock(&self.lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(false);
        }
        self.adopted = true;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some((number, records)) = parse(&name) {
                let bytes = entry.metadata()?.len();
                let known = self.files.insert(number, Kept { records, bytes });
                self.bytes += bytes - known.map_or(0, |known| known.bytes);
            } else if entry.path().extension().is_some_and(|end| end == "part") {
                // Its writer was killed before it was whole.
                fs::remove_file(entry.path())?;
            }
        }
        let after_all = self.files.last_key_value().map_or(0, |(last, _)| last + 1);
        self.next = self.next.max(after_all);
        self.make_room(0);
        Ok(true)
    }

    /// Takes a request. What cannot be kept is counted.
    pub(super) fn push(&mut self, records: u64, body: Vec<u8>) {
        let request = Request { number: self.next, records, body: body.into() };
        self.next += 1;
        if self.files.is_empty() && self.memory.len() < IN_MEMORY {
            self.memory.push_back(request);
        } else {
            self.keep(&request);
        }
    }

    /// The next to send; it stays until it is [`done`](Self::done) or [put back](Self::put_back).
    pub(super) fn take(&mut self) -> Option<Request> {
        let request = loop {
            let in_memory = self.memory.front().map(|request| request.number);
            match self.files.first_key_value().map(|(number, kept)| (*number, *kept)) {
                Some((number, kept)) if in_memory.is_none_or(|front| number < front) => {
                    if let Some(request) = self.read(number, kept) {
                        break request;
                    }
                }
                _ => break self.memory.pop_front()?,
            }
        };
        self.taken = Some(request.clone());
        Some(request)
    }

    /// It was sent, or never will be.
    pub(super) fn done(&mut self, number: u64) {
        self.taken = None;
        self.forget(number);
    }

    /// It was not sent, and its sender goes.
    pub(super) fn put_back(&mut self, request: Request) {
        self.taken = None;
        if !self.files.contains_key(&request.number) {
            self.memory.push_front(request);
        }
    }

    /// Writes what is in memory to files, for the tcpx that comes after; also what is being sent, as nobody knows yet
    /// whether it will be taken.
    pub(super) fn save(&mut self) {
        let under_way = self.taken.clone().filter(|taken| !self.files.contains_key(&taken.number));
        for request in under_way.into_iter().chain(std::mem::take(&mut self.memory)) {
            self.keep(&request);
        }
    }

    /// Bytes in files.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Records that had to go, since this was asked before.
    pub(super) fn evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }

    /// A file that cannot be read any more is lost, and counted.
    fn read(&mut self, number: u64, kept: Kept) -> Option<Request> {
        if let Ok(body) = fs::read(self.path(number, kept.records)) {
            return Some(Request { number, records: kept.records, body: body.into() });
        }
        self.evicted += kept.records;
        self.forget(number);
        None
    }

    fn keep(&mut self, request: &Request) {
        let bytes = request.body.len() as u64;
        if bytes <= self.most_bytes {
            self.make_room(bytes);
        }
        if self.bytes + bytes > self.most_bytes || self.write(request).is_err() {
            self.evicted += request.records;
            return;
        }
        self.files.insert(request.number, Kept { records: request.records, bytes });
        self.bytes += bytes;
    }

    fn write(&self, request: &Request) -> io::Result<()> {
        let path = self.path(request.number, request.records);
        let part = path.with_extension("part");
        let written = fs::write(&part, &request.body).and_then(|()| fs::rename(&part, &path));
        written.inspect_err(|_| drop(fs::remove_file(&part)))
    }

    /// The oldest go, but not the one that is being sent.
    fn make_room(&mut self, bytes: u64) {
        while self.bytes + bytes > self.most_bytes {
            let oldest = self
                .files
                .iter()
                .find(|(number, _)| self.taken.as_ref().is_none_or(|taken| taken.number != **number));
            let Some((&number, kept)) = oldest else { return };
            self.evicted += kept.records;
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(kept) = self.files.remove(&number) {
            self.bytes -= kept.bytes;
            drop(fs::remove_file(self.path(number, kept.records)));
        }
    }

    fn path(&self, number: u64, records: u64) -> PathBuf {
        self.folder.join(format!("{number:020}-{records}.logs"))
    }
}

/// Number and records of a file.
fn parse(name: &str) -> Option<(u64, u64)> {
    let (number, records) = name.strip_suffix(".logs")?.split_once('-')?;
    Some((number.parse().ok()?, records.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, most: u64) -> Queue {
        Queue::open(folder, most, 0).expect("a folder")
    }

    fn numbers(queue: &mut Queue) -> Vec<u64> {
        let next = |queue: &mut Queue| {
            let request = queue.take()?;
            queue.done(request.number);
            Some(request.number)
        };
        std::iter::from_fn(|| next(queue)).collect()
    }

    #[test]
    fn requests_go_in_order_also_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut queue = open(folder.path(), 1_000_000);
        (0..40).for_each(|_| queue.push(2, vec![1; 10]));
        assert_eq!((queue.memory.len(), queue.files.len()), (IN_MEMORY, 24));
        let first = queue.take().expect("one");
        queue.put_back(first);
        queue.take().expect("the same, which is under way when all ends");
        queue.save();
        drop(queue);
        fs::write(folder.path().join("x.part"), "half").expect("a file");
        let mut queue = open(folder.path(), 1_000_000);
        queue.push(1, Vec::new());
        assert_eq!(numbers(&mut queue), (0..=40).collect::<Vec<_>>());
        assert_eq!((queue.bytes(), queue.evicted()), (0, 0));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }

    #[test]
    fn what_another_leaves_is_sent_once_it_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut old = open(folder.path(), 1_000_000);
        old.push(2, vec![1; 10]);
        let mut new = Queue::open(folder.path(), 1_000_000, 100).expect("a folder");
        new.push(2, vec![1; 10]);
        old.save();
        new.adopt().expect("a folder");
        assert_eq!(numbers(&mut new), [100], "the old one may be sending it");
        drop(old);
        new.adopt().expect("a folder");
        new.adopt().expect("a folder");
        assert_eq!((numbers(&mut new), new.bytes()), (vec![0], 0));
    }

    #[test]
    fn above_the_limit_the_oldest_go_and_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut queue = open(folder.path(), 100);
        (0..IN_MEMORY + 13).for_each(|_| queue.push(3, vec![0; 10]));
        assert_eq!((queue.bytes(), queue.evicted()), (100, 9));
        queue.push(5, vec![0; 101]);
        assert_eq!((queue.bytes(), queue.evicted()), (100, 5), "it fits nowhere");
    }

    #[test]
    fn a_file_that_somebody_removed_is_counted_and_the_next_is_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut queue = open(folder.path(), 1000);
        (0..IN_MEMORY + 3).for_each(|_| queue.push(7, vec![0; 10]));
        let path = |number: usize| folder.path().join(format!("{number:020}-7.logs"));
        for number in [IN_MEMORY, IN_MEMORY + 1] {
            fs::remove_file(path(number)).expect("it was there");
        }
        assert_eq!((numbers(&mut queue).last(), queue.evicted()), (Some(&(IN_MEMORY as u64 + 2)), 14));
    }

    #[test]
    fn what_is_being_sent_does_not_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut queue = open(folder.path(), 30);
        (0..IN_MEMORY + 3).for_each(|_| queue.push(1, vec![0; 10]));
        for _ in 0..IN_MEMORY {
            let number = queue.take().expect("one").number;
            queue.done(number);
        }
        let taken = queue.take().expect("one");
        queue.push(1, vec![0; 20]);
        assert_eq!((queue.evicted(), queue.take().map(|next| next.number)), (2, Some(taken.number)));
    }
}
