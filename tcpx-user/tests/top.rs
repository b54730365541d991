//! `tcpx top` on a real terminal: tmux plays it, types, and tells what stands on it.
//!
//! What is waited for is text on the screen, with a deadline. The binary is also the program that panics while it has the
//! terminal, so it has its own main.

use std::{
    env, fs,
    io::Read as _,
    process::{Command, ExitCode, Output},
    time::{Duration, Instant},
};

use assert_cmd::cargo::cargo_bin;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use tcpx_user::top::{
    screen::Screen,
    state::{Origin, State},
    view::Theme,
};
use tempfile::TempDir;

/// Makes this binary the program that panics.
const PANIC: &str = "panic-with-the-terminal";
/// Far above what anything takes, so that only what never comes meets it.
const DEADLINE: Duration = Duration::from_secs(30);
const PROMPT: &str = "READY$";
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recordings/v1-lines.tcpx");

type Outcome = Result<(), Failed>;
type Case = (&'static str, fn() -> Outcome);

fn main() -> ExitCode {
    if env::args().nth(1).is_some_and(|first| first == PANIC) {
        panic_with_the_terminal();
    }
    let trials: [Case; 9] = [
        ("lists, drill-down and help at 80x24", lists_and_drill_down),
        ("q gives the terminal back and says what was lost", left_by_q),
        ("Ctrl-C gives the terminal back", left_by_control_c),
        ("SIGTERM gives the terminal back", ended_by_sigterm),
        ("a panic gives the terminal back, then speaks", panicking),
        ("another size, and one that is too small", resized),
        ("no UTF-8 and no colour", plain),
        ("a terminal that goes away ends it", hung_up),
        ("a dumb terminal is refused", dumb),
    ];
    let trials = trials.map(|(name, run)| Trial::ignorable_test(name, move || with_tmux(run)));
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// tmux is what `cargo xtask setup` installs; without it nothing is known.
fn with_tmux(run: fn() -> Outcome) -> Result<Completion, Failed> {
    match Command::new("tmux").arg("-V").output() {
        Ok(_) => run().map(|()| Completion::Completed),
        Err(error) => Ok(Completion::ignored_with(format!("tmux: {error}; cargo xtask setup installs it"))),
    }
}

/// What a mistake in tcpx would do.
#[expect(clippy::unwrap_used, reason = "it is to panic anyway")]
fn panic_with_the_terminal() -> ! {
    let mut state = State::new(Origin::Recording("to be panicked over".to_owned()), false, true);
    let mut screen = Screen::enter(Theme { color: true }).unwrap();
    screen.draw(&mut state).unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    panic!("this was on purpose");
}

/// A terminal of 80 columns and 24 rows, in which a shell runs.
struct Tmux {
    folder: TempDir,
}

impl Tmux {
    fn start(environment: &str) -> Result<Self, Failed> {
        let tmux = Self { folder: TempDir::new()? };
        let config = tmux.folder.path().join("tmux.conf");
        fs::write(
            &config,
            "set -g status off\nset -g escape-time 0\nset -g default-terminal screen-256color\n",
        )?;
        let path = env::var("PATH").unwrap_or_default();
        let shell =
            format!("exec env -i PATH='{path}' TERM=screen-256color PS1='{PROMPT} ' {environment} sh");
        let config = config.to_string_lossy().into_owned();
        tmux.run(&["-f", &config, "new-session", "-d", "-x", "80", "-y", "24", &shell])?;
        tmux.wait_for(PROMPT)?;
        Ok(tmux)
    }

    /// In UTF-8.
    fn usual() -> Result<Self, Failed> {
        Self::start("LC_ALL=C.UTF-8")
    }

    fn run(&self, args: &[&str]) -> Result<String, Failed> {
        let socket = self.folder.path().join("socket");
        let Output { status, stdout, stderr } =
            Command::new("tmux").arg("-u").arg("-S").arg(socket).args(args).env_remove("TMUX").output()?;
        if !status.success() {
            return Err(format!("tmux {args:?}: {}", String::from_utf8_lossy(&stderr)).into());
        }
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }

    /// What stands on the screen; with `-e` also how it looks.
    fn screen(&self, args: &[&str]) -> Result<String, Failed> {
        self.run(&[&["capture-pane", "-p"], args].concat())
    }

    /// The screen, once this stands on it.
    fn wait_for(&self, text: &str) -> Result<String, Failed> {
        let begun = Instant::now();
        loop {
            let screen = self.screen(&[])?;
            if screen.contains(text) {
                return Ok(screen);
            }
            if begun.elapsed() > DEADLINE {
                return Err(format!("\"{text}\" never came; there is:\n{screen}").into());
            }
        }
    }

    fn keys(&self, keys: &[&str]) -> Result<(), Failed> {
        self.run(&[&["send-keys"], keys].concat()).map(drop)
    }

    /// A line for the shell.
    fn shell(&self, line: &str) -> Result<(), Failed> {
        self.keys(&["-l", line])?;
        self.keys(&["Enter"])
    }

    /// Starts a view of the recording; the shell says its status behind it.
    fn top(&self) -> Result<String, Failed> {
        let tcpx = cargo_bin("tcpx");
        self.shell(&format!("clear; {} top {RECORDING}; echo status=$?", tcpx.display()))?;
        self.wait_for("all of it read")
    }

    /// The terminal is as a shell left it: its own screen, a cursor, echo, lines.
    fn is_as_before(&self) -> Outcome {
        self.shell("clear; stty -a")?;
        self.wait_for("isig icanon iexten echo ")?;
        let state = self.run(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"])?;
        same(state.trim(), "0 1")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.run(&["kill-server"]);
    }
}

fn same(is: &str, expected: &str) -> Outcome {
    if is == expected { Ok(()) } else { Err(format!("expected {expected:?}, there is {is:?}").into()) }
}

fn has(screen: &str, text: &str) -> Outcome {
    if screen.contains(text) { Ok(()) } else { Err(format!("no {text:?} in:\n{screen}").into()) }
}

fn lists_and_drill_down() -> Outcome {
    let tmux = Tmux::usual()?;
    let verdicts = tmux.top()?;
    same(&verdicts.lines().count().to_string(), "24")?;
    for text in ["[1 Verdicts]", "netfilter-drop      1      3      4      4", "LOST 4 records in the kernel"]
    {
        has(&verdicts, text)?;
    }
    for (key, text) in [
        ("2", "someone1[40]"),
        ("3", "127.0.0.2:1000"),
        ("4", "REFUSED someone1[40] → 127.0.0.2:1000"),
        ("End", "[4 Latest]"),
        ("Enter", "__inet_lookup_listener"),
        ("?", "tcpx top: keys"),
    ] {
        tmux.keys(&[key])?;
        tmux.wait_for(text)?;
    }
    tmux.keys(&["Escape"])?;
    tmux.wait_for("next: ")?;
    tmux.keys(&["Escape", "/"])?;
    tmux.wait_for("Enter look for it")?;
    tmux.shell("verdict=no-answer")?;
    tmux.wait_for("who and whom (2 kept)")?;
    tmux.keys(&["p"])?;
    tmux.wait_for("PAUSED at ").map(drop)
}

fn left_by_q() -> Outcome {
    let tmux = Tmux::usual()?;
    tmux.top()?;
    tmux.keys(&["q"])?;
    let after = tmux.wait_for("status=3")?;
    has(&after, "LOST: 4 records in the kernel")?;
    tmux.is_as_before()
}

fn left_by_control_c() -> Outcome {
    let tmux = Tmux::usual()?;
    tmux.top()?;
    tmux.keys(&["C-c"])?;
    tmux.wait_for("status=3")?;
    tmux.is_as_before()
}

/// The process that has the terminal is the shell's child.
fn ended_by_sigterm() -> Outcome {
    let tmux = Tmux::usual()?;
    tmux.shell(&format!(
        "(echo $$ >{0}/shell; exec {1} top {RECORDING}); echo status=$?",
        tmux.folder.path().display(),
        cargo_bin("tcpx").display()
    ))?;
    tmux.wait_for("all of it read")?;
    let shell = fs::read_to_string(tmux.folder.path().join("shell"))?;
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", shell.trim()))?;
    let child = children.trim().parse().ok().and_then(Pid::from_raw).ok_or("the shell has no child")?;
    kill_process(child, Signal::TERM)?;
    tmux.wait_for("status=3")?;
    tmux.is_as_before()
}

fn panicking() -> Outcome {
    let tmux = Tmux::usual()?;
    let program = env::current_exe()?;
    tmux.shell(&format!("clear; {} {PANIC}; echo status=$?", program.display()))?;
    tmux.wait_for("recording to be panicked over")?;
    tmux.keys(&["x"])?;
    tmux.wait_for("this was on purpose")?;
    tmux.wait_for("status=101")?;
    tmux.is_as_before()
}

fn resized() -> Outcome {
    let tmux = Tmux::usual()?;
    tmux.top()?;
    tmux.run(&["resize-window", "-x", "40", "-y", "10"])?;
    tmux.wait_for("tcpx top needs 50x12")?;
    tmux.run(&["resize-window", "-x", "120", "-y", "40"])?;
    let large = tmux.wait_for("a firewall rule on this host dropped")?;
    same(&large.lines().count().to_string(), "40")?;
    tmux.keys(&["q"])?;
    tmux.wait_for("status=3").map(drop)
}

fn plain() -> Outcome {
    let tmux = Tmux::start("LC_ALL=C NO_COLOR=1")?;
    let shown = tmux.top()?;
    tmux.keys(&["4"])?;
    tmux.wait_for("someone1[40] -> 127.0.0.2:1000")?;
    let styled = tmux.screen(&["-e"])?;
    if !(shown.is_ascii() && styled.is_ascii()) {
        return Err(format!("not ASCII:\n{shown}\n{styled}").into());
    }
    // SGR 30 to 49 are colours; tmux writes each as a parameter of its own.
    let codes = styled.split("\u{1b}[").skip(1).filter_map(|code| code.split_once('m'));
    let mut numbers = codes.flat_map(|(code, _)| code.split(';')).filter_map(|code| code.parse::<u8>().ok());
    match numbers.find(|code| (30..=49).contains(code) && ![39, 49].contains(code)) {
        Some(code) => Err(format!("colour {code} in:\n{styled:?}").into()),
        None => Ok(()),
    }
}

fn hung_up() -> Outcome {
    let tmux = Tmux::usual()?;
    let pid = tmux.folder.path().join("pid");
    tmux.shell(&format!("echo $$ >{}; exec {} top {RECORDING}", pid.display(), cargo_bin("tcpx").display()))?;
    tmux.wait_for("all of it read")?;
    let pid = fs::read_to_string(pid)?;
    tmux.run(&["kill-server"])?;
    let begun = Instant::now();
    while fs::exists(format!("/proc/{}", pid.trim()))? {
        if begun.elapsed() > DEADLINE {
            return Err("it goes on without a terminal".into());
        }
    }
    Ok(())
}

fn dumb() -> Outcome {
    let tmux = Tmux::usual()?;
    let tcpx = cargo_bin("tcpx");
    tmux.shell(&format!("clear; TERM=dumb {} top {RECORDING}; echo status=$?", tcpx.display()))?;
    let shown = tmux.wait_for("status=1")?;
    has(&shown, "TERM is dumb or not set")
}
