use std::path::Path;

use super::{
    testing::{Notes, ReadBack, packet, read_file, syn},
    *,
};
use crate::{
    line::Attempt,
    packet::{Headers, Icmp, Numbers, Tcp},
    sink::samples,
};

/// What comes of these lines, and what is said at the end.
fn written(lines: &[Line]) -> (ReadBack, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcapng");
    let notes = Notes::default();
    let said = write(&path, lines, &notes);
    said.expect("a file");
    (read_file(&path), notes.text().replace(&folder.path().display().to_string(), "/tmp"))
}

fn write(path: &Path, lines: &[Line], notes: &Notes) -> io::Result<()> {
    let clock = WallClock::of_pair(0, 1_700_000_000_000_000_000);
    let out = Whole::file(path).expect("writable");
    let mut sink = Pcapng::new(out, clock, Box::new(notes.clone()));
    lines.iter().try_for_each(|line| sink.line(line))
}

fn with(id: u64, list: Vec<Packet>, left_out: LeftOut) -> Line {
    let packets = Some(Box::new(Packets { list, left_out }));
    Line::Attempt(Box::new(Attempt { id, packets, ..samples::plain_attempt() }))
}

fn on(device: &str, packet: &Packet) -> Packet {
    let netns = Netns { name: Some("web".to_owned()), ..packet.netns.clone() };
    Packet { device: Some(device.into()), netns, ..packet.clone() }
}

fn all(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    [samples::start()].into_iter().chain(lines).chain([samples::summary()]).collect()
}

#[test]
fn the_section_names_tcpx_and_the_kernel() {
    let (read, said) = written(&all([]));
    insta::assert_snapshot!(format!("{}\n{said}", read.section.join("\n")));
    assert!(read.interfaces.is_empty() && read.packets.is_empty());
}

#[test]
fn packets_come_in_the_order_of_time_on_the_interface_where_they_were_seen() {
    let late = on("eth0", &packet(20, Part::Arrived, syn(2)));
    let lines = all([
        with(1, vec![late], LeftOut::default()),
        with(2, vec![packet(10, Part::Syn, syn(1))], LeftOut::default()),
    ]);
    let (read, said) = written(&lines);
    let seen: Vec<_> =
        read.packets.iter().map(|packet| (packet.ns, packet.interface.as_str(), packet.flags)).collect();
    assert_eq!(
        seen,
        [
            (1_700_000_000_000_000_010, "netns 4026531840", Some(OUTBOUND)),
            (1_700_000_000_000_000_020, "netns web eth0", Some(INBOUND)),
        ]
    );
    assert_eq!(said, "wrote 2 packets of 2 results on 2 interfaces into /tmp/x.pcapng\n");
    assert_eq!((read.packets[0].bytes.len(), read.packets[0].length), (40, 40));
    assert!(read.packets[0].comment.starts_with("tcpx: listener-v4only (observed)"));
}

#[test]
fn what_could_not_be_written_is_said() {
    let ends = crate::event::Ends {
        a: "10.0.0.1:1".parse().expect("an address"),
        b: "[2001:db8::1]:2".parse().expect("an address"),
    };
    let Headers::Tcp(tcp) = syn(1) else { unreachable!("a SYN") };
    let mixed = packet(1, Part::Syn, Headers::Tcp(Tcp { ends, ..tcp }));
    let left_out = LeftOut { syns: 1, resets: 2, drops: 3, icmp: 4 };
    let (read, said) = written(&all([with(1, vec![mixed], left_out)]));
    assert!(read.packets.is_empty());
    insta::assert_snapshot!(said);
}

#[test]
fn a_line_that_is_told_again_changes_the_words_only() {
    let again = Attempt {
        was: Some(crate::verdict::VerdictId::ListenerV4only),
        verdict: samples::plain_drop().verdict,
        ..samples::plain_attempt()
    };
    let one = packet(10, Part::RstSent(Numbers::OfAnswered), syn(1));
    let again = Line::Attempt(Box::new(again));
    let (read, said) = written(&all([with(1, vec![one], LeftOut::default()), again]));
    assert_eq!(read.packets.len(), 1);
    assert!(read.packets[0].comment.contains("accept-queue-full"));
    assert!(said.starts_with("wrote 1 packet of 1 result "), "{said}");
}

#[test]
fn nothing_appears_before_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcapng");
    let lines = all([with(1, vec![packet(1, Part::Syn, syn(1))], LeftOut::default())]);
    write(&path, &lines[..2], &Notes::default()).expect("written so far");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn interfaces_have_names_without_harm() {
    let (read, _) = written(&all([with(
        1,
        vec![
            on("\u{1b}[2J", &packet(1, Part::Syn, syn(1))),
            packet(
                2,
                Part::Icmp,
                Headers::Icmp(Icmp {
                    from: [10, 0, 0, 9].into(),
                    icmp_type: 3,
                    icmp_code: 3,
                    ttl: None,
                    quoted: crate::event::Ends {
                        a: "10.0.0.1:1".parse().expect("an address"),
                        b: "10.0.0.2:2".parse().expect("an address"),
                    },
                    seq: 1,
                }),
            ),
        ],
        LeftOut::default(),
    )]));
    assert_eq!(read.interfaces, [r"netns web \x1b[2J", "netns 4026531840"]);
}
