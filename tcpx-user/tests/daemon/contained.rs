//! tcpx as the image of deploy/Containerfile has it: alone in its file system, and with the capabilities that deploy/kubernetes names.
//!
//! No container engine runs here. What one would set up is set up by this binary, as a process of its own that becomes tcpx.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use assert_cmd::cargo::cargo_bin;
use rustix::{
    mount::mount_bind_recursive,
    process::{Pid, Signal, chroot, kill_process},
    thread::{CapabilitySet, remove_capability_from_bounding_set},
};
use tempfile::TempDir;

use crate::daemon::{Place, until};

/// The first argument of a process that is to be contained.
pub(crate) const ARGUMENT: &str = "__contained";
/// What every container has of its host.
const MOUNTS: [&str; 3] = ["proc", "sys", "dev"];

/// Becomes tcpx: `ROOT CAPABILITIES|- ARGUMENT...`, in a mount namespace that `unshare` made.
pub(crate) fn main(mut arguments: impl Iterator<Item = String>) -> ! {
    let mut next = || arguments.next().expect("an argument");
    let (root, capabilities) = (PathBuf::from(next()), next());
    for mount in MOUNTS.iter().filter(|mount| root.join(mount).exists()) {
        mount_bind_recursive(Path::new("/").join(mount), root.join(mount)).expect("a mount");
    }
    chroot(&root).and_then(|()| rustix::process::chdir("/")).expect("another root");
    if capabilities != "-" {
        let kept: Vec<_> = capabilities.split(',').collect();
        for (name, one) in CapabilitySet::all().iter_names() {
            // One that this kernel does not know cannot be removed, nor is it there.
            if !kept.contains(&name) {
                let _ = remove_capability_from_bounding_set(one);
            }
        }
    }
    // Root that runs a program has what is left in the bounding set, as in a container.
    panic!("{}", Command::new("/usr/bin/tcpx").args(arguments).exec())
}

/// A file system with nothing but the program, and what is mounted.
struct Root(TempDir);

impl Root {
    fn new(mounts: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        for folder in ["usr/bin"].iter().chain(mounts) {
            fs::create_dir_all(root.path().join(folder)).expect("a directory");
        }
        fs::copy(cargo_bin("tcpx"), root.path().join("usr/bin/tcpx")).expect("a copy");
        Self(root)
    }

    fn tcpx(&self, capabilities: &str, arguments: &[&str]) -> Command {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "--"]);
        unshare.arg(std::env::current_exe().expect("this program")).arg(ARGUMENT).arg(self.0.path());
        unshare.arg(capabilities).args(arguments).stdin(Stdio::null());
        unshare
    }

    /// Its whole output, of a run that works.
    fn says(&self, capabilities: &str, arguments: &[&str]) -> String {
        let output = self.tcpx(capabilities, arguments).output().expect("unshare runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

pub(crate) fn alone() {
    let root = Root::new(&[]);
    let said = root.says("-", &["daemon", "--check-config"]);
    assert_eq!(said, "/etc/tcpx/daemon.toml: not there, so all defaults hold\n");
    assert!(root.says("-", &["explain", "closed-port"]).contains("closed-port"));
    let root = Root::new(&MOUNTS);
    let said = root.says("-", &["check"]);
    assert!(said.contains("send-reset") && said.contains("service "), "{said}");
}

/// As in a container, nobody but root and its seven capabilities.
pub(crate) fn confined() {
    let root = Root::new(&MOUNTS);
    fs::create_dir_all(root.0.path().join("run/tcpx")).expect("a directory");
    fs::create_dir_all(root.0.path().join("etc/tcpx")).expect("a directory");
    let capabilities = of_kubernetes().join(",");
    let mut daemon = root.tcpx(&capabilities, &["daemon"]).spawn().expect("unshare runs");
    let status = || root.tcpx(&capabilities, &["daemon", "--status"]).output().expect("unshare runs");
    let said = until("a healthy daemon", || {
        assert!(daemon.try_wait().expect("a child").is_none(), "it ended");
        let output = status();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // It answers before it has seen anything.
        (output.status.success() && !said.contains("the last never")).then_some(said)
    });
    assert!(said.contains(": healthy, up ") && said.contains(" answers: "), "{said}");
    let about = fs::read_to_string(format!("/proc/{}/status", daemon.id())).expect("a process");
    assert!(about.contains("CapEff:\t0000000000000000\n"), "{about}");
    kill_process(Pid::from_child(&daemon), Signal::TERM).expect("a signal");
    let ended = daemon.wait().expect("a child");
    assert!(ended.success() || ended.code() == Some(3), "{ended}");
}

/// A cgroup as Docker under systemd would name it, in a hierarchy that is mounted for this trial alone.
struct Cgroup {
    mount: TempDir,
    id: String,
}

impl Cgroup {
    fn new() -> Self {
        let mount = tempfile::tempdir().expect("a directory");
        rustix::mount::mount("cgroup2", mount.path(), "cgroup2", rustix::mount::MountFlags::empty(), None)
            .expect("cgroup2");
        let id = format!("{:064x}", std::process::id());
        let cgroup = Self { mount, id };
        fs::create_dir(cgroup.path()).expect("a cgroup");
        cgroup
    }

    fn path(&self) -> PathBuf {
        self.mount.path().join(format!("docker-{}.scope", self.id))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Both go with the machine in any case.
        let _ = fs::remove_dir(self.path());
        let _ = rustix::mount::unmount(self.mount.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

/// What happens in a namespace is its container's, also where no process is known.
pub(crate) fn namespace() {
    // Whatever else the host does, the lines are kept.
    let place = Place::new("output.file = \"DIR/a.jsonl\"\n");
    let _daemon = place.start();
    let cgroup = Cgroup::new();
    let inside = "ip link set lo up; bash -c ': <>/dev/tcp/127.0.0.1/9'; exec cat";
    let mut child = Command::new("sh")
        .args(["-c", "echo $$ > \"$1/cgroup.procs\" && exec unshare --net sh -c \"$2\"", "sh"])
        .arg(cgroup.path())
        .arg(inside)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh runs");
    let of = serde_json::json!({ "container": cgroup.id });
    let find = |kind: &str, end: &str| {
        until(&format!("a line of the container's {kind}"), || {
            let text = fs::read_to_string(place.path("a.jsonl")).unwrap_or_default();
            let mut lines =
                text.split_inclusive('\n').filter(|line| line.contains(&cgroup.id) && line.ends_with('\n'));
            lines.find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                (line["type"] == kind && line["data"].pointer(end) == Some(&of)).then_some(line)
            })
        })
    };
    let attempt = find("attempt", "/netns/of");
    assert_eq!(attempt["data"]["process"]["container"], cgroup.id);
    assert_eq!(attempt["data"]["netns"]["name"], cgroup.id[..12], "for want of another name");
    // Nobody made it: it is the kernel's own.
    let reset = find("reset", "/sender/netns/of");
    assert_eq!(reset["data"]["sender"]["owner"], serde_json::Value::Null);
    // cat ends with its input.
    drop(child.stdin.take());
    child.wait().expect("a child");
}

fn repository(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The capabilities that the pod has.
fn of_kubernetes() -> Vec<String> {
    let text = repository("deploy/kubernetes/daemonset.yaml");
    let (_, added) = text.split_once("              add:\n").expect("capabilities");
    let list = added.lines().take_while(|line| line.starts_with("                "));
    list.filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}

/// All ways of starting it give the same rights, and the page says what each is for.
pub(crate) fn rights() {
    let given = of_kubernetes();
    let page = repository("docs/operating.md");
    let (_, told) = page.split_once("## What each privilege is for\n").expect("a chapter");
    let lines = told.lines().filter(|line| line.starts_with("* CAP_"));
    let reasons = lines.filter_map(|line| line.strip_prefix("* ")?.split_once(": "));
    let told =
        reasons.flat_map(|(names, _)| names.split(" and ")).filter_map(|name| name.strip_prefix("CAP_"));
    assert_eq!(given, told.collect::<Vec<_>>());
    let engines = page.lines().filter_map(|line| line.trim().strip_prefix("--cap-add="));
    let engines =
        engines.flat_map(|line| line.split(" --cap-add=")).map(|name| name.trim_end_matches([' ', '\\']));
    assert_eq!(given, engines.collect::<Vec<_>>());
    let units =
        ["tcpx.service", "tcpx-helper@.service"].map(|unit| repository(&format!("deploy/systemd/{unit}")));
    let sets = units.iter().filter_map(|unit| unit.split("\nAmbientCapabilities=").nth(1)?.lines().next());
    let names = sets.flat_map(|set| set.split(' ')).filter_map(|name| name.strip_prefix("CAP_"));
    assert_eq!(given, names.collect::<Vec<_>>());
}
