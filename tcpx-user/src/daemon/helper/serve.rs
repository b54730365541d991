//! The helper itself: looks once, gives away what it does not need, answers until nobody asks.

use std::{
    io::{self, Read, Write},
    os::{fd::AsFd as _, unix::net::UnixStream},
    process::ExitCode,
};

use super::protocol::{Ask, Reply};
use crate::{
    daemon::{
        frames::{put, take},
        log::say,
        privileges,
    },
    enrich::{Enrich, Informant as _, Limits},
    record,
};

/// Stdin is the socket pair.
#[must_use]
pub fn main() -> ExitCode {
    let served = io::stdin().as_fd().try_clone_to_owned().and_then(|socket| serve(UnixStream::from(socket)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        // The daemon has ended while it was being answered.
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("helper: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(mut daemon: UnixStream) -> io::Result<()> {
    let enrich = Enrich::new(Limits::default());
    privileges::of_helper()?;
    let (mut inbox, mut outbox) = (Vec::new(), Vec::new());
    put(0, &Reply::Ready(std::process::id()), &mut outbox);
    let mut piece = vec![0; 64 << 10];
    loop {
        daemon.write_all(&outbox)?;
        outbox.clear();
        let read = daemon.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        inbox.extend_from_slice(&piece[..read]);
        while let Some((number, ask)) = take(&mut inbox)? {
            answer(&enrich, number, ask, &mut outbox);
        }
    }
}

fn answer(enrich: &Enrich, number: u64, ask: Ask, outbox: &mut Vec<u8>) {
    let reply = match ask {
        Ask::Seen(seen) => {
            for one in seen {
                enrich.see(one);
            }
            return;
        }
        Ask::Question(question) => Reply::Answer(record::answer(enrich, &question)),
        Ask::Census(look_again) => Reply::Census(enrich.census(look_again)),
        Ask::Counters(of) => {
            let read = enrich.counters(&of).into_iter();
            Reply::Counters(read.map(|counters| counters.map_err(|error| error.to_string())).collect())
        }
    };
    put(number, &reply, outbox);
}
