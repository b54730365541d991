//! `--kernel`: what goes together with it, and what tcpx in a guest is to be given.

use super::{Kernels, wrong};
use crate::cli::{
    args::{BackendArg, LabArgs, ProbesArg},
    failure::Failure,
};

/// Guests, if any are wanted.
pub(super) fn kernels(typed: &LabArgs) -> Result<Option<Kernels>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for name in &typed.kernels.kernel {
        if name.is_empty() {
            return Err(wrong("--kernel: a name is empty; it takes one or several, such as 6.1,7.2"));
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let course = &typed.course;
    if names.len() > 1 && (course.step || course.diagram || course.write.is_some() || course.check.is_some())
    {
        return Err(wrong("--step, --diagram, -w and --check are for one kernel: name one after --kernel"));
    }
    Ok((!names.is_empty()).then(|| Kernels { names, options: options(typed) }))
}

/// What was typed, but for names, and for what is decided here: which form results have, and where they go.
fn options(typed: &LabArgs) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut with = |name: &str, value: Option<&String>| {
        words.extend(value.map(|value| format!("--{name}={value}")));
    };
    let hooks = &typed.hooks;
    with("client", typed.programs.client.as_ref());
    with("server", typed.programs.server.as_ref());
    with("check", typed.course.check.as_ref());
    with("probes", hooks.probes.map(|probes| probes_word(probes).to_owned()).as_ref());
    with("max-events-per-second", hooks.max_events_per_second.as_ref());
    with("buffer-size", hooks.buffer_size.as_ref());
    with("backend", Some(&backend_word(hooks.backend).to_owned()));
    let output = &typed.output;
    for (name, given) in [("quiet", output.quiet), ("verbose", output.verbose), ("all", output.all)] {
        words.extend(given.then(|| format!("--{name}")));
    }
    words
}

const fn probes_word(probes: ProbesArg) -> &'static str {
    match probes {
        ProbesArg::Resets => "resets",
        ProbesArg::Path => "path",
        ProbesArg::Lookup => "lookup",
    }
}

const fn backend_word(backend: BackendArg) -> &'static str {
    match backend {
        BackendArg::Auto => "auto",
        BackendArg::Tracepoint => "tracepoint",
        BackendArg::Fentry => "fentry",
        BackendArg::Kprobe => "kprobe",
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{
        args::Args,
        request::{Lab, Request},
    };

    fn lab(words: &str) -> Result<Lab, String> {
        let words = ["tcpx", "lab"].into_iter().chain(words.split_whitespace());
        let args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
        match Request::new(args, "").map_err(|failure| failure.to_string())? {
            Request::Lab(lab) => Ok(lab),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn what_the_guest_is_given_means_there_what_it_meant_here() {
        let here = "closed-port --client nc --backend kprobe --probes path --buffer-size 1M -v --all --kernel 6.1,7.2,6.1";
        let typed = lab(here).expect("valid");
        let kernels = typed.kernels.expect("it is for guests");
        assert_eq!(kernels.names, ["6.1", "7.2"]);
        let there = lab(&format!("{} -- closed-port", kernels.options.join(" "))).expect("valid there too");
        assert_eq!(format!("{:?}", there.hooks), format!("{:?}", typed.hooks));
        assert_eq!(format!("{:?}", there.output), format!("{:?}", typed.output));
        assert_eq!((there.programs, there.kernels), (typed.programs, None));
    }

    #[test]
    fn what_shows_one_run_is_for_one_kernel() {
        assert!(lab("closed-port --step --kernel 6.1").is_ok());
        for what in ["--step", "--diagram", "-w x.html", "--check x.toml"] {
            let said = lab(&format!("closed-port {what} --kernel 6.1,7.2")).expect_err("two kernels");
            assert!(said.contains("are for one kernel"), "{said}");
        }
        assert!(lab("closed-port --kernel 6.1,").expect_err("an empty name").contains("a name is empty"));
        assert!(lab("closed-port --task --kernel 6.1").is_err());
    }

    #[test]
    fn a_series_has_two_numbers() {
        assert_eq!(lab("--fetch-kernel 6.1,7.2").expect("valid").fetch, ["6.1", "7.2"]);
        for name in ["6", "../x", "6.1.0", "6.", "latest"] {
            let said = lab(&format!("--fetch-kernel {name}")).expect_err("no series");
            assert!(said.contains("two numbers, such as 6.1"), "{said}");
        }
    }
}
