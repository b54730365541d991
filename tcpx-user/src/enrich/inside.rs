//! Doing something inside another network namespace.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Calls `work` for each of `namespaces` from inside it; an entry that cannot be entered gets the error.
///
/// All happens on one thread made for it, which ends afterwards: a namespace belongs to a thread, and none of
/// tcpx's own may be left in a foreign one.
pub(crate) fn inside_each<F: AsFd + Sync, T: Send>(
    namespaces: &[F],
    work: impl Fn(usize) -> io::Result<T> + Sync,
) -> Vec<io::Result<T>> {
    let visit = |(index, namespace): (usize, &F)| {
        enter(namespace.as_fd())?;
        work(index)
    };
    let failed = || io::Error::other("the thread that enters namespaces panicked");
    thread::scope(|scope| {
        let visitor = scope.spawn(|| namespaces.iter().enumerate().map(visit).collect());
        visitor.join().unwrap_or_else(|_| namespaces.iter().map(|_| Err(failed())).collect())
    })
}

/// Calls `work` from inside one namespace.
pub(crate) fn inside<T: Send>(
    namespace: BorrowedFd<'_>,
    work: impl Fn() -> io::Result<T> + Sync,
) -> io::Result<T> {
    inside_each(&[namespace], |_| work())
        .pop()
        .unwrap_or_else(|| Err(io::Error::other("no namespace was visited")))
}

fn enter(namespace: BorrowedFd<'_>) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?)
}
