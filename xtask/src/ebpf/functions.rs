//! The functions of the object: their code, and which call which.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};

/// Bytes of an instruction.
pub(super) const INSN: u64 = 8;

/// Where a function is.
pub(super) type At = (usize, u64);

/// A function's code, and by place in its section: whom it calls, and where it takes an address within `.rodata`.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) code: &'a [u8],
    pub(super) calls: BTreeMap<u64, At>,
    pub(super) constants: BTreeSet<u64>,
}

/// All functions of the object.
pub(super) fn functions(object: &[u8]) -> Result<BTreeMap<At, Function<'_>>> {
    let file = object::File::parse(object).context("reading the object as ELF")?;
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let section = symbol.section_index().context("a function without a section")?;
        let data = file.section_by_index(section)?.data()?;
        let calls = calls(&file, section)?;
        let (start, end) = (symbol.address(), symbol.address() + symbol.size());
        let code = data.get(start as usize..end as usize).context("a function beyond its section")?;
        let calls = calls.range(start..end).map(|(place, target)| (*place, *target)).collect();
        let constants = constants(&file, section)?.range(start..end).copied().collect();
        functions.insert((section.0, start), Function { name: symbol.name()?, code, calls, constants });
    }
    ensure!(!functions.is_empty(), "the object has no functions");
    Ok(functions)
}

/// Calls of functions in a section, by place: those within a section need no relocation.
fn calls(file: &object::File<'_>, section: SectionIndex) -> Result<BTreeMap<u64, At>> {
    let section = file.section_by_index(section)?;
    let data = section.data()?;
    let mut calls = BTreeMap::new();
    for (nth, insn) in data.chunks_exact(INSN as usize).enumerate() {
        // BPF_JMP | BPF_CALL with BPF_PSEUDO_CALL as source.
        if insn[0] == 0x85 && insn[1] >> 4 == 1 {
            let at = nth as u64 * INSN;
            let target = at.checked_add_signed((immediate(insn) + 1) * INSN.cast_signed());
            calls.insert(at, (section.index().0, target.unwrap_or(0)));
        }
    }
    for (at, relocation) in section.relocations() {
        let (Some(call), RelocationTarget::Symbol(symbol)) = (calls.get_mut(&at), relocation.target()) else {
            continue;
        };
        let symbol = file.symbol_by_index(symbol)?;
        let target = symbol.section_index().context("a call of a function without a section")?;
        let insn = &data[at as usize..];
        // A section symbol stands for its start; the immediate says which instruction.
        let within = if symbol.kind() == SymbolKind::Section {
            (immediate(insn) + 1).cast_unsigned() * INSN
        } else {
            symbol.address()
        };
        *call = (target.0, within);
    }
    Ok(calls)
}

/// Places of a section that take the address of a constant which the loader sets.
fn constants(file: &object::File<'_>, section: SectionIndex) -> Result<BTreeSet<u64>> {
    let rodata = file.section_by_name(".rodata").context("the object has no constants")?.index();
    let mut constants = BTreeSet::new();
    for (at, relocation) in file.section_by_index(section)?.relocations() {
        if let RelocationTarget::Symbol(symbol) = relocation.target()
            && file.symbol_by_index(symbol)?.section_index() == Some(rodata)
        {
            constants.insert(at);
        }
    }
    Ok(constants)
}

/// The immediate operand of an instruction.
pub(super) fn immediate(insn: &[u8]) -> i64 {
    i64::from(i32::from_le_bytes([insn[4], insn[5], insn[6], insn[7]]))
}
