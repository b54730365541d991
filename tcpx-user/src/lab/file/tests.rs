//! Files that are right, and what is said of those that are not.

use super::{EXAMPLES, File};

const STEP: &str = "[[step]]\nwho = \"client\"\ncall = \"connect\"\nto = \"127.0.0.1:80\"\n";
const EXPECT: &str = "[expect]\nverdict = \"closed-port\"\n";

fn wrong(text: &str) -> String {
    File::parse("my.toml", text).expect_err("it is wrong").to_string()
}

#[test]
fn every_example_can_be_read() {
    for (name, text) in EXAMPLES {
        let file = File::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        assert!(!file.about.is_empty(), "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_with_what_is_allowed() {
    let with = |step: &str| format!("title = \"x\"\n{step}{EXPECT}");
    let cases = [
        (with(&STEP.replace("connect", "conect")), "my.toml:4:8: ", "`connect`"),
        (with(&STEP.replace("who", "whom")), "my.toml:3:1: ", "`who`"),
        (with(&STEP.replace("127.0.0.1:80", "localhost")), "my.toml:5:6: ", "socket address"),
        (
            with(&STEP.replace("to = \"127.0.0.1:80\"\n", "")),
            "my.toml:2:1: ",
            "connect needs \"to\"; it takes who, to, socket",
        ),
        (with(&format!("{STEP}data = \"x\"\n")), "my.toml:2:1: ", "connect knows no \"data\""),
        (with(""), "my.toml:1:1: ", "there is no [[step]]"),
        (with(STEP).replace("closed-port", "closed"), "my.toml:7:11: ", "\"closed\" is no verdict"),
        (format!("title = \"x\"\n{STEP}"), "my.toml:1:1: ", "`expect`"),
    ];
    for (text, place, said) in cases {
        let message = wrong(&text);
        assert!(message.starts_with(place) && message.contains(said), "{message}");
    }
}
