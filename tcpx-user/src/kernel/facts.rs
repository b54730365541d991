//! Everything that the plan needs to know of a kernel, read once from its BTF.

use std::{fs, io, path::Path};

use tcpx_common::offsets::Offsets;

use super::{
    features::Features,
    types::{TypeError, Types},
};

/// Modules in which hooks stand.
const MODULES: [&str; 1] = ["nf_conntrack"];

/// Enums whose names are read; [`KernelFacts`] has a field for each.
pub const ENUMS: [&str; 3] = ["sk_rst_reason", "skb_drop_reason", "sock_flags"];

/// Why the kernel's types could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// No BTF.
    #[error(
        "this kernel offers no BTF (/sys/kernel/btf/vmlinux: {0}): tcpx reads where the kernel keeps things from it \
         and guesses nothing. Use a kernel built with CONFIG_DEBUG_INFO_BTF=y (all current distributions' are)"
    )]
    NoBtf(#[source] io::Error),
    /// Broken BTF.
    #[error("/sys/kernel/btf/vmlinux cannot be parsed: {0}")]
    Broken(String),
}

/// A kernel, as far as tcpx is concerned.
#[derive(Clone, Debug)]
pub struct KernelFacts {
    /// Where things are.
    pub offsets: Offsets,
    /// Which of them are not there, and why: field name and reason.
    pub absent: Vec<(&'static str, TypeError)>,
    /// Functions named in the table that BTF knows.
    functions: Vec<&'static str>,
    /// Tracepoints named in the table that the kernel has.
    tracepoints: Vec<&'static str>,
    /// `enum sk_rst_reason`, without its prefix; empty before 6.10.
    pub reset_reasons: Vec<(u32, String)>,
    /// `enum skb_drop_reason`, without its prefix; empty before 5.17.
    pub drop_reasons: Vec<(u32, String)>,
    /// Bit of `SOCK_LINGER`.
    pub sock_linger_bit: Option<u32>,
    /// What BTF does not tell; [`Features::ALL`] for a kernel that does not run here.
    pub features: Features,
}

impl KernelFacts {
    /// Reads the running kernel's BTF.
    ///
    /// # Errors
    /// When there is none or it cannot be parsed.
    pub fn of_this_kernel() -> Result<Self, FactsError> {
        Ok(Self { features: Features::read(), ..Self::from_types(&types_of_this_kernel()?) })
    }

    /// Reads BTF from bytes.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn from_btf(bytes: &[u8], modules: &[Vec<u8>]) -> Result<Self, FactsError> {
        Ok(Self::from_types(&types(bytes, modules)?))
    }

    /// Asks all that tcpx asks of a kernel.
    #[must_use]
    pub fn from_types(types: &Types) -> Self {
        let mut offsets = Offsets::UNKNOWN;
        let mut absent = Vec::new();
        for (index, (name, question)) in Offsets::PATHS.iter().enumerate() {
            match types.answer(question) {
                Ok(value) => offsets.set(index, value),
                Err(why) => absent.push((*name, why)),
            }
        }
        let named = |prefix: &str, name| {
            let names = types.enum_names(name).into_iter();
            names
                .map(|(number, name)| (number, name.strip_prefix(prefix).unwrap_or(&name).to_owned()))
                .collect()
        };
        Self {
            offsets,
            absent,
            functions: super::table::functions().filter(|name| types.has_function(name)).collect(),
            tracepoints: super::table::tracepoints().filter(|name| types.has_tracepoint(name)).collect(),
            reset_reasons: named("SK_RST_REASON_", ENUMS[0]),
            drop_reasons: named("SKB_DROP_REASON_", ENUMS[1]),
            sock_linger_bit: types
                .enum_names(ENUMS[2])
                .into_iter()
                .find(|(_, name)| name == "SOCK_LINGER")
                .map(|(bit, _)| bit),
            features: Features::ALL,
        }
    }

    /// Whether BTF knows this function.
    #[must_use]
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains(&name)
    }

    /// Whether the kernel has this tracepoint.
    #[must_use]
    pub fn has_tracepoint(&self, name: &str) -> bool {
        self.tracepoints.contains(&name)
    }

    /// Whether a field of [`Offsets`] was found.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.offsets.get(field).is_some_and(|value| value != tcpx_common::offsets::ABSENT)
    }

    /// Number of a drop reason.
    #[must_use]
    pub fn drop_reason(&self, name: &str) -> Option<u32> {
        self.drop_reasons.iter().find(|(_, known)| known == name).map(|(number, _)| *number)
    }
}

/// The running kernel's types, and those of the modules in which hooks stand.
///
/// # Errors
/// When there are none or they cannot be parsed.
pub fn types_of_this_kernel() -> Result<Types, FactsError> {
    let directory = Path::new("/sys/kernel/btf");
    let bytes = fs::read(directory.join("vmlinux")).map_err(FactsError::NoBtf)?;
    let modules: Vec<Vec<u8>> =
        MODULES.iter().filter_map(|name| fs::read(directory.join(name)).ok()).collect();
    types(&bytes, &modules)
}

/// A kernel's types, and those of some of its modules, from the bytes of their BTF.
///
/// # Errors
/// When the kernel's cannot be parsed.
pub fn types(bytes: &[u8], modules: &[Vec<u8>]) -> Result<Types, FactsError> {
    Types::new(bytes, modules).map_err(|error| FactsError::Broken(error.to_string()))
}
