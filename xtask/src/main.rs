//! tcpx.
fn main() {}
