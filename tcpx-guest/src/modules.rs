//! The kernel modules that guests load, in the order of their dependencies.
//!
//! Debian's packages hold no `modules.dep` (it is made on installation), so each module's own `.modinfo` is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use object::{Object, ObjectSection};

use crate::{command, cpio::Archive, files, kernels::Kernel};

/// What scenarios need, with parameters after a space. A kernel that lacks one has it built in, or the scenario says what is missing.
const WANTED: &[&str] = &[
    // libcrc32c, which connection tracking needs, asks for a crypto provider by name on older kernels.
    "crc32c_generic",
    "veth",
    // The module makes a device of its own otherwise, which scenarios would see.
    "dummy numdummies=0",
    "tun",
    "bridge",
    "vrf",
    "sch_netem",
    "sch_ingress",
    "inet_diag",
    "tcp_diag",
    "nf_tables",
    "nf_conntrack",
    "nft_counter",
    "nft_ct",
    "nft_reject",
    "nft_reject_inet",
    "nft_reject_ipv4",
    "nft_reject_ipv6",
    "nft_reject_bridge",
    "nft_chain_nat",
    "nft_nat",
    "nft_redir",
    "nft_masq",
    "nft_limit",
    "nft_log",
    "nft_queue",
    "nft_socket",
    "nft_synproxy",
    "nft_tproxy",
    "nft_fib_inet",
    "nft_compat",
    "nf_conntrack_netlink",
    "ip_vs",
    "ip_vs_rr",
    "cls_matchall",
    "cls_u32",
    "cls_bpf",
    "act_gact",
    "act_bpf",
    "macvlan",
    "ipvlan",
    "xfrm_user",
    "mptcp_diag",
    // TCP-MD5 asks for its algorithm by name.
    "md5",
];

/// What sharing the host's files with a guest takes beside.
pub const SHARING: &[&str] = &["virtio_pci", "9pnet_virtio", "9p", "overlay"];

/// The list as one text: a cached kernel remembers which list it was made for.
#[must_use]
pub fn wanted_text() -> String {
    [WANTED, SHARING].concat().join("\n")
}

/// Copies the wanted modules and what they depend on, unpacked, to `folder/modules`, and writes their order: that of scenarios to
/// `modules.load`, that of what sharing takes beside to `modules.share`.
pub fn collect(tree: &Path, folder: &Path) -> Result<()> {
    let files = module_files(tree)?;
    let mut collector =
        Collector { files, folder: folder.join("modules"), done: BTreeSet::new(), order: Vec::new() };
    files::make_folder(&collector.folder)?;
    for (list, name) in [(WANTED, "modules.load"), (SHARING, "modules.share")] {
        for wanted in list {
            let (name, parameters) = wanted.split_once(' ').unwrap_or((wanted, ""));
            collector.add(name, parameters)?;
        }
        let order = std::mem::take(&mut collector.order);
        files::write(&folder.join(name), order.join("\n"))?;
    }
    Ok(())
}

/// The part of a guest's first file system that [`crate::first::load_modules`] reads.
pub fn archive(kernel: &Kernel, sharing: bool) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    let order = kernel.load_order(sharing)?;
    for line in &order {
        let name = line.split(' ').next().unwrap_or(line);
        archive.file(&format!("guest/{name}"), &files::read(&kernel.modules().join(name))?);
    }
    let list: Vec<_> = order.iter().map(|name| format!("/guest/{name}")).collect();
    archive.file("guest/modules", list.join("\n").as_bytes());
    Ok(archive.finish())
}

/// For a kernel without a module tree: what it needs is built in, or is not there.
pub fn none(folder: &Path) -> Result<()> {
    ["modules.load", "modules.share"].iter().try_for_each(|name| files::write(&folder.join(name), ""))
}

struct Collector {
    files: BTreeMap<String, PathBuf>,
    folder: PathBuf,
    done: BTreeSet<String>,
    order: Vec<String>,
}

impl Collector {
    /// Dependencies first; a module without a file is built in or not in this kernel.
    fn add(&mut self, name: &str, parameters: &str) -> Result<()> {
        if !self.done.insert(name.to_owned()) {
            return Ok(());
        }
        let Some(file) = self.files.get(name).cloned() else { return Ok(()) };
        let module = unpacked(&file)?;
        for dependency in dependencies(&module).with_context(|| format!("reading {}", file.display()))? {
            self.add(&dependency, "")?;
        }
        let target = format!("{name}.ko");
        files::write(&self.folder.join(&target), module)?;
        self.order.push(format!("{target} {parameters}").trim_end().to_owned());
        Ok(())
    }
}

/// Every module of a tree by its name, in which `-` and `_` are the same.
fn module_files(tree: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![tree.join("kernel")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().with_context(|| format!("listing {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if let Some((name, _)) = entry.file_name().to_string_lossy().split_once(".ko") {
                files.insert(name.replace('-', "_"), entry.path());
            }
        }
    }
    Ok(files)
}

/// On the host it costs nothing; in the guest it would need tools, and time.
fn unpacked(file: &Path) -> Result<Vec<u8>> {
    let tool = match file.extension().and_then(|e| e.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return files::read(file),
    };
    command::quiet(Command::new(tool).arg("-dc").arg(file))
        .with_context(|| format!("unpacking a kernel module takes `{tool}` (apt install xz-utils zstd gzip)"))
}

fn dependencies(module: &[u8]) -> Result<Vec<String>> {
    let file = object::File::parse(module)?;
    let section = file.section_by_name(".modinfo").context("no .modinfo section")?;
    let info = section.data()?;
    let depends = info.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"depends="));
    let text = String::from_utf8_lossy(depends.unwrap_or_default()).into_owned();
    Ok(text.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect())
}
