//! From what was typed to a [`Filter`], with errors that say what would have been right.

use std::{fmt::Display, str::FromStr};

use super::{Filter, NetnsName};
use crate::{cli::args::FilterArgs, line::Outcome, text::escape::escape, verdict::VerdictId};

/// Bytes of a process name that the kernel keeps (TASK_COMM_LEN without the final NUL).
const COMM: usize = 15;
/// How many near names an error offers.
const NEAREST: usize = 5;

pub(crate) const OUTCOMES: [(&str, Outcome); 9] = [
    ("established", Outcome::Established),
    ("refused", Outcome::Refused),
    ("reset", Outcome::Reset),
    ("timed-out", Outcome::TimedOut),
    ("unreachable", Outcome::Unreachable),
    ("denied", Outcome::Denied),
    ("failed", Outcome::Failed),
    ("cancelled", Outcome::Cancelled),
    ("pending", Outcome::Pending),
];

/// A filter's value means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: \"{}\" is not valid: {why}", escape(.typed))]
pub struct BadFilter {
    /// The option.
    pub option: &'static str,
    /// Its value.
    pub typed: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Filter {
    /// What was typed, understood.
    ///
    /// # Errors
    /// The first value that means nothing.
    pub fn parse(typed: &FilterArgs) -> Result<Self, BadFilter> {
        Ok(Self {
            pid: each("--pid", &typed.pid, |pid| number(pid, "a process id"))?,
            comm: each("--comm", &typed.comm, comm)?,
            uid: each("--uid", &typed.uid, |uid| number(uid, "a user id (id -u NAME shows it)"))?,
            addr: each("--addr", &typed.addr, |net| {
                net.parse().map_err(|why: super::super::cidr::BadCidr| why.to_string())
            })?,
            port: each("--port", &typed.port, port)?,
            lport: each("--lport", &typed.lport, port)?,
            rport: each("--rport", &typed.rport, port)?,
            netns: each("--netns", &typed.netns, netns)?,
            cgroup: each("--cgroup", &typed.cgroup, cgroup)?,
            outcome: each("--outcome", &typed.outcome, outcome)?,
            verdict: each("--verdict", &typed.verdict, verdict)?,
        })
    }
}

fn each<T>(
    option: &'static str,
    typed: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, BadFilter> {
    let one = |value: &String| parse(value).map_err(|why| BadFilter { option, typed: value.clone(), why });
    typed.iter().map(one).collect()
}

fn number<T: FromStr<Err: Display>>(typed: &str, what: &str) -> Result<T, String> {
    typed.parse().map_err(|_| format!("it must be {what}, as a number"))
}

fn port(typed: &str) -> Result<u16, String> {
    typed.parse().map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

/// The kernel cuts names, so a longer one could never match.
fn comm(typed: &str) -> Result<String, String> {
    if typed.is_empty() {
        return Err("a process name is not empty".to_owned());
    }
    let cut = (0..=COMM.min(typed.len())).rev().find(|&at| typed.is_char_boundary(at));
    Ok(typed[..cut.unwrap_or(0)].to_owned())
}

fn netns(typed: &str) -> Result<NetnsName, String> {
    let inside = typed.strip_prefix("net:[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(typed);
    if inside.is_empty() {
        return Err("it must be an inode number (ls -l /proc/PID/ns/net) or a name (ip netns)".to_owned());
    }
    Ok(inside.parse().map_or_else(|_| NetnsName::Name(inside.to_owned()), NetnsName::Inum))
}

fn cgroup(typed: &str) -> Result<String, String> {
    let path = typed.strip_prefix("/sys/fs/cgroup").unwrap_or(typed);
    if typed.starts_with('/') {
        return Ok(path.to_owned());
    }
    Err("a cgroup path starts with /, as in /proc/PID/cgroup; example: /system.slice/nginx.service"
        .to_owned())
}

fn outcome(typed: &str) -> Result<Outcome, String> {
    let known = OUTCOMES.iter().find(|(name, _)| *name == typed).map(|&(_, outcome)| outcome);
    known.ok_or_else(|| format!("it must be one of {}", OUTCOMES.map(|(name, _)| name).join(", ")))
}

fn verdict(typed: &str) -> Result<VerdictId, String> {
    typed.parse().map_err(|_| {
        let near = nearest(typed);
        let near = if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join(", ")) };
        format!("no verdict has that id{near} (\"tcpx explain\" lists all)")
    })
}

/// Ids that hold the word or differ from it in few letters.
fn nearest(typed: &str) -> Vec<&'static str> {
    let most = (typed.len() / 3).max(2);
    let distance = |id: &'static str| {
        let holds = typed.len() > 2 && id.contains(typed);
        let away = if holds { 0 } else { strsim::damerau_levenshtein(typed, id) };
        (away <= most).then_some((away, id))
    };
    let mut near: Vec<_> = VerdictId::ALL.iter().filter_map(|id| distance(id.as_str())).collect();
    near.sort_unstable();
    near.into_iter().map(|(_, id)| id).take(NEAREST).collect()
}
