//! Lines for a collector, from a daemon that has no privileges left.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    daemon::{PATIENCE, Place, until},
    provoke::Refusing,
};

/// It is found by name, and what waits for it is kept where the daemon may still write.
pub(crate) fn found_by_name() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = collector.local_addr().expect("an address").port();
    let place =
        Place::new(&format!("otlp.endpoint = \"http://localhost:{port}\"\notlp.queue = \"DIR/otlp\"\n"));
    let daemon = place.start();
    assert!(place.path("otlp").is_dir());
    let refusing = Refusing::new();
    refusing.refuse(1);
    until("lines at the collector", || {
        let (stream, _) = collector.accept().expect("the daemon connects");
        serve(stream).contains(&"/v1/logs".to_owned()).then_some(())
    });
    until("health without troubles", || (daemon.health()["healthy"] == true).then_some(()));
}

/// Takes what comes on a connection; says which pages were asked for.
fn serve(mut stream: TcpStream) -> Vec<String> {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut reader = BufReader::new(stream.try_clone().expect("a descriptor"));
    let mut pages = Vec::new();
    while let Some((page, length)) = head(&mut reader) {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        assert_eq!(body[..2], [0x1f, 0x8b], "gzip");
        let done = page == "/v1/logs";
        let connection = if done { "close" } else { "keep-alive" };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: {connection}\r\n\r\n")
            .expect("an answer");
        pages.push(page);
        if done {
            break;
        }
    }
    pages
}

/// Page and length of a request; `None` at the end of the connection.
fn head(reader: &mut impl std::io::BufRead) -> Option<(String, usize)> {
    let mut lines = reader.lines().map_while(Result::ok);
    let page = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().expect("a length");
        }
    }
    Some((page, length))
}
