//! Names of kernel addresses, from /proc/kallsyms: read only when somebody asks.

use std::{fs, sync::OnceLock};

use crate::{decode, event::Name};

/// The running kernel's symbols, for `decode` and `pipeline`: read when the first address is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kallsyms;

impl decode::Symbols for Kallsyms {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        Symbols::get().name(address).map(|(name, offset)| (Name::from(name), offset))
    }
}

/// No function of the kernel has so many bytes.
const LONGEST: u64 = 1 << 18;

/// Functions by address.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Sorted by address; text symbols only.
    table: Vec<(u64, Box<str>)>,
}

impl Symbols {
    /// Reads /proc/kallsyms once in the life of this process. Empty if it cannot be read or hides its addresses.
    pub fn get() -> &'static Self {
        static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
        SYMBOLS.get_or_init(|| Self::parse(&fs::read_to_string("/proc/kallsyms").unwrap_or_default()))
    }

    /// Parses lines of `address type name [module]`. Lines that do not fit are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut table: Vec<(u64, Box<str>)> = text.lines().filter_map(line).collect();
        table.sort_by_key(|(address, _)| *address);
        Self { table }
    }

    /// The function around an address, and how far into it the address is. None where the nearest symbol is too far
    /// away for any function: a BPF program lies among the modules and has no symbol.
    #[must_use]
    pub fn name(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.table.partition_point(|(start, _)| *start <= address);
        let (start, name) = self.table.get(after.checked_sub(1)?)?;
        let offset = address - start;
        (offset < LONGEST).then_some((name, offset))
    }

    /// Start and end of a function. The end is where the next symbol starts.
    #[must_use]
    pub fn range(&self, name: &str) -> Option<(u64, u64)> {
        let at = self.table.iter().position(|(_, known)| &**known == name)?;
        let (start, _) = self.table[at];
        let end = self.table[at..].iter().map(|(address, _)| *address).find(|address| *address > start)?;
        Some((start, end))
    }
}

fn line(line: &str) -> Option<(u64, Box<str>)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok().filter(|address| *address != 0)?;
    matches!(words.next()?, "t" | "T" | "w" | "W").then_some(())?;
    Some((address, words.next()?.into()))
}

#[cfg(test)]
mod tests {
    use super::Symbols;

    const SAMPLE: &str = "ffffffff81000000 T _stext\nffffffff81000100 t tcp_v4_rcv\nffffffff81000200 D data\n\
                          ffffffff81000180 T tcp_v6_rcv\nbroken\nffffffffc0000000 t nf_send_reset\t[nf_reject_ipv4]\n";

    #[test]
    fn an_address_has_the_name_of_the_function_around_it() {
        let symbols = Symbols::parse(SAMPLE);
        assert_eq!(symbols.name(0xffff_ffff_8100_0110), Some(("tcp_v4_rcv", 0x10)));
        assert_eq!(symbols.name(0xffff_ffff_c000_0004), Some(("nf_send_reset", 4)));
        assert_eq!(symbols.name(0x1000), None);
        assert_eq!(symbols.name(0xffff_ffff_c080_0000), None, "a BPF program");
    }

    #[test]
    fn a_function_ends_where_the_next_begins() {
        let symbols = Symbols::parse(SAMPLE);
        assert_eq!(symbols.range("tcp_v4_rcv"), Some((0xffff_ffff_8100_0100, 0xffff_ffff_8100_0180)));
        assert_eq!(symbols.range("absent"), None);
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        let symbols = Symbols::parse("0000000000000000 T tcp_v4_rcv\n0000000000000000 T tcp_v6_rcv\n");
        assert_eq!(symbols.name(5), None);
        assert_eq!(symbols.range("tcp_v4_rcv"), None);
    }
}
