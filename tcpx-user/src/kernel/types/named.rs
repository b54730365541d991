//! A kernel's BTF with an index of its names. The library reads types as they are asked for, which costs a third of
//! reading them all at first, and takes a tenth of the memory; but it looks for a name from the first type to the last.

use std::{hash::BuildHasher as _, io::Write as _, os::fd::AsRawFd as _};

use btf_rs::{Backend, Btf, Type};
use foldhash::fast::FixedState;
use rustix::fs::{MemfdFlags, memfd_create};

/// Types by number and by name.
pub(super) struct Named {
    pub(super) btf: Btf,
    /// Hash of a name and number of a type that has it, in order.
    index: Vec<(u32, u32)>,
}

impl Named {
    /// Reads BTF from bytes: from a file of their own in memory, as not every kernel lets its own be mapped.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, btf_rs::Error> {
        let memory = memfd_create("btf", MemfdFlags::CLOEXEC).map_err(std::io::Error::from)?;
        let mut file = std::fs::File::from(memory);
        file.write_all(bytes)?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let btf = Btf::from_file_with_backend(path, Backend::Mmap)?;
        let mut named = Self { btf, index: Vec::new() };
        let (first, last) = named.btf.base().type_id_range();
        let all = (first..=last).filter_map(|id| Some((hash(&named.name(id)?), id)));
        let mut index: Vec<_> = all.collect();
        index.sort_unstable();
        named.index = index;
        Ok(named)
    }

    /// Numbers of the types that have this name.
    pub(super) fn ids(&self, name: &str) -> Vec<u32> {
        let hash = hash(name);
        let first = self.index.partition_point(|entry| entry.0 < hash);
        let same = self.index[first..].iter().take_while(|entry| entry.0 == hash).map(|entry| entry.1);
        same.filter(|id| self.name(*id).is_some_and(|own| own == name)).collect()
    }

    /// The types that have this name.
    pub(super) fn types(&self, name: &str) -> Vec<Type> {
        self.ids(name).into_iter().filter_map(|id| self.btf.resolve_type_by_id(id).ok()).collect()
    }

    fn name(&self, id: u32) -> Option<String> {
        self.btf.resolve_name(self.btf.resolve_type_by_id(id).ok()?.as_btf_type()?).ok()
    }
}

fn hash(name: &str) -> u32 {
    // The lower half is as good as the whole.
    FixedState::default().hash_one(name) as u32
}
