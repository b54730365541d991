//! Messages that look like a failed TCP connection but are, or may be, about something else.

/// What to say when a message has one of these marks.
struct Aside {
    marks: &'static [&'static str],
    says: &'static str,
}

const ASIDES: &[Aside] = &[
    Aside {
        marks: NAMES,
        says: "This is not TCP but name resolution: the name could not be turned into an address, so no \
        connection was tried. Check with: getent ahosts NAME",
    },
    Aside {
        marks: &["read udp", "write udp", "dial udp", "(udp)", "udp connection", "udp socket", "/dev/udp/"],
        says: "This is UDP, not TCP: an ICMP port unreachable said that \
        nobody has the port. After \"lookup\" it is the name server that did not answer.",
    },
    Aside {
        marks: TLS,
        says: "This is TLS, on top of a TCP connection that stood. If the message names no error of TCP, look \
        at certificates and at the protocol: is the port one for TLS?",
    },
    Aside {
        marks: CLOSED,
        says: "The peer closed the connection in the ordinary way (FIN). Without an error such as \
        ECONNRESET in the message TCP did not fail: look at the log of the server.",
    },
    Aside {
        marks: &["bad gateway", "gateway timeout", "gateway time-out", "service unavailable"],
        says: "A proxy answered in \
        HTTP, so the connection to it stood. The one that failed is its own connection to the server behind it: run \
        tcpx on the proxy.",
    },
    Aside {
        marks: &[
            "permission denied (publickey",
            "permission denied (password",
            "permission denied, please try",
        ],
        says: "This is the login of SSH, not TCP: the connection stood.",
    },
    Aside {
        marks: &["no such file or directory", "enoent"],
        says: "This is about a file or a Unix domain socket that does not \
        exist, not about TCP.",
    },
];

const NAMES: &[&str] = &[
    "name or service not known",
    "temporary failure in name resolution",
    "failure in name resolution",
    "name resolution failed",
    "no address associated with",
    "nodename nor servname",
    "resolve host",
    "no such host",
    "getaddrinfo",
    "enotfound",
    "eai_again",
    "eai_noname",
    "name does not resolve",
    "unknownhostexception",
    "unknown host",
    "server misbehaving",
    "nxdomain",
    "servfail",
    "could not translate host name",
];

const TLS: &[&str] = &[
    "certificate verify",
    "certificate has expired",
    "certificate problem",
    "x509:",
    "ssl routines",
    "ssl_connect",
    "sslv3 alert",
    "tls handshake",
    "tls alert",
    "ssl handshake",
    "handshake failure",
    "wrong version number",
];

const CLOSED: &[&str] = &[
    "empty reply from server",
    "unexpected eof",
    "end of file",
    "remote end closed connection",
    "connection closed by",
    "closed the connection unexpectedly",
    "socket hang up",
];

const UNIX: &str = "The message names a path, so it may be about a Unix domain socket (AF_UNIX) and not about TCP. There \
    \"Connection refused\" means that the socket file exists but nobody listens on it: the server has ended, or never \
    called listen(). Check with: ss -xlp. What follows holds for TCP.";

/// What to say about a message beside its TCP errors, if anything.
#[must_use]
pub fn asides(message: &str) -> Vec<&'static str> {
    let lower = message.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let marked = |aside: &&Aside| aside.marks.iter().any(|mark| lower.contains(mark));
    let unix = names_unix_socket(&lower).then_some(UNIX);
    unix.into_iter().chain(ASIDES.iter().filter(marked).map(|aside| aside.says)).collect()
}

/// Whether a message, in lower case, names a Unix domain socket, or a path where the address would be.
fn names_unix_socket(message: &str) -> bool {
    let named = ["unix:", "dial unix", "through socket", "on socket", "unix domain", "unix socket"];
    named.iter().any(|mark| message.contains(mark))
        || paths(message).any(|(_, word)| !word.starts_with("/dev/tcp/") && !word.starts_with("/dev/udp/"))
}

/// Absolute paths in a message. One at its very beginning is the program that speaks, unless it is a socket by its name.
fn paths(message: &str) -> impl Iterator<Item = (usize, &str)> {
    let quotes = ['"', '\'', '`', '(', ')', '[', ']', ':', ',', ';'];
    let words = message.split_whitespace().map(move |word| word.trim_matches(quotes)).enumerate();
    words.filter(|(place, word)| {
        word.starts_with('/') && (*place > 0 || word.rsplit_once('.').is_some_and(|(_, end)| end == "sock"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_resolve_are_not_tcp() {
        for message in [
            "curl: (6) Could not resolve host: nowhere.example",
            "ssh: Could not resolve hostname db: Name or service not known",
            "dial tcp: lookup db: no such host",
            "Error: getaddrinfo ENOTFOUND db",
            "ENOTFOUND",
        ] {
            assert!(asides(message)[0].starts_with("This is not TCP but name resolution"), "{message}");
        }
    }

    #[test]
    fn a_path_may_be_a_unix_socket() {
        for message in [
            "connect: /run/foo.sock: Connection refused",
            "/run/foo.sock: Connection refused",
            "dial unix /var/run/docker.sock: connect: permission denied",
            "Can't connect to local MySQL server through socket '/run/mysqld/mysqld.sock' (111)",
            "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: Connection refused",
        ] {
            assert_eq!(asides(message), [UNIX], "{message}");
        }
    }

    #[test]
    fn udp_is_named_as_not_tcp() {
        for message in [
            "read udp 10.0.0.2:40000->10.0.0.53:53: read: connection refused",
            "nc: connect to 10.0.0.1 port 53 (udp) failed: Connection refused",
            "bash: /dev/udp/127.0.0.1/53: Connection refused",
        ] {
            assert!(asides(message).iter().any(|says| says.starts_with("This is UDP, not TCP")), "{message}");
        }
    }

    #[test]
    fn plain_tcp_errors_have_no_aside() {
        for message in [
            "curl: (7) Failed to connect to localhost port 8888 after 0 ms: Connection refused",
            "bash: /dev/tcp/127.0.0.1/80: Connection refused",
            "/usr/bin/nc: connect to 10.0.0.1 port 80 (tcp) failed: Connection refused",
            "GET http://localhost:80/path: Connection reset by peer",
        ] {
            assert_eq!(asides(message), [""; 0], "{message}");
        }
    }
}
