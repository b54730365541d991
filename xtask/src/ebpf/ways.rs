//! What runs for a segment that nobody asks about: with `--probes lookup` the entry of `tcp_v4_rcv` and the returns of its
//! lookups run for each segment, and write a record only for a SYN. Each way through them that writes none is short: counted
//! here in instructions, as if each branch could be taken. A branch on a constant that the loader sets costs nothing: the
//! verifier knows which way it goes and takes it out (`opt_hard_wire_dead_code_branches`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::functions::{At, Function, INSN, immediate};

/// Instructions that all programs together may take for a segment.
pub(crate) const MOST: u32 = 120;
/// `bpf_ktime_get_boot_ns`: its time is the first that a record needs (`emit.rs`).
const BEGINS_RECORD: i64 = 125;

/// The programs that run for each segment of an open connection as it is received or sent. IPv4 and IPv6 have the same
/// code. Early demux looks up too, before `tcp_v4_rcv`: that program ends at once then, as what is in hand still has its
/// results. What is sent is looked at for its translation, which takes most of the instructions if there is one.
const OF_EACH_SEGMENT: [(&str, &[&str]); 3] = [
    ("received, fentry", &["receive_fentry", "established_fexit"]),
    ("received, kprobe", &["receive_kprobe", "established_kretprobe"]),
    ("sent", &["nat_tp"]),
];

/// Instructions for a segment that is no SYN, by how it is met.
pub(super) fn count(functions: &BTreeMap<At, Function<'_>>) -> Result<Vec<(&'static str, u32)>> {
    OF_EACH_SEGMENT
        .iter()
        .map(|(backend, programs)| Ok((*backend, of_segment(functions, programs)?)))
        .collect()
}

/// The same; fails if they are too many.
pub(super) fn check(functions: &BTreeMap<At, Function<'_>>) -> Result<Vec<(&'static str, u32)>> {
    let counted = count(functions)?;
    for (how, sum) in &counted {
        ensure!(*sum <= MOST, "{sum} instructions for each segment ({how}), {MOST} are allowed");
    }
    Ok(counted)
}

fn of_segment(functions: &BTreeMap<At, Function<'_>>, programs: &[&str]) -> Result<u32> {
    let mut sum = 0;
    for program in programs {
        let found = functions.iter().find(|(_, function)| function.name == *program);
        let (at, _) = found.with_context(|| format!("the object has no program {program}"))?;
        let way = Ways { functions }.longest(*at)?;
        sum += way.with_context(|| format!("each way through {program} writes a record"))?;
    }
    Ok(sum)
}

/// What is known of the way from an instruction on: it is being asked for, or that is its length.
#[derive(Clone, Copy)]
enum Known {
    Asked,
    Way(Option<u32>),
}

struct Ways<'a> {
    functions: &'a BTreeMap<At, Function<'a>>,
}

impl Ways<'_> {
    /// Instructions of the longest way through a function that writes no record; `None` if there is no such way.
    fn longest(&self, at: At) -> Result<Option<u32>> {
        let function = self.functions.get(&at).context("a call of what is no function")?;
        self.from(function, at, (0, Constants::default()), &mut BTreeMap::new())
    }

    /// The same from an instruction on. What is behind the beginning of a record is not looked at: there may be loops.
    fn from(
        &self,
        function: &Function<'_>,
        at: At,
        (nth, constants): (usize, Constants),
        known: &mut BTreeMap<(usize, Constants), Known>,
    ) -> Result<Option<u32>> {
        match known.insert((nth, constants), Known::Asked) {
            Some(Known::Way(way)) => {
                known.insert((nth, constants), Known::Way(way));
                return Ok(way);
            }
            Some(Known::Asked) => bail!("{} has a loop", function.name),
            None => {}
        }
        let insn =
            function.code.chunks_exact(INSN as usize).nth(nth).context("a jump out of the function")?;
        let place = at.1 + nth as u64 * INSN;
        let after = constants.after(insn, function.constants.contains(&place));
        let mut rest = is_exit(insn).then_some(0);
        for next in successors(insn, nth) {
            rest = rest.max(self.from(function, at, (next, after), known)?);
        }
        let way = match rest {
            Some(rest) if constants.decide(insn) => Some(rest),
            Some(rest) => self.own(function, place, insn)?.map(|own| own + rest),
            None => None,
        };
        known.insert((nth, constants), Known::Way(way));
        Ok(way)
    }

    /// The instruction itself, with what it calls.
    fn own(&self, function: &Function<'_>, place: u64, insn: &[u8]) -> Result<Option<u32>> {
        match callee(insn) {
            Some(Callee::Function) => {
                let target = function.calls.get(&place).context("a call that leads nowhere")?;
                Ok(self.longest(*target)?.map(|inside| 1 + inside))
            }
            _ => Ok(Some(1)),
        }
    }
}

/// Registers that hold an address within `.rodata`, and those that hold a constant from there; one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Constants {
    addresses: u16,
    values: u16,
}

impl Constants {
    /// After an instruction, which takes the address of a constant if `address`.
    fn after(self, insn: &[u8], address: bool) -> Self {
        let (class, to, from) = (insn[0] & 7, 1_u16 << (insn[1] & 0xf), 1_u16 << (insn[1] >> 4));
        let Self { addresses, values } = self;
        let without = Self { addresses: addresses & !to, values: values & !to };
        let set = |is_address: bool, is_value: bool| Self {
            addresses: without.addresses | if is_address { to } else { 0 },
            values: without.values | if is_value { to } else { 0 },
        };
        match class {
            0 => set(address, false),
            // BPF_LDX
            1 => set(false, addresses & from != 0),
            // BPF_MOV of a register
            4 | 7 if insn[0] & 0xf8 == 0xb8 => set(addresses & from != 0, values & from != 0),
            // Arithmetic with an immediate
            4 | 7 if insn[0] & 0x08 == 0 => set(false, values & to != 0),
            4 | 7 => set(false, values & to != 0 && values & from != 0),
            // A call leaves r6 to r9.
            5 if insn[0] == 0x85 => Self { addresses: addresses & 0x3c0, values: values & 0x3c0 },
            _ => self,
        }
    }

    /// Whether the verifier knows which way this branch goes.
    fn decide(self, insn: &[u8]) -> bool {
        let branch = matches!(insn[0] & 7, 5 | 6) && !matches!(insn[0] & 0xf0, 0x00 | 0x80 | 0x90);
        branch && insn[0] & 0x08 == 0 && self.values & 1 << (insn[1] & 0xf) != 0
    }
}

enum Callee {
    Helper(i64),
    Function,
}

fn callee(insn: &[u8]) -> Option<Callee> {
    // BPF_JMP | BPF_CALL, with BPF_PSEUDO_CALL as source if a function of the object is called.
    (insn[0] == 0x85).then(|| match insn[1] >> 4 {
        1 => Callee::Function,
        _ => Callee::Helper(immediate(insn)),
    })
}

/// `BPF_JMP | BPF_EXIT`
fn is_exit(insn: &[u8]) -> bool {
    insn[0] == 0x95
}

/// Where it can go on without a record.
fn successors(insn: &[u8], nth: usize) -> Vec<usize> {
    let jump = || nth.wrapping_add_signed(1 + isize::from(i16::from_le_bytes([insn[2], insn[3]])));
    let (class, operation) = (insn[0] & 7, insn[0] & 0xf0);
    match (class, operation) {
        _ if is_exit(insn) || matches!(callee(insn), Some(Callee::Helper(BEGINS_RECORD))) => Vec::new(),
        // A load of 64 bits takes two places.
        _ if insn[0] == 0x18 => vec![nth + 2],
        // BPF_JMP or BPF_JMP32, but no call: always, or if its condition holds.
        (5, 0x00) => vec![jump()],
        (5 | 6, operation) if operation != 0x80 => vec![nth + 1, jump()],
        _ => vec![nth + 1],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];
    const MOVE: [u8; 8] = [0xb7, 0, 0, 0, 0, 0, 0, 0];
    const BEGINS: [u8; 8] = [0x85, 0, 0, 0, 125, 0, 0, 0];

    /// `if r0 == 0 goto +offset`
    fn branch(offset: i16) -> [u8; 8] {
        let [low, high] = offset.to_le_bytes();
        [0x15, 0, low, high, 0, 0, 0, 0]
    }

    fn longest(code: &[[u8; 8]]) -> Result<Option<u32>, String> {
        let code = code.concat();
        let function =
            Function { name: "f", code: &code, calls: BTreeMap::new(), constants: BTreeSet::new() };
        of_first(&BTreeMap::from([((0, 0), function)]))
    }

    fn of_first(functions: &BTreeMap<At, Function<'_>>) -> Result<Option<u32>, String> {
        Ways { functions }.longest((0, 0)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_longer_side_of_a_branch_counts() {
        assert_eq!(longest(&[branch(2), MOVE, MOVE, EXIT]), Ok(Some(4)));
        assert_eq!(longest(&[branch(0), EXIT]), Ok(Some(2)));
    }

    #[test]
    fn what_writes_a_record_does_not_count() {
        assert_eq!(longest(&[branch(2), MOVE, BEGINS, EXIT]), Ok(Some(2)));
        assert_eq!(longest(&[BEGINS, EXIT]), Ok(None));
    }

    #[test]
    fn a_called_function_counts_with_the_call() {
        let (outer, inner) = ([[0x85, 0x10, 0, 0, 0, 0, 0, 0], EXIT].concat(), [MOVE, MOVE, EXIT].concat());
        let calls = BTreeMap::from([(0, (1, 0))]);
        let functions = BTreeMap::from([
            ((0, 0), Function { name: "caller", code: &outer, calls, constants: BTreeSet::new() }),
            (
                (1, 0),
                Function { name: "callee", code: &inner, calls: BTreeMap::new(), constants: BTreeSet::new() },
            ),
        ]);
        assert_eq!(of_first(&functions), Ok(Some(5)));
    }

    #[test]
    fn a_branch_on_a_constant_is_taken_out() {
        let address = [[0x18, 1, 0, 0, 0, 0, 0, 0], [0; 8]];
        let load = [0x69, 0x10, 0, 0, 0, 0, 0, 0];
        let code = [address[0], address[1], load, branch(0), EXIT].concat();
        let of = |constants: &[u64]| {
            let constants = constants.iter().copied().collect();
            let function = Function { name: "f", code: &code, calls: BTreeMap::new(), constants };
            of_first(&BTreeMap::from([((0, 0), function)]))
        };
        assert_eq!(of(&[]), Ok(Some(4)));
        assert_eq!(of(&[0]), Ok(Some(3)));
    }

    #[test]
    fn a_loop_has_no_longest_way() {
        assert_eq!(longest(&[MOVE, branch(-2), EXIT]), Err("f has a loop".to_owned()));
    }
}
