//! What a guest tells, on a port of its own that the kernel writes nothing to: a byte for the kind, four for the length (little
//! endian), the content.

use std::io::{self, Read, Write};

/// Longer contents go as several frames; a longer one that arrives is none.
const LONGEST: usize = 64 << 10;

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first process runs.
    Booted,
    /// The command has been started.
    Runs,
    /// What it wrote to stdout.
    Out,
    /// What it wrote to stderr.
    Err,
    /// A part of the file that it has written.
    Page,
    /// Why the command could not be run.
    Failed,
    /// Its exit status, as text: the last frame.
    Exit,
}

const KINDS: [(u8, Kind); 7] = [
    (b'B', Kind::Booted),
    (b'R', Kind::Runs),
    (b'o', Kind::Out),
    (b'e', Kind::Err),
    (b'p', Kind::Page),
    (b'F', Kind::Failed),
    (b'X', Kind::Exit),
];

/// Writes frames.
pub(super) fn send(to: &mut impl Write, kind: Kind, content: &[u8]) -> io::Result<()> {
    let letter = KINDS.iter().find(|(_, known)| *known == kind).map_or(b'F', |(letter, _)| *letter);
    let mut parts: Vec<&[u8]> = content.chunks(LONGEST).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    for part in parts {
        let mut frame = vec![letter];
        frame.extend((part.len() as u32).to_le_bytes());
        frame.extend(part);
        to.write_all(&frame)?;
    }
    to.flush()
}

/// Reads the next frame; `None` at the end.
///
/// # Errors
/// When it is no frame, or is cut short.
pub(super) fn receive(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut letter = [0];
    if from.read(&mut letter)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    let known = KINDS.iter().find(|(known, _)| *known == letter[0]).filter(|_| length <= LONGEST);
    let Some(&(_, kind)) = known else {
        let what = format!("byte {:#04x} with length {length} begins no frame", letter[0]);
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    };
    let mut content = vec![0; length];
    from.read_exact(&mut content)?;
    Ok(Some((kind, content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> io::Result<Vec<(Kind, usize)>> {
        let mut found = Vec::new();
        while let Some((kind, content)) = receive(&mut bytes)? {
            found.push((kind, content.len()));
        }
        Ok(found)
    }

    #[test]
    fn frames_arrive_as_they_were_sent() {
        let mut bytes = Vec::new();
        send(&mut bytes, Kind::Booted, b"").expect("into memory");
        send(&mut bytes, Kind::Page, &vec![7; LONGEST + 1]).expect("into memory");
        send(&mut bytes, Kind::Exit, b"0").expect("into memory");
        let expected = [(Kind::Booted, 0), (Kind::Page, LONGEST), (Kind::Page, 1), (Kind::Exit, 1)];
        assert_eq!(all(&bytes).expect("whole"), expected);
        let cut = all(&bytes[..bytes.len() - 1]).expect_err("cut short");
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_frame_is_an_error_and_reserves_no_memory() {
        let error = all(b"o\xff\xff\xff\xff").expect_err("too long");
        assert!(error.to_string().contains("begins no frame"), "{error}");
        assert!(all(b"SeaBIOS (version").is_err());
    }
}
