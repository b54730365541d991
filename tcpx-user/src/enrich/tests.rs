//! On the machine that runs the test. Those that need a namespace of their own skip aloud without root.

use std::sync::Arc;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::fd::AsRawFd as _,
    process::id,
};

use rustix::net::{AddressFamily, SocketType, bind, socket};

use super::{
    clock::boot_now,
    testing::{Fresh, root_pids, skipped},
    *,
};
use crate::event::{Backend, Bind, What};

fn own_task() -> Task {
    Task { tgid: id(), tid: id() }
}

fn event(netns: Netns, task: Task, what: What) -> Event {
    let backend = Backend::Tracepoint;
    Event { time: boot_now(), netns, task, hook: None, backend, in_scope: false, has_stack: false, what }
}

fn bind_of(inode: u64, comm: &str) -> What {
    What::Bind(Arc::new(Bind {
        requested: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        sk: None,
        inode: Some(inode),
        errno: 0,
        port: 80,
        uid: 1234,
        cgroup: None,
        comm: comm.as_bytes().into(),
    }))
}

fn inode_of(fd: i32) -> u64 {
    proc::link_number(format!("/proc/self/fd/{fd}"), "socket").expect("a socket")
}

#[test]
fn whoever_called_bind_is_the_holder_in_the_kernels_words() {
    if !root_pids() {
        return;
    }
    let enrich = Enrich::new(Limits::default());
    let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
    let inode = inode_of(socket.as_raw_fd());
    enrich.observe(&event(Netns::default(), own_task(), bind_of(inode, "thread-7")));
    let holder = enrich.holder(inode).expect("holder");
    assert_eq!((holder.pid, holder.comm.as_str(), holder.uid), (id(), "thread-7", Some(1234)));
    assert_eq!(holder.exe, std::env::current_exe().ok().map(|exe| exe.display().to_string()));
    drop(socket);
    assert_eq!(enrich.holder(inode), Some(holder), "the event was about a time when it held the socket");
}

#[test]
fn a_process_that_is_gone_keeps_what_the_kernel_said_and_gets_nothing_else() {
    let enrich = Enrich::new(Limits::default());
    let gone = Task { tgid: u32::MAX - 1, tid: u32::MAX };
    let process = enrich.process(gone, b"curl", Some(7), None);
    let expected = line::Process {
        pid: u32::MAX - 1,
        tid: Some(u32::MAX),
        comm: "curl".to_owned(),
        uid: Some(7),
        ..line::Process::default()
    };
    assert_eq!(*process, expected);
    assert_eq!(enrich.holder(u64::MAX), None);
}

#[test]
fn an_id_used_again_does_not_name_the_newcomer() {
    let enrich = Enrich::new(Limits::default());
    let mut early = event(Netns::default(), own_task(), bind_of(u64::MAX, "before"));
    early.time = 1;
    enrich.observe(&early);
    let holder = enrich.holder(u64::MAX).expect("the kernel's words");
    assert_eq!((holder.comm.as_str(), holder.exe.as_deref()), ("before", None));
}

#[test]
fn a_namespace_is_listed_held_and_named() {
    if !root_pids() {
        return;
    }
    let Some(fresh) = Fresh::new() else { return };
    let enrich = Enrich::new(Limits::default());
    let census = enrich.census(false);
    let held = census.held.iter().find(|held| held.inum == fresh.netns.inum).expect("listed by its thread");
    assert!(held.at_start && census.start_complete);
    assert_eq!(held.cookie.unwrap_or(0), fresh.netns.cookie);
    assert_eq!(enrich.netns(fresh.netns), line::Netns { inum: fresh.netns.inum, name: None, of: None });
    assert_eq!(enrich.device(fresh.netns, 1).as_deref(), Some("lo"));
    assert_eq!(enrich.device(fresh.netns, 77), None);
    fresh.end();
}

#[test]
fn a_younger_namespace_is_held_when_an_event_names_it() {
    if !root_pids() {
        return;
    }
    let enrich = Enrich::new(Limits::default());
    let Some(fresh) = Fresh::new() else { return };
    let find = |inum| enrich.census(false).held.into_iter().find(|held| held.inum == inum);
    assert!(find(fresh.netns.inum).is_none());
    enrich.observe(&event(fresh.netns, Task { tgid: fresh.tid, tid: fresh.tid }, What::Tick));
    assert!(find(fresh.netns.inum).is_some_and(|held| !held.at_start));
    if fresh.netns.cookie != 0 {
        let dead = Netns { cookie: fresh.netns.cookie ^ 1, ..fresh.netns };
        assert_eq!(enrich.device(dead, 1), None, "an earlier namespace with the same number");
    }
    assert_eq!(enrich.device(fresh.netns, 1).as_deref(), Some("lo"));
    fresh.end();
}

#[test]
fn the_namespace_of_a_new_process_of_the_command_is_held_before_anything_happens_in_it() {
    if !root_pids() {
        return;
    }
    let enrich = Enrich::new(Limits::default());
    let Some(fresh) = Fresh::new() else { return };
    enrich.observe(&event(Netns::default(), own_task(), What::Fork { child: fresh.tid }));
    assert!(enrich.census(false).held.iter().any(|held| held.inum == fresh.netns.inum));
    fresh.end();
}

#[test]
fn no_more_are_held_than_allowed() {
    let enrich = Enrich::new(Limits { held: 1 });
    let Some(fresh) = Fresh::new() else { return };
    enrich.observe(&event(fresh.netns, Task { tgid: fresh.tid, tid: fresh.tid }, What::Tick));
    assert_eq!(enrich.census(true).held.len(), 1);
    fresh.end();
}

#[test]
fn a_name_is_that_of_the_bind_mount() {
    let Some(fresh) = Fresh::new() else { return };
    let (tid, inum) = (fresh.tid, fresh.netns.inum);
    fresh.run(move || {
        use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .expect("private mounts");
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("blue one");
        std::fs::write(&path, "").expect("mount point");
        std::fs::write(directory.path().join("stale"), "").expect("left behind");
        mount_bind("/proc/thread-self/ns/net", &path).expect("bind mount");
        assert_eq!(listing::names_in(directory.path()), [(inum, "blue one".to_owned())].into());
        let mut listing = listing::Listing::default();
        let mountinfo = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("mountinfo");
        listing.mounts_of(tid, &mountinfo);
        let found = listing.namespaces.get(&inum).expect("found by its mount");
        assert_eq!(*found, std::path::PathBuf::from(format!("/proc/{tid}/root{}", path.display())));
        rustix::mount::unmount(&path, rustix::mount::UnmountFlags::DETACH).expect("unmount");
    });
    fresh.end();
}

#[test]
fn inet_diag_shows_listeners_and_where_it_can_bound_sockets() {
    if !root_pids() {
        return;
    }
    let Some(fresh) = Fresh::new() else { return };
    let enrich = Enrich::new(Limits::default());
    let (listener, bound) = fresh.run(|| {
        let listener = TcpListener::bind("[::]:8080").expect("listen");
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket");
        bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 8888))).expect("bind");
        (listener, bound)
    });
    let answer = match enrich.bound_sockets(fresh.netns, 8080) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return skipped("this kernel has no tcp_diag, and no module of it");
        }
        answer => answer.expect("inet_diag"),
    };
    let [holder] = answer.list.as_slice() else { panic!("one listener: {answer:?}") };
    assert!(holder.listening && !holder.v6only);
    assert_eq!(holder.addr, "[::]:8080".parse().expect("address"));
    assert_eq!(holder.inode, Some(inode_of(listener.as_raw_fd())));
    let answer = enrich.bound_sockets(fresh.netns, 8888).expect("inet_diag");
    if answer.bound_visible {
        let [holder] = answer.list.as_slice() else { panic!("one bound socket: {answer:?}") };
        assert!(!holder.listening);
        assert_eq!(holder.addr, "127.0.0.1:8888".parse().expect("address"));
        assert_eq!(holder.inode, Some(inode_of(bound.as_raw_fd())));
        assert_eq!(enrich.holder(inode_of(bound.as_raw_fd())).map(|process| process.pid), Some(id()));
    } else {
        skipped("this kernel's inet_diag does not show bound sockets");
    }
    assert_eq!(enrich.bound_sockets(fresh.netns, 9999).expect("inet_diag").list, []);
    assert!(enrich.bound_sockets(Netns { inum: 1, cookie: 0 }, 80).is_err());
    fresh.end();
}

/// A listener that ended must not be there for whoever asks why.
#[test]
fn connections_are_listed_anew_each_time() {
    if !root_pids() {
        return;
    }
    let Some(fresh) = Fresh::new() else { return };
    let enrich = Enrich::new(Limits::default());
    let listener = fresh.run(|| TcpListener::bind("127.0.0.1:8080").expect("listen"));
    let listening = || {
        let list = enrich.connections(fresh.netns)?;
        Some(list.iter().filter(|socket| socket.state == state::LISTEN).count())
    };
    if listening().is_none() {
        return skipped("this kernel has no tcp_diag, and no module of it");
    }
    assert_eq!(listening(), Some(1));
    drop(listener);
    assert_eq!(listening(), Some(0));
    fresh.end();
}
