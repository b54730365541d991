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
    fn in_nested_containers_the_innermost_counts() {
        let inner = "0".repeat(64);
        assert_eq!(container_id(&format!("/docker/{ID}/docker/{inner}")), Some(inner.as_str()));
        assert_eq!(short(&inner), "000000000000");
        assert_eq!(short("web1"), "web1");
    }
}
