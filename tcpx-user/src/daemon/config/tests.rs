use super::*;

fn wrong(text: &str) -> String {
    Config::parse("x.toml", text).expect_err("it is wrong").to_string()
}

#[test]
fn the_printed_configuration_is_the_default_one() {
    let printed = Config::parse("x.toml", DEFAULT).expect("valid");
    let recording = &printed.recording;
    assert_eq!(recording.rotation(), Recording::default().rotation());
    assert_eq!(Config { recording: Recording::default(), ..printed }, Config::default());
}

#[test]
fn its_examples_are_valid_too() {
    let uncommented: Vec<_> = DEFAULT
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .collect();
    let config = Config::parse("x.toml", &uncommented.join("\n")).expect("valid");
    assert!(config.socket.group.is_some() && config.recording.rotate_time.is_some());
    assert_eq!(config.socket.users.len(), 2);
    assert!(config.http.listen.is_some() && config.http.hosts.len() == 2 && config.output.file.is_some());
    assert!(config.recording.path.is_some() && config.privileges.user.is_some());
    assert!(config.otlp.config().is_some_and(|otlp| otlp.headers.len() == 1 && otlp.resource.len() == 2));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_is_allowed() {
    for (text, expected) in [
        ("[hooks]\nprobe = \"path\"\n", "x.toml:2:1: unknown field `probe`, expected one of `probes`"),
        ("[hook]\n", "x.toml:1:2: unknown field `hook`, expected one of `hooks`"),
        (
            "[hooks]\nprobes = \"all\"\n",
            "x.toml:2:10: unknown variant `all`, expected one of `resets`, `path`",
        ),
        ("[memory]\nattempts = -1\n", "x.toml:2:12: invalid value: integer `-1`"),
        ("[memory]\nattempts = \"many\"\n", "x.toml:2:12: invalid type: string \"many\", expected usize"),
        ("[memory]\n  size = \"16\u{b5}B\"\n", "x.toml:2:10: \"16\u{b5}B\" is not a size"),
        ("[self_probe]\ninterval = \"0s\"\n", "x.toml:2:12: \"0s\" is not a time, such as"),
        ("[socket]\nusers = [true]\n", "x.toml:2:9: must be a name or a number"),
        (
            "[http]\nlisten = \"0.0.0.0:80\"\n",
            "x.toml:2:10: http.listen: 0.0.0.0:80 is not a loopback address",
        ),
        ("[http]\nlisten = \"localhost\"\n", "x.toml:2:10: invalid socket address"),
        (
            "[recording]\nrotate_size = \"1k\"\n",
            "x.toml:2:15: recording.rotate_size: a file has at least 64k",
        ),
        ("[recording]\ntotal_size = \"1M\"\n", "x.toml:2:14: recording.total_size: smaller than one file"),
        ("[stream]\nbacklog = 0\n", "x.toml: stream.backlog: must be a number from 1 on"),
        ("[hooks]\nbuffer_size = \"9G\"\n", "x.toml: hooks.buffer_size: must be a size from 64k to 1G"),
        (
            "[otlp]\nendpoint = \"https://c:4318\"\n",
            "x.toml:2:12: otlp.endpoint: tcpx speaks no TLS: send to a collector on this host",
        ),
        ("[metrics]\nproces = true\n", "x.toml:2:1: unknown field `proces`, expected one of `process`"),
        ("[hooks\n", "x.toml:1:7: unclosed table"),
        ("[output]\nstdout = true\nstdout = true\n", "x.toml:3:1: duplicate key"),
    ] {
        let said = wrong(text);
        assert!(said.starts_with(expected), "{text}: {said}");
    }
}

#[test]
fn a_remote_address_wants_a_second_key() {
    let text = "[http]\nlisten = \"10.0.0.1:80\"\nallow_remote = true\n";
    assert!(Config::parse("x.toml", text).is_ok());
}

#[test]
fn as_many_files_are_kept_as_fit() {
    let text = "[recording]\nrotate_size = \"300k\"\ntotal_size = \"1M\"\n";
    let rotation = Config::parse("x.toml", text).expect("valid").recording.rotation();
    assert_eq!((rotation.size, rotation.keep), (Some(300_000), std::num::NonZeroU32::new(3)));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("x.toml");
    let error = Config::read(Some(&path)).expect_err("no such file");
    assert!(error.to_string().contains("x.toml"), "{error}");
    fs::write(&path, "[hooks]\nbackend = 7\n").expect("writable");
    let error = Config::read(Some(&path)).expect_err("wrong");
    assert!(error.to_string().contains("x.toml:2:11: "), "{error}");
    assert_eq!(error.status(), 2);
}
