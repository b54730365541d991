//! Lines as JSON to a file or to stdout: a thread writes, and what it cannot write in time is counted and let go.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;

use super::{
    health::Meter,
    log::say,
    published::{Reader, Text},
    whole::{Put, Whole},
};
use crate::cli::failure::Failure;

/// Bytes that may wait for the disk.
const ROOM: usize = 8 << 20;
/// Why lines are let go that do not fit in there.
const BEHIND: &str = "8 MiB of lines waited to be written already: writing is slower than lines come";
/// Bytes that are written in one go.
const BATCH: usize = 256 << 10;

/// Where lines go.
#[derive(Debug)]
pub enum Destination {
    /// A file, which is appended to; none yet.
    File(Option<(PathBuf, File)>),
    /// Stdout.
    Stdout,
}

impl Destination {
    /// A file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn file(path: &Path) -> Result<Self, Failure> {
        let opening = Failure::io(format!("opening {}", path.display()));
        Ok(Self::File(Some((path.to_owned(), open(path).map_err(opening)?))))
    }
}

/// Opening a FIFO would wait for whoever reads it.
fn open(path: &Path) -> io::Result<File> {
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

enum Message {
    Line(Bytes),
    Open(Option<PathBuf>),
}

/// The end that the session has.
pub struct Writer {
    queue: Sender<Message>,
    waiting: Arc<AtomicUsize>,
    /// Somebody reads what is put into the queue.
    on: Arc<AtomicBool>,
    meter: Meter,
}

/// The end that reloads.
#[derive(Clone)]
pub struct Control {
    queue: Sender<Message>,
    on: Arc<AtomicBool>,
}

/// Tells when all is written.
pub struct Done(Receiver<()>);

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the kernel refuses one.
    pub fn start(
        name: &'static str,
        to: Destination,
        meter: Meter,
    ) -> Result<(Self, Control, Done), Failure> {
        let (queue, lines) = channel();
        let (done, ended) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let on = Arc::new(AtomicBool::new(!matches!(to, Destination::File(None))));
        let mut thread = Thread {
            name,
            to,
            lines,
            whole: Whole::default(),
            waiting: Arc::clone(&waiting),
            meter: meter.clone(),
        };
        let body = move || {
            thread.run();
            // Nobody may wait.
            let _ = done.send(());
        };
        let started = thread::Builder::new().name(name.to_owned()).spawn(body);
        started.map_err(Failure::io(format!("starting the thread that writes {name}")))?;
        let control = Control { queue: queue.clone(), on: Arc::clone(&on) };
        Ok((Self { queue, waiting, on, meter }, control, Done(ended)))
    }
}

impl Reader for Writer {
    fn text(&mut self, text: &Text) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        let line = text.line();
        if self.waiting.load(Ordering::Relaxed) + line.len() > ROOM {
            self.meter.drop(1, BEHIND);
            return;
        }
        self.waiting.fetch_add(line.len(), Ordering::Relaxed);
        // The thread ends after this end.
        let _ = self.queue.send(Message::Line(line));
    }
}

impl Control {
    /// Lines from now on go to this file, opened anew: what came before is written before.
    pub fn open(&self, path: Option<PathBuf>) {
        self.on.store(path.is_some(), Ordering::Relaxed);
        let _ = self.queue.send(Message::Open(path));
    }
}

impl Done {
    /// Waits until all is written, but not for long; true if it is.
    #[must_use]
    pub fn within(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }
}

struct Thread {
    name: &'static str,
    to: Destination,
    lines: Receiver<Message>,
    whole: Whole,
    waiting: Arc<AtomicUsize>,
    meter: Meter,
}

impl Thread {
    fn run(&mut self) {
        let mut batch = Vec::new();
        while let Ok(message) = self.lines.recv() {
            let mut next = Some(message);
            while let Some(message) = next {
                match message {
                    Message::Line(line) => batch.extend_from_slice(&line),
                    Message::Open(path) => {
                        self.write(&mut batch);
                        self.open(path);
                    }
                }
                next = (batch.len() < BATCH).then(|| self.lines.try_recv().ok()).flatten();
            }
            self.write(&mut batch);
        }
        self.leave();
    }

    fn open(&mut self, path: Option<PathBuf>) {
        // A file that has a successor is complete: whoever follows it goes on to the next.
        self.leave();
        let Some(path) = path else {
            self.to = Destination::File(None);
            return;
        };
        match open(&path) {
            Ok(file) => self.to = Destination::File(Some((path, file))),
            Err(error) => {
                self.trouble(&format!("opening {}: {error}; the file before is written on", path.display()));
            }
        }
    }

    fn write(&mut self, batch: &mut Vec<u8>) {
        if batch.is_empty() {
            return;
        }
        let put = put(&mut self.to, &mut self.whole, batch);
        self.account(put);
        self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        batch.clear();
    }

    /// Nothing more goes to where lines went.
    fn leave(&mut self) {
        if let Destination::File(Some((_, file))) = &mut self.to
            && let Some(put) = self.whole.finish(file)
        {
            self.account(put);
        }
    }

    fn account(&self, put: Put) {
        self.meter.take(put.whole);
        let Some(error) = put.error else { return self.meter.well() };
        let why = format!("writing {}: {error}; lines are lost", self.place());
        if put.lost > 0 {
            self.meter.drop(put.lost, &why);
        }
        self.trouble(&why);
    }

    fn trouble(&self, what: &str) {
        if self.meter.trouble(what.to_owned()) {
            say(what);
        }
    }

    fn place(&self) -> String {
        match &self.to {
            Destination::File(Some((path, _))) => path.display().to_string(),
            _ => self.name.to_owned(),
        }
    }
}

fn put(to: &mut Destination, whole: &mut Whole, batch: &[u8]) -> Put {
    match to {
        Destination::File(None) => Put::default(),
        Destination::Stdout => whole.put(&mut io::stdout().lock(), batch),
        Destination::File(Some((_, file))) => whole.put(file, batch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::published::Number;
    use crate::{daemon::health::Health, sink::samples::attempt};

    fn start(to: Destination) -> (Writer, Control, Done, Meter) {
        let meter = Health::default().meter("file");
        let (writer, control, done) = Writer::start("file", to, meter.clone()).expect("a thread");
        (writer, control, done, meter)
    }

    fn lines(path: &Path) -> usize {
        std::fs::read_to_string(path).expect("a file").lines().count()
    }

    #[test]
    fn a_file_opened_anew_gets_what_comes_after_and_nothing_is_lost() {
        let dir = tempfile::tempdir().expect("a directory");
        let [path, rotated, other] = ["a", "a.1", "b"].map(|name| dir.path().join(name));
        let (mut writer, control, done, _) = start(Destination::file(&path).expect("writable"));
        let text = Text::of(&attempt(), Number::SOME);
        writer.text(&text);
        control.open(Some(other.clone()));
        writer.text(&text);
        writer.text(&text);
        control.open(None);
        writer.text(&text);
        control.open(Some(path.clone()));
        writer.text(&text);
        drop((writer, control));
        assert!(done.within(Duration::from_secs(10)));
        assert_eq!((lines(&path), lines(&other)), (2, 2));
        std::fs::rename(&path, &rotated).expect("as log rotation does");
        assert_eq!(lines(&rotated), 2);
    }

    #[test]
    fn a_full_disk_costs_whole_lines_which_are_counted() {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        let (mut writer, control, done, meter) = start(Destination::File(Some(("/dev/full".into(), full))));
        writer.text(&Text::of(&attempt(), Number::SOME));
        writer.text(&Text::of(&attempt(), Number::SOME));
        drop((writer, control));
        assert!(done.within(Duration::from_secs(10)));
        assert_eq!(meter.dropped(), 2);
        assert!(!meter.trouble("still".into()), "it was told");
    }

    #[test]
    fn what_cannot_be_opened_leaves_the_file_before() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        let (mut writer, control, done, _) = start(Destination::file(&path).expect("writable"));
        control.open(Some(dir.path().to_owned()));
        writer.text(&Text::of(&attempt(), Number::SOME));
        drop((writer, control));
        assert!(done.within(Duration::from_secs(10)));
        assert_eq!(lines(&path), 1);
        assert!(Destination::file(dir.path()).is_err());
    }
}
