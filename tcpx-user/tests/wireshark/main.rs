//! What `tcpx export` writes, read by the real tshark: fields, comments, interfaces, nothing malformed.
#![expect(clippy::unwrap_used, reason = "a test that cannot start its subject fails")]

mod story;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output, Stdio},
};

use assert_cmd::cargo::CommandCargoExt as _;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A test: it gets a folder with the recording `x.tcpx` and what was made of it, `x.pcapng`.
type Test = fn(&Path);

const TESTS: &[(&str, Test)] = &[
    ("every field stands where Wireshark looks for it", fields),
    ("comments can be searched for verdict, process and path", comments),
    ("nothing is malformed, and IP and ICMP checksums are right", sound),
    ("the file says who made it and where", section),
    ("stdout can be piped into tshark", piped),
    ("filters are those of replay", filtered),
    ("what was recorded too little of is counted on stderr", counted),
    ("a recording that is cut short gives what came before", cut_short),
    ("a reader that goes is no error", closed),
    ("a file is there whole or not at all, and never the recording", refused),
];

fn main() -> ExitCode {
    let missing =
        Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err();
    let trial = |&(name, test): &(&'static str, Test)| {
        Trial::ignorable_test(name, move || if missing { Ok(without()) } else { run(test) })
    };
    libtest_mimic::run(&Arguments::from_args(), TESTS.iter().map(trial).collect()).exit_code()
}

fn without() -> Completion {
    Completion::ignored_with("tshark is not installed: cargo xtask setup installs it")
}

fn run(test: Test) -> Result<Completion, Failed> {
    let folder = tempfile::tempdir()?;
    story::record(&folder.path().join("x.tcpx"));
    let output = tcpx(folder.path(), &["export", "x.tcpx", "-w", "x.pcapng"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    test(folder.path());
    Ok(Completion::Completed)
}

fn tcpx(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("tcpx").unwrap();
    command.current_dir(folder).args(args);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What tshark says of a file.
fn tshark(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("tshark");
    // The user's own settings are not the test's.
    command.env("HOME", folder).env("XDG_CONFIG_HOME", folder).env_remove("WIRESHARK_CONFIG_DIR");
    let output = command.current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "tshark {args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Numbers of the packets for which a display filter holds.
fn packets(folder: &Path, filter: &str) -> Vec<u32> {
    let said = tshark(folder, &["-r", "x.pcapng", "-Y", filter, "-T", "fields", "-e", "frame.number"]);
    said.lines().map(|line| line.parse().unwrap()).collect()
}

fn fields(folder: &Path) {
    const FIELDS: &[&str] = &[
        "frame.time_relative",
        "frame.interface_name",
        "frame.len",
        "frame.cap_len",
        "frame.packet_flags_direction",
        "ip.src",
        "ip.dst",
        "ip.len",
        "ip.ttl",
        "ip.id",
        "ipv6.src",
        "ipv6.dst",
        "ipv6.plen",
        "ipv6.hlim",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.flags.str",
        "tcp.window_size_value",
        "tcp.len",
        "icmp.type",
        "icmp.code",
        "icmpv6.type",
        "icmpv6.code",
    ];
    let mut args = vec!["-r", "x.pcapng", "-n", "-T", "json"];
    args.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    let said: serde_json::Value = serde_json::from_str(&tshark(folder, &args)).unwrap();
    let line = |packet: &serde_json::Value| {
        let layers = &packet["_source"]["layers"];
        let values = FIELDS.iter().filter_map(|field| {
            let values: Vec<_> =
                layers[field].as_array()?.iter().filter_map(|value| value.as_str()).collect();
            Some(format!("{field}={}", values.join(",")))
        });
        values.collect::<Vec<_>>().join(" ")
    };
    let lines: Vec<_> = said.as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!("fields", lines.join("\n"));
}

fn comments(folder: &Path) {
    let all = packets(folder, "frame");
    assert_eq!(packets(folder, r#"frame.comment contains "tcpx: ""#), all, "each has one");
    for (filter, some) in [
        (r#"frame.comment contains "closed-port""#, &[1, 2][..]),
        (r#"frame.comment contains "process: curl[41], uid 1000""#, &[3, 7, 8, 9, 10, 11]),
        (r#"frame.comment contains "tcp_v4_send_reset" and tcp.flags.reset == 1"#, &[2]),
        (r#"frame.comment contains "netfilter-drop""#, &[6]),
    ] {
        assert_eq!(packets(folder, filter), some, "{filter}");
    }
    let said = tshark(folder, &["-r", "x.pcapng", "-T", "json", "-e", "frame.comment"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let words = said
        .as_array()
        .unwrap()
        .iter()
        .map(|packet| packet["_source"]["layers"]["frame.comment"][0].as_str().unwrap());
    insta::assert_snapshot!("comments", words.collect::<Vec<_>>().join("\n\n"));
}

fn sound(folder: &Path) {
    assert!(packets(folder, "_ws.malformed or _ws.unreassembled").is_empty());
    let checked = |filter| {
        let options = ["-o", "ip.check_checksum:TRUE", "-r", "x.pcapng", "-Y", filter];
        tshark(folder, &options).lines().count()
    };
    let v4 = packets(folder, "ip and not icmp").len();
    assert_eq!(checked("ip.checksum.status == Good and not icmp"), v4);
    assert_eq!(checked("icmp.checksum.status == Good") + checked("icmpv6.checksum.status == Good"), 2);
    assert_eq!(checked("ip.checksum.status == Bad or icmp.checksum.status == Bad"), 0);
}

fn section(folder: &Path) {
    let output = Command::new("capinfos").current_dir(folder).arg("x.pcapng").output().unwrap();
    let said = text(&output.stdout);
    for part in [
        &format!("Capture application: tcpx {}", env!("CARGO_PKG_VERSION")),
        "Capture oper-sys:    Linux 6.12.0-test",
        "TCP checksums were not recorded and are 0",
        "Strict time order:   True",
        "Name = netns 4026531840 lo",
        "Name = netns 4026531840 eth0",
        "Time precision = nanoseconds (9)",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

fn piped(folder: &Path) {
    let mut export = command(folder, &["export", "x.tcpx", "-w", "-"]);
    let mut export = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-r", "-"]).stdin(export.stdout.take().unwrap()).env("HOME", folder);
    let said = text(&tshark.output().unwrap().stdout);
    let notes = text(&export.wait_with_output().unwrap().stderr);
    assert_eq!(said.lines().count(), packets(folder, "frame").len(), "{said}");
    assert!(notes.contains(" into stdout\n"), "{notes}");
}

fn filtered(folder: &Path) {
    for (args, count) in [
        (&["--verdict", "stray-segment"][..], 2),
        (&["--addr", "192.0.2.0/24"], 2),
        (&["--port", "1"], 0),
        (&["-c", "1"], 2),
    ] {
        let args = [&["export", "x.tcpx", "-w", "y.pcapng"], args].concat();
        assert_eq!(tcpx(folder, &args).status.code(), Some(0));
        let said = tshark(folder, &["-r", "y.pcapng"]);
        assert_eq!(said.lines().count(), count, "{args:?}: {said}");
    }
}

fn counted(folder: &Path) {
    let output = tcpx(folder, &["export", "x.tcpx", "-w", "y.pcapng"]);
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!("notes", text(&output.stderr));
}

fn cut_short(folder: &Path) {
    let bytes = std::fs::read(folder.join("x.tcpx")).unwrap();
    std::fs::write(folder.join("short.tcpx"), &bytes[..bytes.len() - 5]).unwrap();
    let output = tcpx(folder, &["export", "short.tcpx", "-w", "short.pcapng"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be read from byte"), "{said}");
    assert_eq!(tshark(folder, &["-r", "short.pcapng"]).lines().count(), packets(folder, "frame").len());
}

fn closed(folder: &Path) {
    let mut export = command(folder, &["export", "x.tcpx", "-w", "-"]);
    let mut export = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(export.stdout.take());
    let output = export.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

fn refused(folder: &Path) {
    let names = || {
        let mut names: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    };
    let before = names();
    std::fs::copy(folder.join("x.tcpx"), folder.join("same")).unwrap();
    for (args, status, said) in [
        (&["same", "-w", "same"][..], 2, "same is the recording itself"),
        (&["x.tcpx", "-w", "y.pcap"], 2, "what is written is pcapng"),
        (&["x.tcpx"], 2, "--write <FILE>"),
        (&["none.tcpx", "-w", "y.pcapng"], 1, "reading the recording none.tcpx"),
        (&["x.pcapng", "-w", "y.pcapng"], 1, "x.pcapng"),
        (&["x.tcpx", "-w", "no/y.pcapng"], 1, "creating no/y.pcapng"),
        (&["x.tcpx", "-w", "/dev/full"], 1, "writing /dev/full"),
    ] {
        let output = tcpx(folder, &[&["export"], args].concat());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
    std::fs::remove_file(folder.join("same")).unwrap();
    assert_eq!(names(), before);
}
