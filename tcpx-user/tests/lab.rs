//! Every scenario of the lab on this machine's kernel, without any tracing: does the kernel do what the scenario says?
//!
//! The scripts themselves assert what the application gets and what the peer sees; here the namespaces' own counters
//! are compared with what the scenario claims.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, ExitCode},
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tcpx_user::lab::{
    Address, Deadline, EXAMPLES, File, LabError, Namespace, Role, Scenario, Stage, actor, scenarios,
    veth_pair,
};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|first| first == actor::ARGUMENT) {
        return actor::main(args);
    }
    let mut trials: Vec<Trial> =
        scenarios().map(|s| Trial::ignorable_test(s.name, move || completion(perform(s)))).collect();
    let examples = EXAMPLES.iter().map(|&(name, text)| {
        Trial::ignorable_test(format!("docs/labs/{name}"), move || completion(example(name, text)))
    });
    trials.extend(examples);
    trials
        .push(Trial::ignorable_test("programs in the place of client and server", || completion(programs())));
    trials.push(Trial::ignorable_test("two namespaces and a veth", || completion(veth())));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A machine that cannot is skipped, with its reason; all else is a failure.
fn completion(result: Result<(), LabError>) -> Result<Completion, Failed> {
    match result {
        Ok(()) => Ok(Completion::Completed),
        Err(error) if error.is_unavailable() => Ok(Completion::ignored_with(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn perform(scenario: &Scenario) -> Result<(), LabError> {
    let mut stage = scenario.stage();
    let played = scenario.play(&mut stage).and_then(|()| check(scenario, &stage));
    played.inspect_err(|error| {
        if !error.is_unavailable() {
            tell(&stage);
        }
    })
}

/// The calls of a file return what it says.
fn example(name: &'static str, text: &str) -> Result<(), LabError> {
    let file = File::parse(name, text).expect("a test reads them all");
    let scenario = Box::leak(Box::new(file)).scenario(name);
    let mut stage = scenario.stage();
    scenario.play(&mut stage)?;
    require(stage.was_ready(), "the scenario calls ready()")
}

/// Both connect where the file says, and nothing of them is left when the stage goes, whatever they started.
fn programs() -> Result<(), LabError> {
    let folder = tempfile::tempdir().map_err(failed("a folder for the test"))?;
    let (server, client) = (folder.path().join("server"), folder.path().join("client"));
    let python = |code: &str, tells: &Path| {
        format!(
            "python3 -c 'import os, socket, sys; at = (os.environ[\"TCPX_ADDR\"], int(os.environ[\"TCPX_PORT\"])); {code}' >{}",
            tells.display()
        )
    };
    if !Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success()) {
        let (what, why) = ("python3".to_owned(), "it does not run".to_owned());
        return Err(LabError::Unavailable { what, why, advice: "apt install python3" });
    }
    let serve = "print(os.getpid(), flush=True); s = socket.create_server(at); c = s.accept()[0]; c.sendall(b\"Hello\"); s.accept()";
    let ask = "print(socket.create_connection(at).recv(5)); sys.exit(7)";
    let text = EXAMPLES.iter().find(|(name, _)| *name == "linger-zero.toml").expect("an example").1;
    let mut file = File::parse("linger-zero.toml", text).expect("a test reads them all");
    file.replace(Role::Server, &format!("{} & wait", python(serve, &server))).expect("it has a server");
    file.replace(Role::Client, &python(ask, &client)).expect("it has a client");
    let scenario = Box::leak(Box::new(file)).scenario("linger-zero.toml");
    let mut stage = scenario.stage();
    scenario.play(&mut stage).inspect_err(|_| tell(&stage))?;
    let read = |path: &Path| fs::read_to_string(path).map_err(failed("read what a program wrote"));
    require(read(&client)?.trim() == "b'Hello'", "the client was answered by the server")?;
    let told =
        stage.script().lines().iter().any(|line| line.to_string().ends_with("has ended: exit status: 7"));
    require(told, "the script tells how the client ended")?;
    let pid = read(&server)?.trim().to_owned();
    let lives = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    require(lives(), "the server serves as long as the stage stands")?;
    drop(stage);
    Deadline::default().until("the end of the server", || Ok((!lives()).then_some(())))
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> LabError {
    move |source| LabError::Io { what: what.to_owned(), source }
}

fn check(scenario: &Scenario, stage: &Stage) -> Result<(), LabError> {
    let facts = stage.facts();
    require(stage.was_ready(), "the scenario calls ready()")?;
    require(
        facts
            .attempts
            .iter()
            .map(|a| a.verdict)
            .chain(facts.resets.iter().map(|r| r.verdict))
            .chain(facts.drops.iter().map(|d| d.verdict))
            .chain(facts.deaths.iter().map(|d| d.verdict))
            .chain(facts.calls.iter().map(|c| c.verdict))
            .chain(facts.drops.iter().map(|d| d.verdict))
            .any(|v| v == scenario.verdict()),
        "a fact has the scenario's verdict",
    )?;
    let rise = stage.rise("OutRsts")?;
    require(
        rise == Some(facts.out_rsts),
        &format!("OutRsts rises by {}, it rose by {rise:?}", facts.out_rsts),
    )?;
    for (counter, at_least) in &facts.counters {
        let rise = stage.rise(counter)?;
        require(rise >= Some(*at_least), &format!("{counter} rises by {at_least}, it rose by {rise:?}"))?;
    }
    for counter in &facts.unmoved {
        require(stage.rise(counter)? == Some(0), &format!("{counter} does not rise"))?;
    }
    Ok(())
}

fn require(holds: bool, what: &str) -> Result<(), LabError> {
    let unmet = || LabError::Unexpected { what: what.into(), expected: "true".into(), got: "false".into() };
    holds.then_some(()).ok_or_else(unmet)
}

#[expect(clippy::print_stderr, reason = "a failed test tells what was done")]
fn tell(stage: &Stage) {
    for line in stage.script().lines() {
        eprintln!("    {line}");
    }
}

fn veth() -> Result<(), LabError> {
    let mut stage = Stage::new(tcpx_user::lab::Family::Ipv6, "established");
    let ends = [stage.namespace("left")?, stage.namespace("right")?];
    veth_pair("veth0", &ends[0], &ends[1])?;
    let address =
        |end: &Namespace, last| end.add_address("veth0", Address::new([0xfd01, 0, 0, 0, 0, 0, 0, last], 64));
    address(&ends[0], 1)?;
    address(&ends[1], 2)?;
    let (server, client) = (stage.actor(&ends[0], "server")?, stage.actor(&ends[1], "client")?);
    let to = ([0xfd01, 0, 0, 0, 0, 0, 0, 1], 8080).into();
    server.serve(to)?;
    stage.ready()?;
    let socket = client.socket(to)?;
    client.connect(socket, to)?.ok()?;
    require(ends[0].inum() != ends[1].inum(), "the namespaces differ")
}
