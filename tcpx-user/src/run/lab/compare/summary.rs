//! The `summary` line.

use super::{Check, Expected, check::shown};
use crate::line::Summary;

pub(super) fn compare(expected: &Expected, summary: &Summary) -> Vec<String> {
    let mut check = Check::new("summary");
    match (summary.unaccounted, expected.accounted()) {
        (Some(0), true) => {}
        (None, false) => {
            let why = summary.unaccounted_why.is_some();
            check.holds(why, "unaccounted_why", "a reason", "null");
        }
        (got, accounted) => {
            let why = shown(summary.unaccounted_why.as_ref());
            let got = format!("{} ({why}; firings passed over: {})", shown(got), shown(summary.missed));
            check.same("unaccounted", if accounted { "0" } else { "null" }, got);
        }
    }
    check.same("unexplained", expected.unexplained(), summary.unexplained);
    check.same("lost.kernel", 0, summary.lost.kernel);
    check.same("lost.user", 0, summary.lost.user);
    counters(&mut check, expected, summary);
    check.end_of()
}

fn counters(check: &mut Check, expected: &Expected, summary: &Summary) {
    let rise = |name: &str| summary.kernel.get(name).copied();
    check.same("kernel.OutRsts", expected.facts.out_rsts, shown(rise("OutRsts")));
    for &(name, least) in &expected.facts.counters {
        let got = rise(name);
        check.holds(got >= Some(least), &format!("kernel.{name}"), format!("at least {least}"), shown(got));
    }
    for &name in &expected.facts.unmoved {
        check.same(&format!("kernel.{name}"), 0, shown(rise(name)));
    }
}
