//! `docs/verdicts.md` and its translation, made from the catalogue so that it cannot say anything else: `cargo xtask docs` writes it.

use std::{env, fmt::Write as _, fs, path::Path};

use super::{backends::CELLS, page::sentence};
use crate::{
    text::lang::Lang,
    verdict::{Entry, Group, VerdictId},
};

const HEAD: &str = "\
# Verdicts

Why a connection was refused, reset or dropped, or stands. `tcpx explain ID` prints the same. This page is made from
`tcpx-user/src/verdict/catalogue.toml` by `cargo xtask docs`.

An entry that says *not reported yet* is there so that its id is never used for anything else: this version tells such a
case as the nearest verdict that its facts support, or as `unknown`.
";

const HEAD_CHINESE: &str = "\
# 判定

连接为什么被拒绝、被重置、被丢弃，或者为什么能够建立。`tcpx explain ID --lang zh-CN` 打印同样的内容。本页由 `cargo xtask docs` 从
`tcpx-user/src/verdict/catalogue.toml` 和 `tcpx-user/src/text/lang/zh-CN` 生成。

注明*尚不报告*的条目是为了让它的 id 永远不会用于别的事情：这个版本把那种情况报告为事实所支持的最接近的判定，或者报告为 `unknown`。
";

fn page(lang: Lang) -> String {
    let mut page = if lang == Lang::English { HEAD } else { HEAD_CHINESE }.to_owned();
    for group in Group::ALL {
        let heading = sentence(lang.say(group.heading()));
        let _ = write!(page, "\n## {heading}\n");
        for id in group.ids() {
            verdict(&mut page, *id, lang.entry(*id), lang);
        }
    }
    let _ = write!(page, "\n## {}\n\n", lang.say("Where a backend sees less"));
    let _ = write!(page, "{}\n\n", lang.say("Everywhere else every backend gives the same verdict."));
    for cell in CELLS {
        let verdicts: Vec<String> = cell.verdicts.iter().map(|id| format!("`{id}`")).collect();
        let (backend, kernels) = cell.place(lang);
        let place = lang.fill("{a}, Linux {b}", &[backend, kernels]);
        let shows = lang.fill("{a}: {b}.", &[&verdicts.join(", "), lang.say(cell.shows)]);
        let _ = writeln!(page, "* **{place}**: {shows} {}", lang.say(cell.because));
    }
    page
}

fn verdict(page: &mut String, id: VerdictId, entry: &Entry, lang: Lang) {
    let _ = write!(page, "\n### `{id}`\n\n*{}*", entry.title);
    page.push_str(if entry.implemented { "" } else { lang.say(" (not reported yet)") });
    page.push_str("\n\n");
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
            let _ = writeln!(page, "* {}{}{}", lang.say(name), lang.colon(), codes(list));
        }
    }
    for (name, list) in [("It takes", &entry.conditions), ("Settings", &entry.sysctls)] {
        if !list.is_empty() {
            let joint = if lang == Lang::English { "; " } else { "；" };
            let _ = writeln!(page, "* {}{}{}", lang.say(name), lang.colon(), prose(&list.join(joint)));
        }
    }
    for path in &entry.kernel {
        let versions =
            if path.versions == "all" { String::new() } else { lang.fill(" (Linux {a})", &[&path.versions]) };
        let kernel = lang.fill("Kernel{a}: ", &[&versions]);
        let _ = writeln!(page, "* {kernel}{}", codes(&path.functions).replace("`, `", "` → `"));
    }
    for check in &entry.confirm {
        let run = format!("`{}`", check.run);
        let _ = writeln!(page, "* {}", lang.fill("Confirm with {a}: {b}", &[&run, &prose(&check.look)]));
    }
    let _ = writeln!(page, "\n{}", prose(&entry.advice));
}

/// Text in which Markdown sees nothing but text.
fn prose(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "&lt;").replace("__", "\\_\\_")
}

#[test]
fn the_pages_of_verdicts_are_current() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for (name, lang) in [("verdicts.md", Lang::English), ("verdicts.zh-CN.md", Lang::Chinese)] {
        let (file, page) = (docs.join(name), page(lang));
        if env::var_os("TCPX_WRITE_DOCS").is_some() {
            fs::write(&file, &page).expect("docs can be written");
        }
        let there = fs::read_to_string(&file).unwrap_or_default();
        assert!(there == page, "docs/{name} is out of date: `cargo xtask docs` writes it");
    }
}
