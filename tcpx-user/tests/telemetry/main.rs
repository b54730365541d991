//! What tcpx gives to other projects' programs, read by these programs: Prometheus, an OpenTelemetry collector, ClickHouse, Kubernetes.

mod database;
mod fleet;
mod hosts;
mod kubernetes;
mod lines;
mod otlp;
mod prometheus;
mod receiver;
mod tools;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A test; where a program is missing it says so.
type Test = fn() -> Result<Completion, Failed>;

const TESTS: &[(&str, Test)] = &[
    ("promtool accepts the alert rules and they fire when they should", prometheus::rules),
    ("every alert says which page of tcpx explain helps", prometheus::runbooks),
    ("promtool finds nothing wrong with the metrics", prometheus::lint),
    ("every query of the dashboard returns data from a real Prometheus", prometheus::dashboard),
    ("the schemas of Kubernetes accept the pod", kubernetes::schema),
    ("the configuration of the pod is right", kubernetes::configuration),
    ("a collector that is stopped and started gets every record", otlp::outage),
    (
        "both ends of a refused connection, told by two tcpx through a collector, join in ClickHouse",
        fleet::both_ends,
    ),
    ("what conntrack translated joins, and what only looks alike does not", fleet::translated),
    ("a record that comes twice counts once, and one that is told again replaces", fleet::again),
    ("what is older than its retention goes", fleet::retention),
    ("the collector's configuration sends to tables that the schema makes", fleet::configuration),
];

fn main() -> ExitCode {
    let trial = |&(name, test): &(&'static str, Test)| Trial::ignorable_test(name, test);
    libtest_mimic::run(&Arguments::from_args(), TESTS.iter().map(trial).collect()).exit_code()
}

fn without(program: &str) -> Completion {
    Completion::ignored_with(format!("{program} was not fetched: cargo xtask setup does that"))
}
