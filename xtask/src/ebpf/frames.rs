//! The stack that each program of the object needs, with all functions that it calls: the kernel gives 512 bytes, and refuses
//! a program that may need more. New verifiers see that some calls cannot happen; old ones (5.10, 6.1) do not, so this
//! counts as they do (`check_max_stack_depth`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};

/// `MAX_BPF_STACK`
const MOST: u32 = 512;
/// Each frame takes a multiple of this.
const UNIT: u32 = 32;
/// Bytes of an instruction.
const INSN: u64 = 8;
/// The frame pointer.
const R10: u8 = 10;

/// Where a function is.
type At = (usize, u64);

/// A function's own stack, and whom it calls.
struct Function<'a> {
    name: &'a str,
    own: u32,
    calls: Vec<At>,
}

/// Fails for an object with a program that needs more.
pub(super) fn check(object: &[u8]) -> Result<()> {
    let functions = functions(object)?;
    ensure!(!functions.is_empty(), "the object has no functions");
    for at in functions.keys() {
        let (depth, names) = deepest(&functions, *at, 0)?;
        ensure!(depth <= MOST, "{depth} bytes of stack, {MOST} are allowed: {}", names.join(" calls "));
    }
    Ok(())
}

fn functions(object: &[u8]) -> Result<BTreeMap<At, Function<'_>>> {
    let file = object::File::parse(object).context("reading the object as ELF")?;
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let section = symbol.section_index().context("a function without a section")?;
        let data = file.section_by_index(section)?.data()?;
        let calls = calls(&file, section)?;
        let (start, end) = (symbol.address(), symbol.address() + symbol.size());
        let code = data.get(start as usize..end as usize).context("a function beyond its section")?;
        let calls = calls.range(start..end).map(|(_, target)| *target).collect();
        functions.insert((section.0, start), Function { name: symbol.name()?, own: own(code), calls });
    }
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

fn immediate(insn: &[u8]) -> i64 {
    i64::from(i32::from_le_bytes([insn[4], insn[5], insn[6], insn[7]]))
}

/// The lowest place below the frame pointer that the code names.
fn own(code: &[u8]) -> u32 {
    let mut lowest = 0_i64;
    let mut copy = None;
    for insn in code.chunks_exact(INSN as usize) {
        let (class, to, from) = (insn[0] & 7, insn[1] & 0xf, insn[1] >> 4);
        let offset = i64::from(i16::from_le_bytes([insn[2], insn[3]]));
        match (insn[0], class) {
            // rTO = r10
            (0xbf, _) => copy = (from == R10).then_some(to),
            // rTO += immediate
            (0x07, _) if copy == Some(to) => lowest = lowest.min(immediate(insn)),
            // BPF_ST, BPF_STX to the stack; BPF_LDX from it
            (_, 2 | 3) if to == R10 => lowest = lowest.min(offset),
            (_, 1) if from == R10 => lowest = lowest.min(offset),
            _ => {}
        }
    }
    (lowest.unsigned_abs() as u32).max(1).next_multiple_of(UNIT)
}

/// The deepest chain of calls from a function, and its stack.
fn deepest(functions: &BTreeMap<At, Function<'_>>, at: At, level: u32) -> Result<(u32, Vec<String>)> {
    ensure!(level < 8, "more than eight frames");
    let Some(function) = functions.get(&at) else { return Ok((0, Vec::new())) };
    let mut below = (0, Vec::new());
    for call in &function.calls {
        let chain = deepest(functions, *call, level + 1)?;
        if chain.0 > below.0 {
            below = chain;
        }
    }
    let name = format!("{} ({})", function.name, function.own);
    let names = std::iter::once(name).chain(below.1).collect();
    Ok((function.own + below.0, names))
}

#[cfg(test)]
mod tests {
    use super::own;

    fn insn(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Vec<u8> {
        let mut bytes = vec![code, to | from << 4];
        bytes.extend(offset.to_le_bytes());
        bytes.extend(immediate.to_le_bytes());
        bytes
    }

    #[test]
    fn a_frame_reaches_to_the_lowest_place_that_is_used() {
        assert_eq!(own(&insn(0xb7, 0, 0, 0, 0)), 32, "each frame counts");
        assert_eq!(own(&insn(0x7b, 10, 1, -40, 0)), 64, "a store");
        assert_eq!(own(&insn(0x79, 1, 10, -32, 0)), 32, "a load");
        let address = [insn(0xbf, 2, 10, 0, 0), insn(0x07, 2, 0, 0, -100)].concat();
        assert_eq!(own(&address), 128, "an address");
        let other = [insn(0xbf, 2, 1, 0, 0), insn(0x07, 2, 0, 0, -100)].concat();
        assert_eq!(own(&other), 32, "of something else");
    }
}
