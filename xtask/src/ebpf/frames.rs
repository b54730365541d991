//! The stack that each program of the object needs, with all functions that it calls: the kernel gives 512 bytes, and refuses
//! a program that may need more. New verifiers see that some calls cannot happen; old ones (5.10, 6.1) do not, so this
//! counts as they do (`check_max_stack_depth`).

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::functions::{At, Function, INSN, immediate};

/// `MAX_BPF_STACK`
const MOST: u32 = 512;
/// Each frame takes a multiple of this.
const UNIT: u32 = 32;
/// The frame pointer.
const R10: u8 = 10;

/// Fails for an object with a program that needs more.
pub(super) fn check(functions: &BTreeMap<At, Function<'_>>) -> Result<()> {
    for at in functions.keys() {
        let (depth, names) = deepest(functions, *at, 0)?;
        ensure!(depth <= MOST, "{depth} bytes of stack, {MOST} are allowed: {}", names.join(" calls "));
    }
    Ok(())
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
    for call in function.calls.values() {
        let chain = deepest(functions, *call, level + 1)?;
        if chain.0 > below.0 {
            below = chain;
        }
    }
    let own = own(function.code);
    let name = format!("{} ({own})", function.name);
    let names = std::iter::once(name).chain(below.1).collect();
    Ok((own + below.0, names))
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
