//! Container ids as runtimes write them into cgroup paths.

/// The id of the innermost container in a cgroup path.
///
/// Docker, containerd, CRI-O and podman name the cgroup by 64 hexadecimal digits, with a prefix under systemd and
/// without one under cgroupfs. LXC and systemd-nspawn use the container's name.
#[must_use]
pub(crate) fn container_id(cgroup: &str) -> Option<&str> {
    cgroup.rsplit('/').find_map(id_of_component)
}

fn id_of_component(component: &str) -> Option<&str> {
    let name = component.strip_suffix(".scope").unwrap_or(component);
    // conmon watches a container from outside; what it does is not the container's doing.
    if name.contains("conmon") {
        return None;
    }
    // `docker-ID`, and `kubepods-….slice:cri-containerd:ID` where runc got a systemd path for a cgroupfs driver.
    let last = name.rsplit(['-', ':']).next().unwrap_or(name);
    if is_id(last) { Some(last) } else { named(component) }
}

fn named(component: &str) -> Option<&str> {
    let nspawn = component.strip_prefix("systemd-nspawn@").and_then(|name| name.strip_suffix(".service"));
    component.strip_prefix("lxc.payload.").or(nspawn).filter(|name| !name.is_empty())
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// Who runs a container, as its cgroup path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// Docker.
    Docker,
    /// containerd's CRI plugin.
    Containerd,
    /// CRI-O.
    CriO,
    /// podman and what else uses libpod.
    Podman,
    /// LXC, Incus.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
}

impl Runtime {
    /// As OpenTelemetry's `container.runtime.name` has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::Podman => "podman",
            Self::Lxc => "lxc",
            Self::Nspawn => "systemd-nspawn",
        }
    }
}

/// What a cgroup path tells beside the container's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Who runs the innermost container. Under the driver cgroupfs Kubernetes' runtimes leave no trace of themselves.
    pub(crate) runtime: Option<Runtime>,
    /// Uid of the Kubernetes pod, with dashes, as the API has it.
    pub(crate) pod: Option<String>,
}

/// Reads it from a path.
#[must_use]
pub(crate) fn place(cgroup: &str) -> Place {
    let mut components = cgroup.rsplit('/');
    let innermost = components.by_ref().find(|component| id_of_component(component).is_some());
    let Some(innermost) = innermost else { return Place { runtime: None, pod: pod_of(cgroup) } };
    let parent = components.next().unwrap_or("");
    Place { runtime: runtime(innermost, parent), pod: pod_of(cgroup) }
}

/// By the prefix that each gives to the scope; Docker and podman under cgroupfs by the folder that they make.
fn runtime(component: &str, parent: &str) -> Option<Runtime> {
    const PREFIXES: [(&str, Runtime); 6] = [
        ("docker-", Runtime::Docker),
        ("cri-containerd-", Runtime::Containerd),
        ("crio-", Runtime::CriO),
        ("libpod-", Runtime::Podman),
        ("lxc.payload.", Runtime::Lxc),
        ("systemd-nspawn@", Runtime::Nspawn),
    ];
    let prefixed = PREFIXES.iter().find(|(prefix, _)| component.starts_with(prefix));
    let inside = component.contains(":cri-containerd:").then_some(Runtime::Containerd);
    let folder = match parent {
        "docker" => Some(Runtime::Docker),
        "libpod_parent" => Some(Runtime::Podman),
        _ => None,
    };
    prefixed.map(|(_, runtime)| *runtime).or(inside).or(folder)
}

/// `pod<uid>` of the driver cgroupfs, `kubepods-burstable-pod<uid>.slice` of systemd, which has `_` for `-`. Static pods have
/// the digest of their configuration in place of a uid: 32 digits, which the API shows as an annotation.
fn pod_of(cgroup: &str) -> Option<String> {
    let inside_kubepods = cgroup
        .split('/')
        .any(|component| component.starts_with("kubepods") || component.contains("-kubepods"));
    let pods = cgroup.rsplit('/').filter_map(|component| component.split(':').find_map(pod_of_component));
    inside_kubepods.then_some(pods).into_iter().flatten().next()
}

fn pod_of_component(component: &str) -> Option<String> {
    let name = component.strip_suffix(".slice").unwrap_or(component);
    let uid = name.rsplit_once("-pod").map_or_else(|| name.strip_prefix("pod"), |(_, uid)| Some(uid))?;
    let uid = uid.replace('_', "-");
    let is_uid = uid.len() == 36 && uid.bytes().filter(|&byte| byte == b'-').count() == 4 || uid.len() == 32;
    let digits = uid.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'-'));
    (is_uid && digits).then_some(uid)
}

/// As `docker ps` and `crictl ps` show it.
#[must_use]
pub(crate) fn short(id: &str) -> &str {
    if is_id(id) { &id[..12] } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f3c9b2d8e1a7065c4b39d2e8f1a706534c9b2d8e1a7065c4b39d2e8f1a70653";

    #[test]
    fn paths_of_real_runtimes() {
        for (path, expected) in [
            ("/system.slice/docker-ID.scope", Some(ID)),
            ("/docker/ID", Some(ID)),
            ("/docker/ID/init", Some(ID)),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f2f1f3a_9d5c_4a43_8d5e_bd3c.slice/cri-containerd-ID.scope",
                Some(ID),
            ),
            ("/kubepods/besteffort/pod0f2f1f3a-9d5c-4a43-8d5e-bd3cc3f1b5a1/ID", Some(ID)),
            ("/kubepods.slice/kubepods-pod12.slice/crio-ID.scope", Some(ID)),
            ("/kubepods.slice/kubepods-pod12.slice/crio-ID.scope/container", Some(ID)),
            ("/machine.slice/libpod-ID.scope/container", Some(ID)),
            ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container", Some(ID)),
            ("/system.slice/containerd.service/kubepods-besteffort-pod12.slice:cri-containerd:ID", Some(ID)),
            ("/ecs/0123456789abcdef0123456789abcdef/ID", Some(ID)),
            ("/lxc.payload.web1/system.slice/nginx.service", Some("web1")),
            ("/machine.slice/systemd-nspawn@deb12.service/payload", Some("deb12")),
            ("/machine.slice/libpod-conmon-ID.scope", None),
            ("/kubepods.slice/kubepods-pod12.slice/crio-conmon-ID.scope", None),
            ("/system.slice/docker.service", None),
            ("/user.slice/user-0.slice/session-3.scope", None),
            ("/", None),
            ("", None),
        ] {
            let path = path.replace("ID", ID);
            assert_eq!(container_id(&path), expected, "{path}");
        }
    }

    #[test]
    fn runtimes_and_pods_of_real_paths() {
        const POD: &str = "0f2f1f3a-9d5c-4a43-8d5e-bd3cc3f1b5a1";
        use Runtime::{Containerd, CriO, Docker, Lxc, Nspawn, Podman};
        for (path, runtime, pod) in [
            // cgroup v2 and the systemd hierarchy of v1 look the same; v1's others are those of cgroupfs.
            ("/system.slice/docker-ID.scope", Some(Docker), None),
            ("/docker/ID", Some(Docker), None),
            ("/docker/ID/init", Some(Docker), None),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUND.slice/cri-containerd-ID.scope",
                Some(Containerd),
                Some(POD),
            ),
            ("/kubepods.slice/kubepods-podUND.slice/cri-containerd-ID.scope", Some(Containerd), Some(POD)),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUND.slice/docker-ID.scope",
                Some(Docker),
                Some(POD),
            ),
            ("/kubepods/besteffort/podPOD/ID", None, Some(POD)),
            ("/kubepods/podPOD/ID", None, Some(POD)),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUND.slice/crio-ID.scope",
                Some(CriO),
                Some(POD),
            ),
            ("/kubepods.slice/kubepods-podUND.slice/crio-ID.scope/container", Some(CriO), Some(POD)),
            (
                "/system.slice/containerd.service/kubepods-besteffort-podUND.slice:cri-containerd:ID",
                Some(Containerd),
                Some(POD),
            ),
            // kind: a node that is a container itself.
            ("/docker/ID/kubelet/kubepods/burstable/podPOD/ID", None, Some(POD)),
            (
                "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podUND.slice/cri-containerd-ID.scope",
                Some(Containerd),
                Some(POD),
            ),
            // A static pod, such as the API server's.
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3c2f2b7c0d4a1f6e5b8d9e0a7c6b5a4f.slice/cri-containerd-ID.scope",
                Some(Containerd),
                Some("3c2f2b7c0d4a1f6e5b8d9e0a7c6b5a4f"),
            ),
            ("/machine.slice/libpod-ID.scope/container", Some(Podman), None),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
                Some(Podman),
                None,
            ),
            ("/libpod_parent/ID", Some(Podman), None),
            ("/lxc.payload.web1/system.slice/nginx.service", Some(Lxc), None),
            ("/machine.slice/systemd-nspawn@deb12.service/payload", Some(Nspawn), None),
            ("/ecs/0123456789abcdef0123456789abcdef/ID", None, None),
            ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUND.slice", None, Some(POD)),
            ("/user.slice/pod12.slice/session-3.scope", None, None),
            ("/system.slice/podPOD", None, None),
            ("/", None, None),
        ] {
            let path = path.replace("ID", ID).replace("POD", POD).replace("UND", &POD.replace('-', "_"));
            let expected = Place { runtime, pod: pod.map(str::to_owned) };
            assert_eq!(place(&path), expected, "{path}");
        }
    }

    #[test]
    fn in_nested_containers_the_innermost_counts() {
        let inner = "0".repeat(64);
        assert_eq!(container_id(&format!("/docker/{ID}/docker/{inner}")), Some(inner.as_str()));
        assert_eq!(short(&inner), "000000000000");
        assert_eq!(short("web1"), "web1");
    }
}
