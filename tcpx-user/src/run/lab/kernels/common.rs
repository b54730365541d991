//! Numbers that differ from run to run whatever the kernel: initial sequence numbers, ports that the kernel chose, process ids. What
//! is the same on all kernels stays; the rest gets names, in the order in which it comes up.

use std::collections::BTreeSet;

/// The least port that a kernel chooses (`net.ipv4.ip_local_port_range`).
const CHOSEN: u32 = 32_768;
/// A number so close after another one counts from it.
const NEAR: u32 = 1 << 16;

/// Texts of one kernel, in order, with names for numbers.
pub(super) struct Names<'a> {
    ports: &'a BTreeSet<u32>,
    numbers: &'a BTreeSet<u32>,
    chosen: Vec<u32>,
    bases: Vec<u32>,
}

/// The numbers of each kind in the texts of one kernel.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) ports: BTreeSet<u32>,
    pub(super) numbers: BTreeSet<u32>,
}

/// What a number in a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Port,
    Sequence,
    Process,
    Other,
}

impl Seen {
    pub(super) fn take(&mut self, text: &str) {
        for (kind, digits) in parts(text) {
            let Ok(number) = digits.parse() else { continue };
            match kind {
                Kind::Port => drop(self.ports.insert(number)),
                Kind::Sequence => drop(self.numbers.insert(number)),
                Kind::Process | Kind::Other => {}
            }
        }
    }

    /// What both have.
    pub(super) fn both(&self, other: &Self) -> Self {
        let ports = self.ports.intersection(&other.ports).copied().collect();
        Self { ports, numbers: self.numbers.intersection(&other.numbers).copied().collect() }
    }
}

impl<'a> Names<'a> {
    /// `same` is what all kernels have.
    pub(super) fn new(same: &'a Seen) -> Self {
        Self { ports: &same.ports, numbers: &same.numbers, chosen: Vec::new(), bases: Vec::new() }
    }

    /// The text with names in the place of numbers.
    pub(super) fn name(&mut self, text: &str) -> String {
        let mut named = String::new();
        for (kind, part) in parts(text) {
            match (kind, part.parse::<u32>()) {
                (Kind::Port, Ok(port)) if port >= CHOSEN && !self.ports.contains(&port) => {
                    named += &self.port(port);
                }
                (Kind::Sequence, Ok(number)) if !self.numbers.contains(&number) => {
                    named += &self.sequence(number);
                }
                (Kind::Process, _) => {}
                _ => named += part,
            }
        }
        named
    }

    /// How many ports and sequence numbers have got names.
    pub(super) fn named(&self) -> (usize, usize) {
        (self.chosen.len(), self.bases.len())
    }

    fn port(&mut self, port: u32) -> String {
        let at = self.chosen.iter().position(|known| *known == port).unwrap_or_else(|| {
            self.chosen.push(port);
            self.chosen.len() - 1
        });
        format!("p{}", at + 1)
    }

    fn sequence(&mut self, number: u32) -> String {
        let known = self.bases.iter().position(|base| number.wrapping_sub(*base) < NEAR);
        let at = known.unwrap_or_else(|| {
            self.bases.push(number);
            self.bases.len() - 1
        });
        let base = letter(at);
        match number.wrapping_sub(self.bases[at]) {
            0 => base,
            more => format!("{base}+{more}"),
        }
    }
}

/// A, B and so on; beyond Z with a number.
pub(super) fn letter(at: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
    if at < 26 { letter.to_string() } else { format!("{letter}{}", at / 26) }
}

/// A text as numbers of which the kind is known, and what is between them.
fn parts(text: &str) -> Vec<(Kind, &str)> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let (kind, start, end) = number(text, at, at + digits);
        if kind != Kind::Other {
            parts.extend([(Kind::Other, &text[from..start]), (kind, &text[start..end])]);
            from = end;
        }
        at = end.max(at + digits);
    }
    parts.push((Kind::Other, &text[from..]));
    parts
}

/// What the digits there are, with the brackets of a process id.
fn number(text: &str, from: usize, to: usize) -> (Kind, usize, usize) {
    let (before, after) = (&text[..from], &text[to..]);
    let word = before.strip_suffix('[').is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric()));
    if word && after.starts_with(']') {
        return (Kind::Process, from - 1, to + 1);
    }
    if before.ends_with("seq ") || before.ends_with("ack ") {
        return (Kind::Sequence, from, to);
    }
    // An address before the colon: `10.0.0.1:` or `[::1]:`.
    let address = before
        .strip_suffix(':')
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit() || c == ']'));
    let is_port = address && !after.starts_with(':') && !after.starts_with(']');
    (if is_port { Kind::Port } else { Kind::Other }, from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(texts: &[&str]) -> Vec<String> {
        let same = Seen::default();
        let mut names = Names::new(&same);
        texts.iter().map(|text| names.name(text)).collect()
    }

    #[test]
    fn numbers_of_this_run_get_names_and_others_stay() {
        let told = named(&[
            "SYN 127.0.0.1:40312 → 127.0.0.1:8888 seq 3994817235 len 0; sent",
            "RST,ACK 127.0.0.1:8888 → 127.0.0.1:40312 seq 0 ack 3994817236 len 0",
            "curl[77] connect(3, [::1]:50000)",
        ]);
        assert_eq!(
            told,
            [
                "SYN 127.0.0.1:p1 → 127.0.0.1:8888 seq A len 0; sent",
                "RST,ACK 127.0.0.1:8888 → 127.0.0.1:p1 seq B ack A+1 len 0",
                "curl connect(3, [::1]:p2)",
            ]
        );
    }

    #[test]
    fn what_is_the_same_on_all_kernels_stays() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        one.take("10.0.0.2:40000 seq 0 ack 77");
        other.take("10.0.0.2:40000 seq 0 ack 78");
        let same = one.both(&other);
        assert_eq!(Names::new(&same).name("10.0.0.2:40000 seq 0 ack 77"), "10.0.0.2:40000 seq 0 ack A");
    }

    #[test]
    fn numbers_that_are_none_of_these_are_left_alone() {
        let text = "tcp_v4_rcv: label 7, fe80::1:99 and 12:30:41000, wait [3]";
        assert_eq!(named(&[text])[0].replace("p1", "41000"), text);
    }
}
