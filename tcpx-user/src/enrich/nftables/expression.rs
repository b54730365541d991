//! One expression of a rule: its name, and attributes of its own.

use super::{Attributes, big_word, text, word};
use crate::ruleset::{Answer, Expression, Verdict, family};

/// `None` for what is not even an expression.
pub(super) fn read(bytes: &[u8], family: u8) -> Option<Expression> {
    const NAME: u16 = 1;
    const DATA: u16 = 2;
    let name = text(Attributes::first(bytes, NAME)?);
    let data = Data(Attributes::first(bytes, DATA).unwrap_or_default());
    let known = match name.as_str() {
        "meta" => meta(data),
        "payload" => payload(data),
        "ct" => ct(data),
        "bitwise" => bitwise(data),
        "cmp" => compare(data),
        "range" => range(data),
        "lookup" => lookup(data),
        "immediate" => verdict(data),
        "reject" => reject(data),
        "match" => xt_match(data),
        "target" => xt_target(data, family),
        "counter" | "log" => Some(Expression::Neutral(name.clone())),
        _ => None,
    };
    Some(known.unwrap_or(Expression::Unknown(name)))
}

/// The attributes of an expression. What is set but not read here makes the expression an unknown one.
#[derive(Clone, Copy)]
struct Data<'a>(&'a [u8]);

impl Data<'_> {
    fn word(self, kind: u16) -> Option<u32> {
        Attributes::first(self.0, kind).and_then(big_word)
    }

    /// `NFTA_DATA_VALUE` within.
    fn value(self, kind: u16) -> Option<Vec<u8>> {
        const VALUE: u16 = 1;
        Some(Attributes::first(Attributes::first(self.0, kind)?, VALUE)?.to_vec())
    }

    fn text(self, kind: u16) -> Option<String> {
        Attributes::first(self.0, kind).map(text)
    }

    fn has(self, kind: u16) -> bool {
        Attributes::first(self.0, kind).is_some()
    }
}

/// `NFTA_META_*`; without a destination register it sets.
fn meta(data: Data<'_>) -> Option<Expression> {
    Some(Expression::Meta { to: data.word(1)?, key: data.word(2)? })
}

/// `NFTA_PAYLOAD_*`; the same.
fn payload(data: Data<'_>) -> Option<Expression> {
    let [to, base, offset, length] = [1, 2, 3, 4].map(|kind| data.word(kind));
    Some(Expression::Payload { base: base?, offset: offset?, length: length?, to: to? })
}

/// `NFTA_CT_*`; the same.
fn ct(data: Data<'_>) -> Option<Expression> {
    Some(Expression::Ct { to: data.word(1)?, key: data.word(2)? })
}

/// `NFTA_BITWISE_*`; `OP` is absent before 5.6, and 0 is mask and xor.
fn bitwise(data: Data<'_>) -> Option<Expression> {
    let plain = data.word(6).is_none_or(|op| op == 0);
    let (from, to) = (data.word(1)?, data.word(2)?);
    let (mask, xor) = (data.value(4)?, data.value(5)?);
    plain.then_some(Expression::Bitwise { from, to, mask, xor })
}

/// `NFTA_CMP_*`.
fn compare(data: Data<'_>) -> Option<Expression> {
    Some(Expression::Compare { from: data.word(1)?, op: data.word(2)?, value: data.value(3)? })
}

/// `NFTA_RANGE_*`.
fn range(data: Data<'_>) -> Option<Expression> {
    let not = data.word(2)? == 1;
    Some(Expression::Range { from: data.word(1)?, not, low: data.value(3)?, high: data.value(4)? })
}

/// `NFTA_LOOKUP_*`; the destination of a map of verdicts is register 0, another map's makes it an unknown one.
fn lookup(data: Data<'_>) -> Option<Expression> {
    const INVERTED: u32 = 1;
    let verdicts = data.has(3);
    let other = verdicts && data.word(3)? != 0;
    let inverted = data.word(5).is_some_and(|flags| flags & INVERTED != 0);
    let lookup = Expression::Lookup { set: data.text(1)?, from: data.word(2)?, verdicts, inverted };
    (!other).then_some(lookup)
}

/// `NFTA_IMMEDIATE_*`.
fn verdict(data: Data<'_>) -> Option<Expression> {
    const DATA: u16 = 2;
    verdict_in(Attributes::first(data.0, DATA)?).map(Expression::Verdict)
}

/// `NFTA_DATA_VERDICT` within.
pub(super) fn verdict_in(bytes: &[u8]) -> Option<Verdict> {
    const VERDICT: u16 = 2;
    const CODE: u16 = 1;
    const CHAIN: u16 = 2;
    let verdict = Data(Attributes::first(bytes, VERDICT)?);
    Some(Verdict { code: verdict.word(CODE)?.cast_signed(), chain: verdict.text(CHAIN) })
}

/// `NFTA_REJECT_*`.
fn reject(data: Data<'_>) -> Option<Expression> {
    let code = || Attributes::first(data.0, 2)?.first().copied();
    let answer = match data.word(1)? {
        0 => Answer::Icmp(code()?),
        1 => Answer::Reset,
        2 => Answer::Icmpx(code()?),
        _ => return None,
    };
    Some(Expression::Reject(answer))
}

/// `NFTA_MATCH_*`.
fn xt_match(data: Data<'_>) -> Option<Expression> {
    let info = Attributes::first(data.0, 3).unwrap_or_default().to_vec();
    Some(Expression::Match { name: data.text(1)?, info })
}

/// `NFTA_TARGET_*`: what iptables-nft has for `-j REJECT` (`enum ipt_reject_with`, `enum ip6t_reject_with`).
fn xt_target(data: Data<'_>, family: u8) -> Option<Expression> {
    let name = data.text(1)?;
    if name != "REJECT" {
        return Some(Expression::Unknown(name));
    }
    let with = word(Attributes::first(data.0, 3)?)?;
    let answer = match (family, with) {
        (family::IPV4, 7) | (family::IPV6, 6) => Answer::Reset,
        _ => codes(family)
            .iter()
            .find(|known| known.0 == with)
            .map_or(Answer::Other, |&(_, code)| Answer::Icmp(code)),
    };
    Some(Expression::Reject(answer))
}

/// What of these enumerations is answered with destination unreachable, and its code (`reject_tg`, `reject_tg6`).
const fn codes(family: u8) -> &'static [(u32, u8)] {
    match family {
        family::IPV4 => &[(0, 0), (1, 1), (2, 2), (3, 3), (5, 9), (6, 10), (8, 13)],
        family::IPV6 => &[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (8, 6)],
        _ => &[],
    }
}
