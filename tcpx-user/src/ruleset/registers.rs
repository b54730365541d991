//! What a rule does with a segment: its expressions, evaluated with the bytes that are known.

use super::{
    Answer, Expression, Packet, Rule, Verdict,
    packet::Bytes,
    set::{Known, Set},
    verdict,
};

/// `NFT_REG32_NUM` registers of four bytes.
const SIZE: usize = 64;

/// What a rule comes to, if it matches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect<'a> {
    /// On to the next rule.
    Nothing,
    /// The packet is freed.
    Drop,
    /// The packet is answered, and freed.
    Reject(Answer),
    /// The packet passes this hook.
    Accept,
    /// Back to where the chain was jumped from.
    Return,
    /// Into another chain, and back.
    Jump(&'a str),
    /// Into another chain, for good.
    Goto(&'a str),
    /// Whatever a map says whose elements are not known.
    Map,
}

/// `None`: the rule cannot match. Else whether it is certain to, and what it does then.
pub(super) fn run<'a>(
    rule: &'a Rule,
    packet: &Packet,
    inbound: bool,
    sets: &Known<'a>,
) -> Option<(bool, Effect<'a>)> {
    let mut registers = Registers([None; SIZE]);
    let mut certain = true;
    for expression in &rule.expressions {
        if let Some(effect) = effect(expression) {
            return Some((certain, effect));
        }
        if let Expression::Lookup { verdicts: true, from, set, .. } = expression {
            return Some((certain, registers.map(*from, sets.get(set))?));
        }
        match registers.matches(expression, packet, inbound, sets) {
            Some(true) => {}
            Some(false) => return None,
            None => certain = false,
        }
    }
    Some((certain, Effect::Nothing))
}

fn effect(expression: &Expression) -> Option<Effect<'_>> {
    match expression {
        Expression::Verdict(verdict) => decided(verdict),
        Expression::Reject(answer) => Some(Effect::Reject(*answer)),
        _ => None,
    }
}

fn decided(verdict: &Verdict) -> Option<Effect<'_>> {
    match (verdict.code, &verdict.chain) {
        (verdict::DROP, _) => Some(Effect::Drop),
        (verdict::ACCEPT, _) => Some(Effect::Accept),
        (verdict::RETURN, _) => Some(Effect::Return),
        (verdict::JUMP, Some(chain)) => Some(Effect::Jump(chain)),
        (verdict::GOTO, Some(chain)) => Some(Effect::Goto(chain)),
        _ => None,
    }
}

struct Registers([Option<u8>; SIZE]);

impl Registers {
    /// Whether the rule goes on after it; `None` if that is not known.
    fn matches(
        &mut self,
        expression: &Expression,
        packet: &Packet,
        inbound: bool,
        sets: &Known<'_>,
    ) -> Option<bool> {
        match expression {
            Expression::Lookup { from, set, inverted, .. } => {
                let set = sets.get(set)?;
                let value = self.read(*from, set.key_length)?;
                return Some(set.look_up(&value).is_some() != *inverted);
            }
            Expression::Meta { key, to } => self.load(*to, &packet.meta(*key, inbound)),
            Expression::Payload { base, offset, length, to } => {
                self.load(*to, &packet.payload(*base, *offset, *length));
            }
            Expression::Bitwise { from, to, mask, xor } => {
                let value = self.read(*from, mask.len() as u32).unwrap_or_default();
                let both = value.iter().zip(mask).zip(xor);
                let changed: Bytes = both.map(|((value, mask), xor)| Some(value & mask ^ xor)).collect();
                self.load(*to, &changed);
            }
            Expression::Compare { from, op, value } => {
                let known = self.read(*from, value.len() as u32)?;
                return compare(*op, &known, value);
            }
            Expression::Range { from, not, low, high } => {
                let known = self.read(*from, low.len() as u32)?;
                return Some((*low <= known && known <= *high) != *not);
            }
            Expression::Match { name, info } => return matches_xt(name, info, packet),
            Expression::Neutral(_) => {}
            Expression::Ct { .. }
            | Expression::Verdict(_)
            | Expression::Reject(_)
            | Expression::Unknown(_) => {
                // It may have written any of them.
                self.0 = [None; SIZE];
                return None;
            }
        }
        Some(true)
    }

    /// What a map of verdicts decides; `None` if it has not the value, so that the rule does not match.
    fn map<'a>(&self, from: u32, map: Option<&'a Set>) -> Option<Effect<'a>> {
        let Some(map) = map else { return Some(Effect::Map) };
        let Some(value) = self.read(from, map.key_length) else { return Some(Effect::Map) };
        let verdict = map.look_up(&value)?.verdict.as_ref();
        Some(verdict.and_then(decided).unwrap_or(Effect::Map))
    }

    /// What was in the register is gone, also where nothing is known of what comes. A value of less than four bytes is filled up
    /// with zeros (`nft_payload_eval`, `nft_reg_store8`), which a concatenation shows.
    fn load(&mut self, to: u32, bytes: &[Option<u8>]) {
        let Some(start) = start(to) else { return };
        let end = (start + bytes.len().max(16)).min(SIZE);
        self.0[start..end].fill(None);
        let filled = (start + bytes.len().next_multiple_of(4)).min(SIZE);
        self.0[start..filled].fill(Some(0));
        for (slot, byte) in self.0[start..].iter_mut().zip(bytes) {
            *slot = *byte;
        }
    }

    fn read(&self, from: u32, length: u32) -> Option<Vec<u8>> {
        let start = start(from)?;
        self.0.get(start..start.checked_add(length as usize)?)?.iter().copied().collect()
    }
}

/// `nft_parse_register`: four registers of 16 bytes are the same memory as 16 of four.
pub(super) const fn start(register: u32) -> Option<usize> {
    match register {
        1..=4 => Some((register as usize - 1) * 16),
        8..=23 => Some((register as usize - 8) * 4),
        _ => None,
    }
}

/// `nft_cmp_eval`: values are in network order where order matters.
fn compare(op: u32, known: &[u8], value: &[u8]) -> Option<bool> {
    match op {
        0 => Some(known == value),
        1 => Some(known != value),
        2 => Some(known < value),
        3 => Some(known <= value),
        4 => Some(known > value),
        5 => Some(known >= value),
        _ => None,
    }
}

/// Matches of iptables whose structure is known.
fn matches_xt(name: &str, info: &[u8], packet: &Packet) -> Option<bool> {
    match name {
        "comment" => Some(true),
        "tcp" => xt_tcp(info, packet),
        _ => None,
    }
}

/// `struct xt_tcp`: source and destination ports from and to, option, flags to look at, flags wanted, what to invert.
fn xt_tcp(info: &[u8], packet: &Packet) -> Option<bool> {
    let half = |at: usize| Some(u16::from_ne_bytes([*info.get(at)?, *info.get(at + 1)?]));
    let &[option, mask, wanted, invert] = info.get(8..12)? else { return None };
    let (source, destination) = packet.ports();
    let inverted = |bit: u8| invert & bit != 0;
    let from = (half(0)?..=half(2)?).contains(&source) != inverted(1);
    let to = (half(4)?..=half(6)?).contains(&destination) != inverted(2);
    let flags = match packet.flags() {
        _ if mask == 0 && !inverted(4) => Some(true),
        flags => flags.map(|flags| (flags & mask == wanted) != inverted(4)),
    };
    let option = (option == 0).then_some(true);
    match (from && to, flags, option) {
        (false, ..) | (_, Some(false), _) => Some(false),
        (true, flags, option) => flags.and(option),
    }
}
