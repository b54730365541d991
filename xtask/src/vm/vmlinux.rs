//! The type information inside a compressed kernel image.

use std::process::Command;

use anyhow::{Context, Result};
use object::{Object, ObjectSection};

use crate::command;

/// How a payload begins, and what unpacks it. Trailing bytes that a tool complains of belong to the image.
const PACKERS: &[(&[u8], &[&str])] = &[
    (&[0x28, 0xb5, 0x2f, 0xfd], &["zstd", "-dcq"]),
    (&[0x02, 0x21, 0x4c, 0x18], &["lz4", "-dcq"]),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], &["xz", "-dcq", "--single-stream"]),
    (&[0x1f, 0x8b, 0x08], &["gzip", "-dcq"]),
];

/// The `.BTF` section of the kernel inside a `vmlinuz`.
pub(crate) fn btf(image: &[u8]) -> Result<Vec<u8>> {
    let kernel = PACKERS
        .iter()
        .flat_map(|(magic, tool)| offsets(image, magic).map(move |at| (at, tool)))
        .find_map(|(at, tool)| unpack(&image[at..], tool))
        .context("found no kernel inside the image (packed in a new way?)")?;
    let file = object::File::parse(&*kernel).context("reading the unpacked kernel as ELF")?;
    let section = file.section_by_name(".BTF").context("the kernel has no .BTF section")?;
    Ok(section.data().context("reading .BTF")?.to_vec())
}

fn offsets<'a>(image: &'a [u8], magic: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    image.windows(magic.len()).enumerate().filter(move |(_, window)| *window == magic).map(|(at, _)| at)
}

fn unpack(payload: &[u8], tool: &[&str]) -> Option<Vec<u8>> {
    let output = command::filter(Command::new(tool[0]).args(&tool[1..]), payload.to_vec()).ok()?;
    output.stdout.starts_with(b"\x7fELF").then_some(output.stdout)
}
