//! tcpx.
