//! What the tests need on this machine, installed through Debian's own package manager.

use anyhow::{Result, bail};

use crate::{apt, command, tools};

/// A program, the package that holds it, and what it is for.
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const NEEDS: &[Need] = &[
    Need { program: "qemu-system-x86_64", package: "qemu-system-x86", why: "runs the test guests" },
    Need { program: "nft", package: "nftables", why: "sets rules in scenarios, here and in guests" },
    Need { program: "ip", package: "iproute2", why: "sets up networks in guests" },
    Need { program: "tc", package: "iproute2", why: "drops and delays packets in guests" },
    Need { program: "ss", package: "iproute2", why: "shows sockets in guests" },
    Need { program: "systemd-analyze", package: "systemd", why: "checks the units of tcpx daemon" },
    Need { program: "tmux", package: "tmux", why: "is the terminal on which the full-screen view is tested" },
    Need { program: "tshark", package: "tshark", why: "reads exported packets in tests" },
    Need { program: "cc", package: "gcc", why: "links Rust programs" },
    Need { program: "strip", package: "binutils", why: "makes the test binary small enough for guests" },
    Need { program: "xz", package: "xz-utils", why: "unpacks kernel modules" },
    Need { program: "zstd", package: "zstd", why: "unpacks kernels" },
    Need { program: "lz4", package: "lz4", why: "unpacks kernels" },
    Need { program: "chromium", package: "chromium", why: "opens the page of tcpx report" },
    Need { program: "ldd", package: "libc-bin", why: "finds the libraries of tools for guests" },
];

/// Needed to link statically; a file, not a program.
const STATIC_LIBC: &str = "/usr/lib/x86_64-linux-gnu/libc.a";
/// Guest kernels come from suites of other releases.
const ARCHIVE_KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Installs what is missing, or says what to install where that cannot be done.
pub(crate) fn run() -> Result<()> {
    packages()?;
    tools::obtain()
}

fn packages() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        println!("everything is installed");
        return Ok(());
    }
    for (package, why) in &missing {
        println!("  missing: {package} ({why})");
    }
    let mut packages: Vec<_> = missing.iter().map(|(package, _)| *package).collect();
    packages.dedup();
    let list = packages.join(" ");
    if !command::exists("apt-get") {
        bail!("install what corresponds to these Debian packages, then run this again: {list}");
    }
    if !command::is_root()? {
        bail!("only root may install them: apt-get install {list}");
    }
    println!("  installing with apt: {list}");
    apt::install(&packages)
}

fn missing() -> Vec<(&'static str, &'static str)> {
    let mut missing: Vec<_> = NEEDS
        .iter()
        .filter(|need| !command::exists(need.program))
        .map(|need| (need.package, need.why))
        .collect();
    let files = [
        (STATIC_LIBC, "libc6-dev", "links programs statically"),
        (ARCHIVE_KEYS, "debian-archive-keyring", "checks signatures of guest kernels"),
    ];
    let absent = files.into_iter().filter(|(file, ..)| !std::path::Path::new(file).exists());
    missing.extend(absent.map(|(_, package, why)| (package, why)));
    missing
}
