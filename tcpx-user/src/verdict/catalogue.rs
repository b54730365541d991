//! What a person needs to know about each verdict, read from the table that is built into the binary.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize};

use super::VerdictId;

/// The table as text, so that a fact is corrected without touching code.
const TABLE: &str = include_str!("catalogue.toml");

/// All that the catalogue says about one verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A short phrase that reads well after an address.
    pub title: String,
    /// Whether this version of tcpx reports the verdict.
    pub implemented: bool,
    /// What happened, in a few sentences.
    #[serde(deserialize_with = "paragraph")]
    pub meaning: String,
    /// What the kernel did, for each range of versions that does it in its own way.
    #[serde(default)]
    pub kernel: Vec<KernelPath>,
    /// What must hold for the kernel to act so.
    #[serde(default)]
    pub conditions: Vec<String>,
    /// The errno that an application sees because of it, most likely first.
    #[serde(default)]
    pub errno: Vec<String>,
    /// Settings that change the behaviour, each with how.
    #[serde(default)]
    pub sysctls: Vec<String>,
    /// Counters that rise, as nstat names them.
    #[serde(default)]
    pub counters: Vec<String>,
    /// The names that `enum sk_rst_reason` has for it (since Linux 6.10), without their prefix.
    #[serde(default)]
    pub reset_reasons: Vec<String>,
    /// How to see it without tcpx.
    #[serde(default)]
    pub confirm: Vec<Check>,
    /// What to do next.
    #[serde(deserialize_with = "paragraph")]
    pub advice: String,
}

/// The functions that ran, on some kernels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelPath {
    /// The kernels meant, such as `5.10-6.8` or `all`.
    pub versions: String,
    /// The functions, outermost first, each with its result where that matters.
    pub functions: Vec<String>,
}

/// A command to run, and what to look for in what it prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The command; words in capitals are to be replaced.
    pub run: String,
    /// What to look for.
    pub look: String,
}

/// What the catalogue says about `id`.
///
/// # Panics
/// Never in a build whose tests passed: one of them reads the whole table.
#[must_use]
pub fn entry(id: VerdictId) -> &'static Entry {
    table().get(&id).expect("a test finds an entry for each id")
}

fn table() -> &'static BTreeMap<VerdictId, Entry> {
    static PARSED: OnceLock<BTreeMap<VerdictId, Entry>> = OnceLock::new();
    PARSED.get_or_init(|| parse(TABLE).expect("a test parses the embedded table"))
}

fn parse(text: &str) -> Result<BTreeMap<VerdictId, Entry>, toml::de::Error> {
    toml::from_str(text)
}

/// Joins the lines of a paragraph: in the table they break where they suit the table.
fn paragraph<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::verdict::rules;

    fn entries() -> impl Iterator<Item = (VerdictId, &'static Entry)> {
        VerdictId::ALL.iter().map(|&id| (id, entry(id)))
    }

    /// Every piece of text of an entry, with its id for messages.
    fn texts() -> Vec<(VerdictId, &'static str)> {
        entries().flat_map(|(id, entry)| parts(entry).into_iter().map(move |t| (id, t))).collect()
    }

    fn parts(entry: &Entry) -> Vec<&str> {
        let lists = [&entry.conditions, &entry.errno, &entry.sysctls, &entry.counters, &entry.reset_reasons];
        let mut parts = vec![entry.title.as_str(), &entry.meaning, &entry.advice];
        parts.extend(lists.into_iter().flatten().map(String::as_str));
        for path in &entry.kernel {
            parts.push(&path.versions);
            parts.extend(path.functions.iter().map(String::as_str));
        }
        for check in &entry.confirm {
            parts.extend([check.run.as_str(), check.look.as_str()]);
        }
        parts
    }

    #[test]
    fn each_id_has_an_entry_and_each_entry_an_id() {
        let table = parse(TABLE).expect("the table parses and has no unknown id or field");
        let ids: Vec<_> = table.keys().copied().collect();
        assert_eq!(ids, VerdictId::ALL);
    }

    #[test]
    fn the_table_is_in_the_contracts_order() {
        let headings: Vec<_> = TABLE
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
            .filter_map(|name| name.parse::<VerdictId>().ok())
            .collect();
        assert_eq!(headings, VerdictId::ALL);
    }

    #[test]
    fn an_unknown_id_or_field_is_refused() {
        let entry = "implemented = false\ntitle = 'a'\nmeaning = 'b'\nadvice = 'c'\n";
        assert!(parse(&format!("[closed-port]\n{entry}")).is_ok());
        assert!(parse(&format!("[no-such-verdict]\n{entry}")).is_err());
        assert!(parse(&format!("[closed-port]\n{entry}errnos = []\n")).is_err());
    }

    #[test]
    fn titles_are_short_and_no_two_alike() {
        let mut seen = BTreeSet::new();
        for (id, entry) in entries() {
            assert!((5..=60).contains(&entry.title.len()), "{id}: {}", entry.title);
            assert!(!entry.title.ends_with('.'), "{id}: a title is no sentence");
            assert!(seen.insert(entry.title.to_lowercase()), "{id}: {}", entry.title);
        }
    }

    #[test]
    fn what_is_implemented_is_what_a_rule_can_give() {
        let given: BTreeSet<_> = rules::given().collect();
        let implemented: BTreeSet<_> = entries().filter(|(_, e)| e.implemented).map(|(id, _)| id).collect();
        assert_eq!(implemented, given);
    }

    #[test]
    fn each_reason_of_the_newest_kernel_stands_for_something() {
        let types = include_bytes!("../../tests/data/btf/7.3.btf");
        let kernel = crate::kernel::KernelFacts::from_btf(types, &[]).expect("the fixture is BTF");
        let reasons: BTreeSet<_> = kernel.reset_reasons.into_iter().map(|(_, name)| name).collect();
        let said: BTreeSet<_> =
            entries().flat_map(|(_, entry)| entry.reset_reasons.iter().cloned()).collect();
        // The last name only counts the others.
        let names: BTreeSet<_> = reasons.into_iter().filter(|name| name != "MAX").collect();
        assert!(names.len() > 20, "{names:?}");
        assert_eq!(names, said);
    }

    #[test]
    fn what_is_implemented_has_a_scenario_that_shows_it() {
        let shown: BTreeSet<_> = crate::lab::scenarios().map(|s| s.verdict().to_owned()).collect();
        let given = entries().filter(|(id, e)| e.implemented && *id != VerdictId::Unknown);
        let implemented: BTreeSet<_> = given.map(|(id, _)| id.as_str().to_owned()).collect();
        assert_eq!(implemented, shown);
    }

    #[test]
    fn every_entry_says_what_how_and_what_next() {
        for (id, entry) in entries() {
            assert!(entry.meaning.matches(". ").count() >= 1, "{id}: meaning is too short");
            assert!(entry.meaning.ends_with('.') && entry.advice.ends_with('.'), "{id}");
            assert!(!entry.kernel.is_empty() && !entry.confirm.is_empty(), "{id}");
            assert!(entry.kernel.iter().all(|path| !path.functions.is_empty()), "{id}");
        }
    }

    #[test]
    fn all_text_is_plain_and_trimmed() {
        for (id, text) in texts() {
            assert!(!text.is_empty() && text == text.trim(), "{id}: {text:?}");
            assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{id}: {text:?}");
        }
        for (number, line) in TABLE.lines().enumerate() {
            assert_eq!(line, line.trim_end(), "catalogue.toml:{}", number + 1);
        }
    }

    #[test]
    fn versions_are_ranges_of_kernels_that_were_read() {
        let known = ["5.10", "5.15", "6.1", "6.8", "6.10", "6.12", "6.18", "7.x"];
        for (id, path) in entries().flat_map(|(id, e)| e.kernel.iter().map(move |p| (id, p))) {
            let versions = path.versions.as_str();
            let range = |text: &str| text.trim_end_matches('+').split('-').all(|v| known.contains(&v));
            assert!(versions == "all" || range(versions), "{id}: {versions}");
        }
    }

    #[test]
    fn counters_and_sysctls_have_the_names_of_their_tools() {
        let counter = |name: &str| {
            let known = ["TcpExt", "MPTcpExt", "Tcp", "IpExt", "Ip6", "Ip", "Icmp6", "Icmp"];
            known.iter().any(|prefix| name.starts_with(prefix))
                && name.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        for (id, entry) in entries() {
            assert!(entry.counters.iter().all(|name| counter(name)), "{id}: {:?}", entry.counters);
            let sysctl = |text: &String| text.starts_with("net.") && text.contains(": ");
            assert!(entry.sysctls.iter().all(sysctl), "{id}: {:?}", entry.sysctls);
        }
    }
}
