//! Files that are right, and what is said of those that are not.

use super::{EXAMPLES, File, Role};

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

#[test]
fn a_misspelt_word_is_an_error_where_it_stands_and_says_what_is_allowed() {
    let close = |rest: &str| format!("title = \"x\"\n[[step]]\nwho = \"client\"\n{rest}{EXPECT}");
    let expect = |rest: &str| format!("title = \"x\"\n{STEP}{EXPECT}{rest}");
    let listen = "[[step]]\nwho = \"client\"\ncall = \"close\"\n";
    let cases = [
        (
            expect("outcome = \"refusd\"\n"),
            "my.toml:8:11: ",
            "\"refusd\" is no outcome; allowed: established, ",
        ),
        (
            expect("errno = \"ECONREFUSED\"\n"),
            "my.toml:8:9: ",
            "\"ECONREFUSED\" is no errno; allowed: none, ",
        ),
        (expect("who = \"clinet\"\n"), "my.toml:8:7: ", "no step is by \"clinet\"; programs: client"),
        (
            format!("title = \"x\"\n{STEP}returns = \"EREFUSED\"\n{EXPECT}"),
            "my.toml:6:11: ",
            "\"EREFUSED\" is no result of a call; allowed: 0, ",
        ),
        (
            format!(
                "title = \"x\"\n{STEP}[[step]]\nwho = \"client\"\ncall = \"linger\"\nvalue = \"no\"\n{EXPECT}"
            ),
            "my.toml:9:9: ",
            "linger: \"no\" as value; it takes seconds, \"0\" to \"65535\"",
        ),
        (
            format!(
                "title = \"x\"\n{STEP}[[step]]\ncall = \"await\"\nto = \"[::1]:80\"\nstate = \"LISTENING\"\n{EXPECT}"
            ),
            "my.toml:9:9: ",
            "\"LISTENING\" is no state; allowed: ESTABLISHED, ",
        ),
        (
            close("call = \"listen\"\n"),
            "my.toml:2:1: ",
            "client has no socket \"socket\" here, it has: none; bind and",
        ),
        (
            format!("title = \"x\"\n{STEP}{listen}{listen}{EXPECT}"),
            "my.toml:9:1: ",
            "close: client has no socket \"socket\" here",
        ),
        (
            format!("title = \"x\"\n{STEP}{listen}socket = \"other\"\n{EXPECT}"),
            "my.toml:6:1: ",
            "client has no socket \"other\" here, it has: socket;",
        ),
        (
            format!("title = \"x\"\n{}{EXPECT}", STEP.replace("client", "a-long-client-name")),
            "my.toml:2:1: ",
            "the kernel keeps 1 to 15 bytes",
        ),
    ];
    for (text, place, said) in cases {
        let message = wrong(&text);
        assert!(message.starts_with(place) && message.contains(said), "{message}");
    }
}

#[test]
fn a_program_takes_the_place_of_who_connects_or_listens_if_there_is_one() {
    let parse = |name: &str| {
        let text = EXAMPLES.iter().find(|(known, _)| *known == name).expect("an example").1;
        File::parse(name, text).expect("it is right")
    };
    let taken = |name: &str, role| {
        let mut file = parse(name);
        file.replace(role, "x").map(|()| (file.replaced[0].who.clone(), file.replaced[0].at.to_string()))
    };
    let at = |who: &str, at: &str| Ok((who.to_owned(), at.to_owned()));
    assert_eq!(
        taken("accept-queue-full.toml", Role::Client),
        at("client", "127.0.0.1:8080"),
        "not the filler"
    );
    assert_eq!(taken("accept-queue-full.toml", Role::Server), at("server", "127.0.0.1:8080"));
    assert_eq!(taken("bound-not-listening.toml", Role::Server), at("python3", "0.0.0.0:8888"));
    assert!(taken("closed-port.toml", Role::Server).is_err());
    assert!(taken("self-connect.toml", Role::Server).is_err(), "it connects to itself");
}
