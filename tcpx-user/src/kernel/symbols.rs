//! Names of kernel addresses, from /proc/kallsyms: read only when somebody asks.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    sync::OnceLock,
};

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
    /// Address, and where the name starts in `names`; sorted. Text symbols only: these are a hundred thousand.
    table: Vec<(u64, u32)>,
    /// Each ends with a newline.
    names: String,
}

impl Symbols {
    /// Reads /proc/kallsyms once in the life of this process. Empty if it cannot be read or hides its addresses.
    pub fn get() -> &'static Self {
        static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
        SYMBOLS.get_or_init(|| {
            File::open("/proc/kallsyms").map(BufReader::new).map(Self::read).unwrap_or_default()
        })
    }

    /// Reads lines of `address type name [module]`, up to the first that cannot be read. Lines that do not fit are
    /// passed over.
    #[must_use]
    pub fn read(mut lines: impl BufRead) -> Self {
        let (mut symbols, mut text) = (Self::default(), String::new());
        while lines.read_line(&mut text).is_ok_and(|length| length > 0) {
            if let Some((address, name)) = line(&text) {
                // Names of a kernel have a few megabytes.
                symbols.table.push((address, symbols.names.len() as u32));
                symbols.names.extend([name, "\n"]);
            }
            text.clear();
        }
        symbols.table.sort_by_key(|(address, _)| *address);
        // They stay as they are to the end.
        symbols.table.shrink_to_fit();
        symbols.names.shrink_to_fit();
        symbols
    }

    fn name_at(&self, start: u32) -> &str {
        self.names[start as usize..].split('\n').next().unwrap_or_default()
    }

    /// The function around an address, and how far into it the address is. None where the nearest symbol is too far
    /// away for any function: a BPF program lies among the modules and has no symbol.
    #[must_use]
    pub fn name(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.table.partition_point(|(start, _)| *start <= address);
        let &(start, name) = self.table.get(after.checked_sub(1)?)?;
        let offset = address - start;
        (offset < LONGEST).then(|| (self.name_at(name), offset))
    }

    /// Start and end of a function. The end is where the next symbol starts.
    #[must_use]
    pub fn range(&self, name: &str) -> Option<(u64, u64)> {
        let at = self.table.iter().position(|&(_, known)| self.name_at(known) == name)?;
        let (start, _) = self.table[at];
        let end = self.table[at..].iter().map(|(address, _)| *address).find(|address| *address > start)?;
        Some((start, end))
    }
}

fn line(line: &str) -> Option<(u64, &str)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok().filter(|address| *address != 0)?;
    matches!(words.next()?, "t" | "T" | "w" | "W").then_some(())?;
    Some((address, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::Symbols;

    const SAMPLE: &str = "ffffffff81000000 T _stext\nffffffff81000100 t tcp_v4_rcv\nffffffff81000200 D data\n\
                          ffffffff81000180 T tcp_v6_rcv\nbroken\nffffffffc0000000 t nf_send_reset\t[nf_reject_ipv4]\n";

    #[test]
    fn an_address_has_the_name_of_the_function_around_it() {
        let symbols = Symbols::read(SAMPLE.as_bytes());
        assert_eq!(symbols.name(0xffff_ffff_8100_0110), Some(("tcp_v4_rcv", 0x10)));
        assert_eq!(symbols.name(0xffff_ffff_c000_0004), Some(("nf_send_reset", 4)));
        assert_eq!(symbols.name(0x1000), None);
        assert_eq!(symbols.name(0xffff_ffff_c080_0000), None, "a BPF program");
    }

    #[test]
    fn a_function_ends_where_the_next_begins() {
        let symbols = Symbols::read(SAMPLE.as_bytes());
        assert_eq!(symbols.range("tcp_v4_rcv"), Some((0xffff_ffff_8100_0100, 0xffff_ffff_8100_0180)));
        assert_eq!(symbols.range("absent"), None);
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        let symbols =
            Symbols::read("0000000000000000 T tcp_v4_rcv\n0000000000000000 T tcp_v6_rcv\n".as_bytes());
        assert_eq!(symbols.name(5), None);
        assert_eq!(symbols.range("tcp_v4_rcv"), None);
    }
}
