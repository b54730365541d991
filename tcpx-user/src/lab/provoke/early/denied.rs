//! What this host's policy refuses before TCP does anything.

use super::super::{
    Family::{Ipv4, Ipv6},
    LabError, Scenario, Stage, scenario,
};
use crate::lab::{
    Actor,
    bpf::{self, AttachType, ProgramType},
};

pub(in super::super) const TABLE: &[Scenario] = &[
    scenario(
        "connect-denied",
        Ipv4,
        "A BPF program at the cgroup refuses connect()",
        PROGRAM,
        connect_by_program,
    ),
    scenario("connect-denied/ipv6", Ipv6, "The same, IPv6", PROGRAM, connect_by_program),
    scenario(
        "connect-denied/landlock",
        Ipv4,
        "A security module refuses connect()",
        MODULE,
        connect_by_module,
    ),
    scenario("connect-denied/landlock-ipv6", Ipv6, "The same, IPv6", MODULE, connect_by_module),
    scenario(
        "permission-denied",
        Ipv4,
        "A port below 1024 without the capability",
        PRIVILEGED,
        privileged_port,
    ),
    scenario("permission-denied/ipv6", Ipv6, "The same, IPv6", PRIVILEGED, privileged_port),
    scenario(
        "permission-denied/cgroup",
        Ipv4,
        "A BPF program at the cgroup refuses bind()",
        PROGRAM,
        bind_by_program,
    ),
    scenario("permission-denied/cgroup-ipv6", Ipv6, "The same, IPv6", PROGRAM, bind_by_program),
    scenario("permission-denied/landlock", Ipv4, "A security module refuses bind()", MODULE, bind_by_module),
    scenario("permission-denied/landlock-ipv6", Ipv6, "The same, IPv6", MODULE, bind_by_module),
];

const PROGRAM: &str = "Container networks and systemd (SocketBindDeny=) attach such programs. The kernel asks them \
                       before TCP is entered, and the call fails with EPERM.";
const MODULE: &str = "Landlock, SELinux and AppArmor are asked by security_socket_connect and security_socket_bind, \
                      before TCP knows of the call.";
const PRIVILEGED: &str = "bind() below net.ipv4.ip_unprivileged_port_start takes CAP_NET_BIND_SERVICE.";

fn alone(stage: &mut Stage, comm: &str) -> Result<Actor, LabError> {
    let namespace = stage.namespace("lab")?;
    stage.actor(&namespace, comm)
}

fn connect_by_program(stage: &mut Stage) -> Result<(), LabError> {
    let client = alone(stage, "curl")?;
    let cgroup = stage.cgroup(&[&client])?;
    let to = stage.loopback(443);
    let at = if to.is_ipv4() { AttachType::CgroupInet4Connect } else { AttachType::CgroupInet6Connect };
    let program = bpf::load(ProgramType::CgroupSockAddr, &bpf::always(0), Some(at))?;
    stage.keep(bpf::attach(&program, &*cgroup, at)?);
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("EPERM")?;
    stage.attempt(&client, to.ip(), to).ended("denied", "EPERM").before_any_packet();
    Ok(())
}

fn connect_by_module(stage: &mut Stage) -> Result<(), LabError> {
    let client = alone(stage, "curl")?;
    let to = stage.loopback(443);
    client.forbid_tcp()?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.failed_with("EACCES")?;
    stage.attempt(&client, to.ip(), to).ended("denied", "EACCES").before_any_packet();
    Ok(())
}

fn privileged_port(stage: &mut Stage) -> Result<(), LabError> {
    let server = alone(stage, "nginx")?;
    let at = stage.any(80);
    server.become_nobody()?;
    stage.ready()?;
    let socket = server.socket(at)?;
    server.try_bind(socket, at)?.failed_with("EACCES")?;
    stage.failed_call(&server, "bind", at, "EACCES");
    Ok(())
}

fn bind_by_program(stage: &mut Stage) -> Result<(), LabError> {
    let server = alone(stage, "nginx")?;
    let cgroup = stage.cgroup(&[&server])?;
    let at = stage.any(8080);
    let place = if at.is_ipv4() { AttachType::CgroupInet4Bind } else { AttachType::CgroupInet6Bind };
    let program = bpf::load(ProgramType::CgroupSockAddr, &bpf::always(0), Some(place))?;
    stage.keep(bpf::attach(&program, &*cgroup, place)?);
    stage.ready()?;
    let socket = server.socket(at)?;
    server.try_bind(socket, at)?.failed_with("EPERM")?;
    stage.failed_call(&server, "bind", at, "EPERM");
    Ok(())
}

fn bind_by_module(stage: &mut Stage) -> Result<(), LabError> {
    let server = alone(stage, "nginx")?;
    let at = stage.any(8080);
    server.forbid_tcp()?;
    stage.ready()?;
    let socket = server.socket(at)?;
    server.try_bind(socket, at)?.failed_with("EACCES")?;
    stage.failed_call(&server, "bind", at, "EACCES");
    Ok(())
}
