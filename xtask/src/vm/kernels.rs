//! The kernels of the test guests: Debian's cloud kernels, in `target/guest/6.12/` and so on.

use std::path::PathBuf;

use anyhow::Result;
use tcpx_guest::kernels::Cache;
pub(crate) use tcpx_guest::kernels::{Kernel, SERIES, Series, series};

use super::vmlinux;
use crate::paths;

fn cache() -> Result<Cache> {
    Ok(Cache {
        kernels: paths::target_folder("guest")?,
        lists: paths::target_folder("apt")?,
        flavours: &["cloud-amd64"],
    })
}

/// The release of a series that was fetched before.
pub(crate) fn cached_release(series: &Series) -> Option<String> {
    cache().ok()?.get(series.name).map(|kernel| kernel.release)
}

/// A kernel ready to boot, fetched if it is not in the cache.
pub(crate) fn obtain(series: &Series) -> Result<Kernel> {
    cache()?.obtain(series.name, &|package| {
        eprintln!("  fetching {package} for the guests of {}", series.name);
    })
}

/// The kernel's own type information, unpacked from its image when it is asked for first.
pub(crate) fn types(kernel: &Kernel) -> Result<PathBuf> {
    let file = kernel.folder().join("vmlinux.btf");
    if !file.exists() {
        paths::write(&file, vmlinux::btf(&paths::read(&kernel.image())?)?)?;
    }
    Ok(file)
}
