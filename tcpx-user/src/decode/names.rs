//! Numbers of the running kernel's enums, and addresses in it, as names.

use crate::event::Name;

/// Names of `enum sk_rst_reason` and `enum skb_drop_reason`: both move between versions, so they come from the BTF
/// of the kernel that wrote the records.
#[derive(Clone, Debug, Default)]
pub struct Names {
    reset: Vec<Option<Name>>,
    drop: Vec<Option<Name>>,
}

impl Names {
    /// Names by number, with the kernel's prefixes (`SK_RST_REASON_`, `SKB_DROP_REASON_`) or without.
    pub fn new<'a>(
        reset: impl IntoIterator<Item = (u32, &'a str)>,
        drop: impl IntoIterator<Item = (u32, &'a str)>,
    ) -> Self {
        Self { reset: table(reset, "SK_RST_REASON_"), drop: table(drop, "SKB_DROP_REASON_") }
    }

    /// Name of a reset reason; a number without a name is shown as such.
    pub(super) fn reset(&self, has: u8, number: u32) -> Option<Name> {
        (has != 0).then(|| name(&self.reset, number))
    }

    /// Name of a drop reason.
    pub(super) fn drop(&self, has: u8, number: u32) -> Option<Name> {
        (has != 0).then(|| name(&self.drop, number))
    }
}

/// Numbers from 0x10000 on belong to subsystems (mac80211, openvswitch, qdisc) and are not in the core's enum.
const CORE_REASONS: u32 = 0x1_0000;

fn table<'a>(names: impl IntoIterator<Item = (u32, &'a str)>, prefix: &str) -> Vec<Option<Name>> {
    let mut table = Vec::new();
    for (number, name) in names.into_iter().filter(|&(number, _)| number < CORE_REASONS) {
        let slot = number as usize;
        if table.len() <= slot {
            table.resize(slot + 1, None);
        }
        table[slot] = Some(Name::from(name.strip_prefix(prefix).unwrap_or(name)));
    }
    table
}

fn name(table: &[Option<Name>], number: u32) -> Name {
    let known = table.get(number as usize).and_then(Clone::clone);
    known.unwrap_or_else(|| Name::from(number.to_string()))
}

/// Addresses in the kernel as functions.
pub trait Symbols {
    /// The function around `address`, and how far into it that is.
    fn symbol(&self, address: u64) -> Option<(Name, u64)>;
}

/// For kernels whose symbols cannot be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSymbols;

impl Symbols for NoSymbols {
    fn symbol(&self, _: u64) -> Option<(Name, u64)> {
        None
    }
}

impl<S: Symbols + ?Sized> Symbols for std::sync::Arc<S> {
    fn symbol(&self, address: u64) -> Option<(Name, u64)> {
        self.as_ref().symbol(address)
    }
}
