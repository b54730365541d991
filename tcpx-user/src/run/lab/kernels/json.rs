//! Kernels as JSON: one object a kernel.

use serde_json::json;

use super::Ran;

/// A line for each.
pub(super) fn lines(ran: &[Ran]) -> String {
    ran.iter().map(|one| line(one) + "\n").collect()
}

fn line(one: &Ran) -> String {
    let (status, error) = match &one.end {
        Ok(code) => (Some(*code), None),
        Err(why) => (None, Some(why)),
    };
    let data = json!({
        "name": one.kernel.name,
        "release": one.kernel.release,
        "status": status,
        "error": error,
        "labs": one.account.labs,
        "steps": one.account.course().map(|course| &course.lab.steps),
        "counters": one.account.course().map(|course| &course.counters),
        "lines": one.account.lines,
    });
    json!({ "type": "kernel", "data": data }).to_string()
}
