//! A rule as `nft list ruleset` would show it, as far as its expressions are understood.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    Answer, Expression, Rule, Verdict, family, meta, payload, registers::start, set::Known, verdict,
};

/// What is in a register.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    kind: Kind,
    mask: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Address,
    Name,
    Protocol,
    State,
    Raw,
}

impl Rule {
    /// One line, in a chain of this family and a table with these sets.
    #[must_use]
    pub fn text(&self, family: u8, sets: &Known<'_>) -> String {
        let mut fields = HashMap::new();
        let word = |expression| self.word(expression, family, sets, &mut fields);
        self.expressions.iter().filter_map(word).collect::<Vec<_>>().join(" ")
    }

    fn word(
        &self,
        expression: &Expression,
        family: u8,
        sets: &Known<'_>,
        fields: &mut HashMap<u32, Field>,
    ) -> Option<String> {
        match expression {
            Expression::Meta { key, to } => keep(fields, *to, meta_field(*key)),
            Expression::Payload { base, offset, length, to } => {
                keep(fields, *to, payload_field(*base, *offset, *length))
            }
            Expression::Ct { key: 0, to } => keep(fields, *to, field("ct state", Kind::State)),
            Expression::Ct { key, to } => keep(fields, *to, field(format!("ct @{key}"), Kind::Raw)),
            Expression::Bitwise { from, to, mask, .. } => {
                let masked =
                    fields.get(from).cloned().map(|field| Field { mask: Some(mask.clone()), ..field });
                keep(fields, *to, masked?)
            }
            Expression::Compare { from, op, value } => {
                let field = fields.get(from)?;
                (!self.is_implied(field, value)).then(|| compared(field, *op, value))
            }
            Expression::Range { from, not, low, high } => {
                let field = fields.get(from)?;
                let not = if *not { "!= " } else { "" };
                Some(format!("{} {not}{}-{}", field.name, shown(field, low), shown(field, high)))
            }
            Expression::Lookup { from, set, verdicts, inverted } => {
                let field = fields.get(from);
                let length = sets.get(set).map_or(1, |set| set.key_length);
                let name = concatenated(fields, *from, length);
                let how = if *verdicts {
                    "vmap "
                } else if *inverted {
                    "!= "
                } else {
                    ""
                };
                Some(format!("{name} {how}{}", looked_up(set, field, sets)))
            }
            Expression::Verdict(verdict) => Some(verdict_word(verdict)),
            Expression::Reject(answer) => Some(reject(*answer, family)),
            Expression::Neutral(_) => None,
            Expression::Match { name, .. } | Expression::Unknown(name) => Some(format!("[{name}]")),
        }
    }

    /// nft leaves out what another expression says already.
    fn is_implied(&self, field: &Field, value: &[u8]) -> bool {
        let reads = |wanted: u32| {
            self.expressions
                .iter()
                .any(|other| matches!(other, Expression::Payload { base, .. } if *base == wanted))
        };
        match field.name.as_str() {
            "meta l4proto" | "ip protocol" => value == [6] && reads(payload::TRANSPORT),
            "meta nfproto" | "meta protocol" => reads(payload::NETWORK),
            _ => false,
        }
    }
}

/// What stands in the registers from one on, for this many bytes.
fn concatenated(fields: &HashMap<u32, Field>, from: u32, length: u32) -> String {
    let first = start(from).unwrap_or(usize::MAX);
    let within = |register: u32| {
        start(register).filter(|place| (0..length as usize).contains(&place.wrapping_sub(first)))
    };
    let mut found: Vec<_> =
        fields.iter().filter_map(|(&register, field)| Some((within(register)?, &field.name))).collect();
    found.sort();
    let names: Vec<_> = found.into_iter().map(|(_, name)| name.as_str()).collect();
    if names.is_empty() { "…".to_owned() } else { names.join(" . ") }
}

/// A set by its name, or one without a name by what it has.
fn looked_up(set: &str, field: Option<&Field>, sets: &Known<'_>) -> String {
    if !(set.starts_with("__set") || set.starts_with("__map")) {
        return format!("@{set}");
    }
    let values = sets.get(set).and_then(|set| set.values()).zip(field);
    let list = values.map(|(values, field)| {
        let mut values: Vec<&[u8]> = values.collect();
        values.sort_unstable();
        values.into_iter().map(|value| shown(field, value)).collect::<Vec<_>>().join(", ")
    });
    format!("{{ {} }}", list.as_deref().unwrap_or("…"))
}

fn keep(fields: &mut HashMap<u32, Field>, register: u32, field: Field) -> Option<String> {
    fields.insert(register, field);
    None
}

fn field(name: impl Into<String>, kind: Kind) -> Field {
    Field { name: name.into(), kind, mask: None }
}

fn meta_field(key: u32) -> Field {
    match key {
        meta::IIFNAME => field("iifname", Kind::Name),
        meta::OIFNAME => field("oifname", Kind::Name),
        meta::L4PROTO => field("meta l4proto", Kind::Protocol),
        meta::NFPROTO => field("meta nfproto", Kind::Raw),
        meta::PROTOCOL => field("meta protocol", Kind::Raw),
        meta::MARK => field("meta mark", Kind::Raw),
        meta::IIF => field("iif", Kind::Raw),
        meta::OIF => field("oif", Kind::Raw),
        key => field(format!("meta @{key}"), Kind::Raw),
    }
}

/// A prefix of whole bytes is loaded as such.
fn payload_field(base: u32, offset: u32, length: u32) -> Field {
    match (base, offset, length) {
        (payload::TRANSPORT, 0, 2) => field("tcp sport", Kind::Number),
        (payload::TRANSPORT, 2, 2) => field("tcp dport", Kind::Number),
        (payload::TRANSPORT, 13, 1) => field("tcp flags", Kind::Raw),
        (payload::NETWORK, 9, 1) => field("ip protocol", Kind::Protocol),
        (payload::NETWORK, 12, 1..=4) => field("ip saddr", Kind::Address),
        (payload::NETWORK, 16, 1..=4) => field("ip daddr", Kind::Address),
        (payload::NETWORK, 8, 2..=16) => field("ip6 saddr", Kind::Address),
        (payload::NETWORK, 24, 1..=16) => field("ip6 daddr", Kind::Address),
        (base, offset, length) => {
            let base = match base {
                payload::NETWORK => "nh",
                payload::TRANSPORT => "th",
                _ => "ll",
            };
            field(format!("@{base},{},{}", offset.saturating_mul(8), length.saturating_mul(8)), Kind::Raw)
        }
    }
}

fn compared(field: &Field, op: u32, value: &[u8]) -> String {
    // `ct state new` is: some of these bits are set.
    if let (Kind::State, 1, Some(mask)) = (field.kind, op, &field.mask)
        && value.iter().all(|&byte| byte == 0)
    {
        return format!("{} {}", field.name, states(mask));
    }
    let op = ["", "!= ", "< ", "<= ", "> ", ">= "].get(op as usize).copied().unwrap_or("? ");
    format!("{} {op}{}", field.name, shown(field, value))
}

/// `NF_CT_STATE_BIT`, in the order of `nft`'s own table.
fn states(mask: &[u8]) -> String {
    const NAMES: [(u32, &str); 5] =
        [(1, "invalid"), (2, "established"), (4, "related"), (8, "new"), (64, "untracked")];
    let bits = mask.try_into().map_or(0, u32::from_ne_bytes);
    let set = NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, name)| name);
    set.collect::<Vec<_>>().join(",")
}

fn shown(field: &Field, value: &[u8]) -> String {
    match field.kind {
        Kind::Number if value.len() == 2 => u16::from_be_bytes([value[0], value[1]]).to_string(),
        Kind::Protocol if value.len() == 1 => match value[0] {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            number => number.to_string(),
        },
        Kind::Name => {
            let whole = value.ends_with(&[0]);
            let name = String::from_utf8_lossy(value);
            format!("\"{}{}\"", name.trim_end_matches('\0'), if whole { "" } else { "*" })
        }
        Kind::Address => address(field, value),
        _ => value.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}")),
    }
}

fn address(field: &Field, value: &[u8]) -> String {
    let ones = |mask: &Vec<u8>| mask.iter().map(|byte| byte.count_ones()).sum::<u32>();
    let whole = if field.name.starts_with("ip6") { 16 } else { 4 };
    let bits = field.mask.as_ref().map_or(value.len() as u32 * 8, ones);
    let mut bytes = value.to_vec();
    bytes.resize(whole, 0);
    let text = match (<[u8; 4]>::try_from(&bytes[..]), <[u8; 16]>::try_from(&bytes[..])) {
        (Ok(ip), _) => Ipv4Addr::from(ip).to_string(),
        (_, Ok(ip)) => Ipv6Addr::from(ip).to_string(),
        _ => return "…".to_owned(),
    };
    if bits as usize == whole * 8 { text } else { format!("{text}/{bits}") }
}

fn verdict_word(verdict: &Verdict) -> String {
    let chain = verdict.chain.as_deref().unwrap_or("…");
    match verdict.code {
        verdict::DROP => "drop".to_owned(),
        verdict::ACCEPT => "accept".to_owned(),
        verdict::RETURN => "return".to_owned(),
        verdict::JUMP => format!("jump {chain}"),
        verdict::GOTO => format!("goto {chain}"),
        code => format!("verdict {code}"),
    }
}

/// Codes as nft names them, in a table of one family, of the other, and of both.
const V4: &[(u8, &str)] = &[
    (0, "net-unreachable"),
    (1, "host-unreachable"),
    (2, "prot-unreachable"),
    (3, "port-unreachable"),
    (9, "net-prohibited"),
    (10, "host-prohibited"),
    (13, "admin-prohibited"),
];
const V6: &[(u8, &str)] = &[
    (0, "no-route"),
    (1, "admin-prohibited"),
    (3, "addr-unreachable"),
    (4, "port-unreachable"),
    (5, "policy-fail"),
    (6, "reject-route"),
];
const BOTH: &[(u8, &str)] =
    &[(0, "no-route"), (1, "port-unreachable"), (2, "host-unreachable"), (3, "admin-prohibited")];

fn reject(answer: Answer, family: u8) -> String {
    let (protocol, codes, code) = match (answer, family) {
        (Answer::Reset, _) => return "reject with tcp reset".to_owned(),
        (Answer::Other, _) => return "reject".to_owned(),
        (Answer::Icmpx(code), _) => ("icmpx", BOTH, code),
        (Answer::Icmp(code), family::IPV4) => ("icmp", V4, code),
        (Answer::Icmp(code), family::IPV6) => ("icmpv6", V6, code),
        (Answer::Icmp(code), _) => ("icmp", &[][..], code),
    };
    match codes.iter().find(|known| known.0 == code) {
        // What `reject` alone means.
        Some((_, "port-unreachable")) => "reject".to_owned(),
        Some((_, name)) => format!("reject with {protocol} {name}"),
        None => format!("reject with {protocol} code {code}"),
    }
}
