//! The errors by which applications notice that a TCP connection failed, and how to find them in what programs print.

use serde::Serialize;

/// One errno: its name, its number on this machine, and the words that C libraries and programs use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Errno {
    /// The symbol, such as `ECONNREFUSED`.
    pub name: &'static str,
    /// The number on the architecture that tcpx was built for.
    pub number: i32,
    /// What strerror() of the GNU C library says.
    pub text: &'static str,
    /// Other words for it, in lower case: musl, Go, Java, curl.
    #[serde(skip)]
    other: &'static [&'static str],
    /// What to know before reading the list of verdicts.
    pub note: Option<&'static str>,
}

const fn errno(name: &'static str, number: i32, text: &'static str, other: &'static [&'static str]) -> Errno {
    Errno { name, number, text, other, note: None }
}

const fn noted(known: Errno, note: &'static str) -> Errno {
    Errno { note: Some(note), ..known }
}

/// Every errno that the catalogue names, the most frequent first.
pub const ALL: &[Errno] = &[
    noted(
        errno("ECONNREFUSED", libc::ECONNREFUSED, "Connection refused", &["connectionrefused"]),
        "An RST, or an ICMP port unreachable, answered the SYN.",
    ),
    noted(
        errno("ECONNRESET", libc::ECONNRESET, "Connection reset by peer", &["connection reset"]),
        "An RST ended an open connection. The cause lies with the host that sent it: run tcpx there, or on both ends.",
    ),
    noted(
        errno("ETIMEDOUT", libc::ETIMEDOUT, "Connection timed out", TIMEOUTS),
        "Many programs print these words when a timeout of their own is over, while the kernel is still trying. \
         Either way an answer did not come: the SYN was dropped, or the peer is gone.",
    ),
    errno(
        "EHOSTUNREACH",
        libc::EHOSTUNREACH,
        "No route to host",
        &["host is unreachable", "host unreachable"],
    ),
    errno("ENETUNREACH", libc::ENETUNREACH, "Network is unreachable", &["network unreachable"]),
    noted(
        errno("EPIPE", libc::EPIPE, "Broken pipe", &[]),
        "The program wrote to a connection that had ended before: the peer had closed it, and then reset it. \
         On a pipe the words mean that its reader has ended, and TCP has no part in it.",
    ),
    errno("EADDRINUSE", libc::EADDRINUSE, "Address already in use", &["address in use"]),
    errno("EADDRNOTAVAIL", libc::EADDRNOTAVAIL, "Cannot assign requested address", NOT_AVAILABLE),
    noted(
        errno("EACCES", libc::EACCES, "Permission denied", &[]),
        "Of connect(), bind() or listen(), not of a file.",
    ),
    noted(
        errno("EPERM", libc::EPERM, "Operation not permitted", &[]),
        "Of connect(), bind() or listen(), not of a file.",
    ),
    errno("ECONNABORTED", libc::ECONNABORTED, "Software caused connection abort", &["connection aborted"]),
    errno("EINPROGRESS", libc::EINPROGRESS, "Operation now in progress", &["operation in progress"]),
    errno("EHOSTDOWN", libc::EHOSTDOWN, "Host is down", &[]),
    errno("ENONET", libc::ENONET, "Machine is not on the network", &[]),
    errno("ENOPROTOOPT", libc::ENOPROTOOPT, "Protocol not available", &[]),
    errno("EPROTO", libc::EPROTO, "Protocol error", &[]),
    errno("EOPNOTSUPP", libc::EOPNOTSUPP, "Operation not supported", &["not supported"]),
    errno("EINVAL", libc::EINVAL, "Invalid argument", &[]),
];

const TIMEOUTS: &[&str] = &["timed out", "timeout", "deadline exceeded", "deadline has elapsed"];
const NOT_AVAILABLE: &[&str] = &["can't assign requested address", "address not available"];

/// Smaller numbers stand for too many other things (exit codes, line numbers) to be taken from the middle of a message.
const PLAIN_NUMBERS_FROM: i32 = 90;

impl Errno {
    /// The errno called `name`, in any case.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|errno| errno.name.eq_ignore_ascii_case(name))
    }

    /// The errno with this number; a negative one is read as the kernel writes it.
    #[must_use]
    pub fn by_number(number: i32) -> Option<&'static Self> {
        ALL.iter().find(|errno| Some(errno.number) == number.checked_abs())
    }

    /// Where `message`, in lower case, has the words for this error; one word alone must be all of the message.
    fn words_at(&self, message: &str) -> Option<usize> {
        let text = self.text.to_ascii_lowercase();
        let phrases = std::iter::once(text.as_str()).chain(self.other.iter().copied());
        let mut found = phrases.filter_map(|phrase| {
            let at = message.find(phrase)?;
            (message.contains(' ') || message == phrase).then_some(at)
        });
        let first = found.next()?;
        Some(found.fold(first, usize::min))
    }
}

/// The errors that a message names by symbol, number or words, in the order of the message.
#[must_use]
pub fn in_message(message: &str) -> Vec<&'static Errno> {
    let message = message.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let words = ALL.iter().filter_map(|errno| Some((errno.words_at(&message)?, errno)));
    let mut found: Vec<_> = words.chain(symbols(&message)).collect();
    found.sort_by_key(|&(at, _)| at);
    let mut errors: Vec<&'static Errno> = Vec::new();
    for (_, errno) in found {
        if !errors.contains(&errno) {
            errors.push(errno);
        }
    }
    errors
}

/// Symbols such as `ECONNREFUSED`, and numbers where the words before them say that they are an errno.
fn symbols(message: &str) -> Vec<(usize, &'static Errno)> {
    let (mut found, mut before) = (Vec::new(), ["", ""]);
    for word in message.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let at = word.as_ptr().addr() - message.as_ptr().addr();
        let number = word.parse().ok().filter(|&number| is_errno(number, before, &message[..at]));
        let errno = Errno::by_name(word).or_else(|| number.and_then(Errno::by_number));
        found.extend(errno.map(|errno| (at, errno)));
        before = [before[1], word];
    }
    found
}

/// Whether a number in a message is an errno: `errno 13`, `os error 13`, `Os { code: 13`, `(111)`, `error 111`.
fn is_errno(number: i32, before: [&str; 2], text_before: &str) -> bool {
    match before {
        [_, "errno"] | ["os", "error" | "code"] => true,
        [_, "error" | "code"] => number >= PLAIN_NUMBERS_FROM,
        _ => number >= PLAIN_NUMBERS_FROM && text_before.ends_with('('),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{VerdictId, entry};

    fn names(message: &str) -> Vec<&'static str> {
        in_message(message).into_iter().map(|errno| errno.name).collect()
    }

    #[test]
    fn the_catalogue_names_only_known_errors_and_all_of_them() {
        let named = |errno: &Errno| {
            VerdictId::ALL.iter().any(|&id| entry(id).errno.iter().any(|name| name == errno.name))
        };
        for &id in VerdictId::ALL {
            assert!(entry(id).errno.iter().all(|name| Errno::by_name(name).is_some()), "{id}");
        }
        assert_eq!(ALL.iter().filter(|errno| !named(errno)).count(), 0);
    }

    #[test]
    fn texts_are_those_of_the_c_library() {
        for errno in ALL {
            let said = std::io::Error::from_raw_os_error(errno.number).to_string();
            assert_eq!(said, format!("{} (os error {})", errno.text, errno.number), "{}", errno.name);
        }
    }

    #[test]
    fn finds_what_programs_print() {
        let cases = [
            (
                "curl: (7) Failed to connect to localhost port 8888 after 0 ms: Connection refused",
                "ECONNREFUSED",
            ),
            ("dial tcp 10.0.0.1:80: connect: connection refused", "ECONNREFUSED"),
            ("Error: connect ECONNREFUSED 127.0.0.1:3000", "ECONNREFUSED"),
            ("ConnectionRefusedError: [Errno 111] Connection refused", "ECONNREFUSED"),
            ("connect() failed (111: Unknown error) while connecting to upstream", "ECONNREFUSED"),
            ("Os { code: 111, kind: Uncategorized }", "ECONNREFUSED"),
            ("[Errno 13] nope", "EACCES"),
            ("java.net.SocketException: Connection reset", "ECONNRESET"),
            ("ssh: connect to host db port 22: No route to host", "EHOSTUNREACH"),
            ("wget: can't connect to remote host (10.0.0.1): Host is unreachable", "EHOSTUNREACH"),
            ("dial tcp 10.0.0.1:80: i/o timeout", "ETIMEDOUT"),
            ("curl: (28) Connection timed out after 10001 milliseconds", "ETIMEDOUT"),
            ("bind: Address in use", "EADDRINUSE"),
        ];
        for (message, name) in cases {
            assert_eq!(names(message), [name], "{message}");
        }
    }

    #[test]
    fn keeps_the_order_of_the_message() {
        let message = "[::1]: Network is unreachable; 10.0.0.1: Connection  refused (ENETUNREACH)";
        assert_eq!(names(message), ["ENETUNREACH", "ECONNREFUSED"]);
    }

    #[test]
    fn numbers_that_mean_something_else_are_no_errors() {
        for message in ["exit code 1", "make: *** Error 13", "line (1)", "port 111 is closed", "curl: (7)"] {
            assert_eq!(names(message), [""; 0], "{message}");
        }
    }
}
