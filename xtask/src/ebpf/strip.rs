//! Takes DWARF out of the object and leaves BTF: users need the second, the first is larger than all else.

use anyhow::{Context, Result, bail};
use object::build::elf::{Builder, SectionData};
use object::elf::SHT_STRTAB;

/// The object without its debugging sections.
pub(super) fn debug_info(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut object = Builder::read(bytes).context("reading the object as ELF")?;
    for section in &mut object.sections {
        let name = section.name.to_string();
        section.delete |= name.starts_with(".debug_") || name.starts_with(".rel.debug_");
    }
    object.delete_orphans();
    // LLVM keeps names of sections and of symbols in one table; the builder wants two.
    let names = object.sections.add();
    names.name = b".shstrtab"[..].into();
    names.sh_type = SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    object.set_section_sizes();
    let mut stripped = Vec::new();
    object.write(&mut stripped).context("writing the object")?;
    refuse_paths(&stripped)?;
    Ok(stripped)
}

/// A path of the machine in the object would differ on the next one.
fn refuse_paths(object: &[u8]) -> Result<()> {
    let home = std::env::home_dir().unwrap_or_default();
    for path in [crate::paths::workspace(), crate::paths::target(), home] {
        let text = path.to_string_lossy();
        let needle = format!("{}/", text.trim_end_matches('/'));
        if needle.len() > 1 && object.windows(needle.len()).any(|window| window == needle.as_bytes()) {
            bail!("the object carries a path of this machine: {needle}");
        }
    }
    Ok(())
}
