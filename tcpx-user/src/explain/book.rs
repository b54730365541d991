//! `docs/verdicts.md`, made from the catalogue so that it cannot say anything else: `cargo xtask docs` writes it.

use std::{env, fmt::Write as _, fs, path::Path};

use super::backends::CELLS;
use crate::verdict::{Entry, Group, VerdictId, entry};

const HEAD: &str = "\
# Verdicts

Why a connection was refused, reset or dropped, or stands. `tcpx explain ID` prints the same. This page is made from
`tcpx-user/src/verdict/catalogue.toml` by `cargo xtask docs`.

An entry that says *not reported yet* is there so that its id is never used for anything else: this version tells such a
case as the nearest verdict that its facts support, or as `unknown`.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for group in Group::ALL {
        let heading = group.heading();
        let _ = write!(page, "\n## {}{}\n", heading[..1].to_uppercase(), &heading[1..]);
        for id in group.ids() {
            verdict(&mut page, *id, entry(*id));
        }
    }
    page.push_str("\n## Where a backend sees less\n\n");
    page.push_str("Everywhere else every backend gives the same verdict.\n\n");
    for cell in CELLS {
        let verdicts: Vec<String> = cell.verdicts.iter().map(|id| format!("`{id}`")).collect();
        let (backend, kernels) = (cell.backend.unwrap_or("every backend"), cell.kernels);
        let _ = writeln!(
            page,
            "* **{backend}, Linux {kernels}**: {}: {}. {}",
            verdicts.join(", "),
            cell.shows,
            cell.because
        );
    }
    page
}

fn verdict(page: &mut String, id: VerdictId, entry: &Entry) {
    let _ = write!(page, "\n### `{id}`\n\n*{}*", entry.title);
    page.push_str(if entry.implemented { "\n\n" } else { " (not reported yet)\n\n" });
    let _ = writeln!(page, "{}\n", prose(&entry.meaning));
    let codes =
        |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let names = [
        ("Applications see", &entry.errno),
        ("The kernel's reason for the RST (since Linux 6.10)", &entry.reset_reasons),
        ("Counters that rise", &entry.counters),
    ];
    for (name, list) in names {
        if !list.is_empty() {
            let _ = writeln!(page, "* {name}: {}", codes(list));
        }
    }
    for (name, list) in [("It takes", &entry.conditions), ("Settings", &entry.sysctls)] {
        if !list.is_empty() {
            let _ = writeln!(page, "* {name}: {}", prose(&list.join("; ")));
        }
    }
    for path in &entry.kernel {
        let versions =
            if path.versions == "all" { String::new() } else { format!(" (Linux {})", path.versions) };
        let _ = writeln!(page, "* Kernel{versions}: {}", codes(&path.functions).replace("`, `", "` → `"));
    }
    for check in &entry.confirm {
        let _ = writeln!(page, "* Confirm with `{}`: {}", check.run, prose(&check.look));
    }
    let _ = writeln!(page, "\n{}", prose(&entry.advice));
}

/// Text in which Markdown sees nothing but text.
fn prose(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "&lt;").replace("__", "\\_\\_")
}

#[test]
fn the_page_of_verdicts_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verdicts.md");
    if env::var_os("TCPX_WRITE_DOCS").is_some() {
        fs::write(&file, page()).expect("docs/verdicts.md can be written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page(), "docs/verdicts.md is out of date: `cargo xtask docs` writes it");
}
