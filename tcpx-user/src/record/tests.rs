use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    slice,
};

use proptest::prelude::*;

use super::{
    format::{self, Kind},
    testing::{Attempt, Step, facts, live, replayed},
    *,
};

mod kept;

/// A recording that has a bit of everything.
fn everything() -> Vec<Step> {
    let attempt = |number| Attempt { number, at: 1_000_000_000 * (1 + u64::from(number)) };
    (0..14).flat_map(|number| attempt(number).story((number % 7) as u8)).collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let story = (0..40_u16, 0..7_u8, 0..50_u64);
    let stories = prop::collection::vec(story, 0..12).prop_map(|stories| {
        let mut at = 1_000_000_000;
        let story = |(number, kind, gap): (u16, u8, u64)| {
            at += gap * 100_000_000;
            Attempt { number, at }.story(kind)
        };
        stories.into_iter().flat_map(story).collect::<Vec<_>>()
    });
    (stories, any::<bool>()).prop_flat_map(|(steps, shuffle)| {
        if shuffle { Just(steps).prop_shuffle().boxed() } else { Just(steps).boxed() }
    })
}

fn recorded(dir: &Path) -> (PathBuf, Vec<String>) {
    let path = dir.join("x.tcpx");
    let lines = live(&path, Rotation::default(), &everything(), 5);
    (path, lines)
}

#[test]
fn a_recording_of_everything_is_replayed_line_by_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, lines) = recorded(dir.path());
    let (again, failure) = replayed(&[path]).expect("a recording");
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(again, lines);
    assert!(lines.len() > 10, "{lines:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn live_and_replay_cannot_be_told_apart(steps in steps(), ahead in 1..30_usize) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x.tcpx");
        let lines = live(&path, Rotation::default(), &steps, ahead);
        let (again, failure) = replayed(&[path]).expect("a recording");
        prop_assert!(failure.is_none());
        prop_assert_eq!(again, lines);
    }

}

proptest! {
    /// What passes its checksum may still be anything: it was made to do harm.
    #[test]
    fn well_formed_nonsense_never_panics(
        records in prop::collection::vec((0..26_u8, prop::collection::vec(any::<u8>(), 32..440)), 0..20),
        tail in prop::collection::vec(0..10_u8, 0..40),
    ) {
        let mut items = Vec::new();
        for (kind, mut bytes) in records {
            bytes[30] = kind;
            // Most places of an address family get one, so that records are not all malformed.
            for place in (32..bytes.len()).step_by(4).filter(|place| place % 8 == 4) {
                bytes[place] = if bytes[place] % 2 == 0 { 4 } else { 6 };
            }
            Item::Record(&bytes).write(&mut items);
            Item::Answer(br#"[{"Holder":3},{"Flag":true}]"#).write(&mut items);
        }
        Item::Finish.write(&mut items);
        items.extend(tail);
        let (_dir, path) = written(&[(Kind::Facts, json(&facts())), (Kind::Stream, items)]);
        let (lines, failure) = replayed(&[path]).expect("its head is right");
        prop_assert!(failure.is_some() && !lines.is_empty());
    }

    #[test]
    fn arbitrary_files_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let head = if magic { format::file_head().to_vec() } else { Vec::new() };
        let all: Vec<u8> = head.into_iter().chain(bytes).collect();
        prop_assert!(Reader::new("x".to_owned(), all.as_slice()).is_err());
    }
}

/// At every byte at which a crash may cut it off: what came before is told as it was, and the rest is missed aloud.
#[test]
fn cut_short_anywhere_it_tells_what_came_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, lines) = recorded(dir.path());
    let bytes = fs::read(&path).expect("the recording");
    let cut = dir.path().join("cut.tcpx");
    for len in 0..bytes.len() {
        fs::write(&cut, &bytes[..len]).expect("a file");
        let offset = match replayed(slice::from_ref(&cut)) {
            Err(failure) => failure.to_string(),
            Ok((told, failure)) => {
                assert!(told.len() <= lines.len(), "{len}");
                failure.expect("an error").to_string()
            }
        };
        assert!(offset.contains("cut.tcpx") && offset.contains("byte "), "{len}: {offset}");
    }
}

/// Several blocks, so that there is something before the damage.
fn long(dir: &Path) -> (PathBuf, Vec<String>) {
    let path = dir.join("long.tcpx");
    let attempt = |number| Attempt { number, at: 1_000_000_000 + u64::from(number) * 100_000_000 };
    let steps: Vec<Step> = (0..1_500).flat_map(|number| attempt(number).story(0)).collect();
    let lines = live(&path, Rotation::default(), &steps, 50);
    (path, lines)
}

#[test]
fn lines_before_the_damage_are_those_of_the_live_trace() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, lines) = long(dir.path());
    let bytes = fs::read(&path).expect("the recording");
    let spoilt = dir.path().join("spoilt.tcpx");
    for at in [bytes.len() / 2, bytes.len() * 2 / 3, bytes.len() - 5] {
        let mut copy = bytes.clone();
        copy[at] ^= 4;
        fs::write(&spoilt, copy).expect("a file");
        let (told, failure) = replayed(slice::from_ref(&spoilt)).expect("its first block is whole");
        assert!(failure.expect("an error").to_string().contains("byte "));
        // What was open at the gap is told as such; all before is the same.
        let same = told.iter().zip(&lines).take_while(|(told, line)| told == line).count();
        assert!(same > 300 && same + 10 > told.len(), "{at}: {same} of {} are the same", told.len());
        let open = &told[same..];
        assert!(open.iter().all(|line| !line.contains("\"complete\":true")), "{open:#?}");
    }
}

/// Flipped bytes: a clear error, or (in a head's spare bytes there is none to flip) nothing.
#[test]
fn a_flipped_byte_is_always_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, _) = recorded(dir.path());
    let bytes = fs::read(&path).expect("the recording");
    let spoilt = dir.path().join("spoilt.tcpx");
    for at in 0..bytes.len() {
        let mut copy = bytes.clone();
        copy[at] ^= 1 << (at % 8);
        fs::write(&spoilt, copy).expect("a file");
        let noticed = replayed(slice::from_ref(&spoilt)).map_or(true, |(_, failure)| failure.is_some());
        assert!(noticed, "byte {at}");
    }
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

/// A file of these blocks, each with its right checksum.
fn written(blocks: &[(Kind, Vec<u8>)]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("made.tcpx");
    let mut writer = writer::Writer::begin(fs::File::create(&path).expect("a file")).expect("a head");
    for (kind, contents) in blocks {
        writer.block(*kind, contents).expect("a block");
    }
    (dir, path)
}

fn failure_of(blocks: &[(Kind, Vec<u8>)]) -> String {
    let (_dir, path) = written(blocks);
    match replayed(&[path]) {
        Err(failure) => failure.to_string(),
        Ok((_, failure)) => failure.expect("an error").to_string(),
    }
}

#[test]
fn files_that_make_no_sense_say_what_is_wrong() {
    let newer = Facts { records: format::RECORDS + 1, ..facts() };
    let timeless = Facts { names: facts::KernelNames::default(), ..facts() };
    let answer = |json: &[u8]| {
        let mut items = Vec::new();
        Item::Tick(1).write(&mut items);
        Item::Answer(json).write(&mut items);
        items
    };
    let first = || (Kind::Facts, json(&facts()));
    let end = || (Kind::Summary, json(&Summed::default()));
    for (blocks, said) in [
        (vec![end()], "facts about the recording kernel are missing"),
        (vec![(Kind::Facts, b"{}".to_vec())], "facts that are none"),
        (vec![(Kind::Facts, json(&newer))], "a newer tcpx"),
        (vec![(Kind::Facts, json(&timeless))], "tick of 0 ns"),
        (vec![first(), first()], "a second beginning"),
        (vec![first()], "has no end"),
        (vec![first(), (Kind::Stream, vec![99, 0, 0, 0, 0])], "does not know"),
        (vec![first(), (Kind::Stream, vec![1, 9, 0, 0, 0])], "not whole"),
        (vec![first(), (Kind::Stream, answer(b"{"))], "an answer that is none"),
        (vec![first(), (Kind::Summary, b"1".to_vec())], "a summary that is none"),
        (vec![first(), end(), end()], "something follows the end"),
    ] {
        let failure = failure_of(&blocks);
        assert!(failure.contains(said), "{failure}, not {said}");
    }
    let many = b"[{\"Holder\":1},\"Nothing\"]";
    let mut items = Vec::new();
    Item::Tick(1).write(&mut items);
    (0..70_000).for_each(|_| Item::Answer(many).write(&mut items));
    assert!(failure_of(&[first(), (Kind::Stream, items)]).contains("more answers than"));
}

#[test]
fn a_block_that_unpacks_to_more_than_it_says_is_refused() {
    let (_dir, path) = written(&[(Kind::Facts, json(&facts()))]);
    let mut bytes = fs::read(&path).expect("the file");
    let contents = zstd::bulk::compress(&vec![0; 1 << 20], 1).expect("small");
    bytes.extend(format::block_head(Kind::Stream, &contents, 100));
    bytes.extend(contents);
    let mut reader = Reader::new("x".to_owned(), bytes.as_slice()).expect("facts");
    let broken = reader.block().expect_err("a bomb");
    assert!(broken.to_string().contains("cannot be unpacked"), "{broken}");
}

#[test]
fn what_is_no_file_or_no_recording_is_told_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let (empty, text, fifo) = (dir.path().join("empty"), dir.path().join("text"), dir.path().join("fifo"));
    fs::write(&empty, b"").expect("a file");
    fs::write(&text, b"{\"type\":\"start\"}").expect("a file");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a FIFO");
    for (path, said) in [
        (&empty, "it is empty"),
        (&text, "no recording of tcpx"),
        (&fifo, "no regular file"),
        (&dir.path().to_owned(), "a directory"),
        (&dir.path().join("none"), "No such file"),
    ] {
        let failure = replayed(slice::from_ref(path)).expect_err("no recording").to_string();
        assert!(failure.contains(said) && failure.contains(&path.display().to_string()), "{failure}");
    }
    let to = |path: &PathBuf| Destination { path: path.clone(), rotation: Rotation::default() };
    assert!(Recorder::create(to(&fifo)).is_err() && Recorder::create(to(&dir.path().to_owned())).is_err());
}

#[test]
fn rotated_files_are_one_recording_and_each_is_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("x.tcpx");
    let attempt = |number| Attempt { number, at: 1_000_000_000 + u64::from(number) * 10_000_000 };
    let steps: Vec<Step> = (0..3_000).flat_map(|number| attempt(number).story((number % 3) as u8)).collect();
    let rotation = Rotation { size: Some(20_000), ..Rotation::default() };
    let lines = live(&path, rotation, &steps, 40);
    let files: Vec<PathBuf> =
        (1..=99).map(|number| rotation.path(&path, number)).take_while(|path| path.exists()).collect();
    assert!(files.len() > 2, "{files:?}");
    let (again, failure) = replayed(&files).expect("a recording");
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(again, lines);
    for file in &files {
        let (told, failure) = replayed(slice::from_ref(file)).expect("whole by itself");
        assert!(failure.is_none() && told.len() > 5, "{failure:?}");
    }
    let gap = replayed(&[files[0].clone(), files[2].clone()]).expect("a first file").1.expect("a gap");
    assert!(gap.to_string().contains("file 3 of its recording"), "{gap}");
    let (other, _) = recorded(dir.path());
    let after_end = replayed(&[other, files[1].clone()]).expect("a recording").1.expect("an end");
    assert!(after_end.to_string().contains("the recording ends in"), "{after_end}");
}

#[test]
fn the_oldest_files_go() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("x.tcpx");
    let steps: Vec<Step> = (0..2_000)
        .flat_map(|number| Attempt { number, at: 1_000_000_000 + u64::from(number) * 10_000_000 }.story(0))
        .collect();
    let rotation =
        Rotation { size: Some(20_000), time: None, keep: NonZeroU32::new(2), ..Rotation::default() };
    live(&path, rotation, &steps, 40);
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 2);
    assert!(!rotation.path(&path, 1).exists());
}
