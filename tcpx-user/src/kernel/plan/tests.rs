//! Plans for kernels that do not run here: `tests/data/btf` holds what tcpx asks of the types of Debian's kernels
//! (`cargo xtask btf-fixture` makes it and compares each answer with that of the whole).

use std::fmt::Write as _;

use super::*;
use crate::kernel::features::Features;

const KERNELS: [(&str, &[u8]); 7] = [
    ("5.10", include_bytes!("../../../tests/data/btf/5.10.btf")),
    ("6.1", include_bytes!("../../../tests/data/btf/6.1.btf")),
    ("6.12", include_bytes!("../../../tests/data/btf/6.12.btf")),
    ("6.16", include_bytes!("../../../tests/data/btf/6.16.btf")),
    ("6.18", include_bytes!("../../../tests/data/btf/6.18.btf")),
    ("7.2", include_bytes!("../../../tests/data/btf/7.2.btf")),
    ("7.3", include_bytes!("../../../tests/data/btf/7.3.btf")),
];

const AUTO: Asked = Asked::EVERYTHING;

fn facts(bytes: &[u8]) -> KernelFacts {
    KernelFacts::from_btf(bytes, &[]).expect("the fixture is BTF")
}

fn letter(backend: Backend) -> char {
    match backend {
        Backend::Tracepoint => 't',
        Backend::Fentry => 'f',
        Backend::Kprobe => 'k',
    }
}

/// The order in which the ways of each hook would be tried, by their initials.
fn orders(asked: Asked) -> String {
    let mut table = format!("{:20}", "");
    let plans: Vec<_> = KERNELS
        .iter()
        .map(|(name, bytes)| {
            let _ = write!(table, "{name:6}");
            plan(&facts(bytes), asked)
        })
        .collect();
    for (at, hook) in plans[0].iter().map(|plan| plan.hook).enumerate() {
        let _ = write!(table, "\n{:20}", hook.name());
        for kernel in &plans {
            let mut order: Vec<char> = kernel[at].ways.iter().map(|way| letter(way.backend)).collect();
            order.dedup();
            let order: String = if order.is_empty() { "-".to_owned() } else { order.iter().collect() };
            let _ = write!(table, "{order:6}");
        }
    }
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The hooks of one plan without any way, each with its sentence.
fn missing(facts: &KernelFacts, asked: Asked) -> String {
    let plans = plan(facts, asked).into_iter().filter(|plan| plan.ways.is_empty());
    let lines = plans.map(|plan| format!("{}: {}", plan.hook.name(), sentence(&plan.ruled_out)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_best_way_first_on_each_kernel() {
    insta::assert_snapshot!(orders(AUTO));
}

#[test]
fn one_backend_only_is_never_helped_out_by_another() {
    for (name, bytes) in KERNELS {
        let facts = facts(bytes);
        for only in Backend::ALL {
            for plan in plan(&facts, Asked { backend: BackendChoice::Only(*only), ..AUTO }) {
                let own = |way: &&Way| way.backend == *only || way.hook == Hook::Fork;
                assert!(plan.ways.iter().all(own), "{name} {only:?} {:?}", plan.hook);
            }
        }
    }
}

#[test]
fn every_kernel_offers_a_kprobe_for_what_has_functions() {
    for (name, bytes) in KERNELS {
        let missing = missing(&facts(bytes), Asked { backend: BackendChoice::Only(Backend::Kprobe), ..AUTO });
        // Up to 6.1 what runs a sk_lookup program is inlined.
        let inlined = matches!(name, "5.10" | "6.1");
        let expected =
            if inlined { "sk-lookup: this kernel has no function inet_lookup_run_sk_lookup" } else { "" };
        assert_eq!(missing, expected, "{name}");
    }
}

#[test]
fn what_each_backend_cannot_see_is_said_in_a_sentence() {
    for backend in [Backend::Tracepoint, Backend::Fentry] {
        let asked = Asked { backend: BackendChoice::Only(backend), ..AUTO };
        let said: Vec<String> = [KERNELS[0], KERNELS[3]]
            .iter()
            .map(|(name, bytes)| format!("Linux {name}\n{}", missing(&facts(bytes), asked)))
            .collect();
        insta::assert_snapshot!(backend.name(), said.join("\n\n"));
    }
}

#[test]
fn resets_attach_only_what_sends_or_receives_one() {
    let asked = Asked { probes: Probes::Resets, command: false, ..AUTO };
    for (name, bytes) in KERNELS {
        let hooks: Vec<_> = plan(&facts(bytes), asked).iter().map(|plan| plan.hook.name()).collect();
        assert_eq!(hooks, ["send-reset", "active-reset", "receive-reset", "reject"], "{name}");
    }
}

#[test]
fn a_kernel_without_kprobes_says_so_once() {
    let mut facts = facts(KERNELS[3].1);
    facts.features = Features { kprobes: false };
    let only = Asked { backend: BackendChoice::Only(Backend::Kprobe), ..AUTO };
    for plan in plan(&facts, only).iter().filter(|plan| plan.hook != Hook::Fork) {
        let why = sentence(&plan.ruled_out);
        assert_eq!(why, "this kernel is built without kprobes (CONFIG_KPROBE_EVENTS)", "{:?}", plan.hook);
    }
}

#[test]
fn kernels_of_any_version_can_be_asked_for_the_holders_of_a_port() {
    for (name, bytes) in KERNELS {
        let facts = facts(bytes);
        assert!(facts.has("bhash_stride") && facts.has("tb_net"), "{name}");
        assert!(facts.has("tb_owners") || facts.has("tb2_owners"), "{name}");
    }
}

#[test]
fn one_reading_tells_where_the_headers_of_a_packet_are() {
    for (name, bytes) in KERNELS {
        assert!(facts(bytes).offsets.headers_are_together(), "{name}");
    }
}

#[test]
fn reasons_came_with_these_versions() {
    let known = |(name, bytes): (&'static str, &[u8])| {
        let facts = facts(bytes);
        (name, !facts.drop_reasons.is_empty(), !facts.reset_reasons.is_empty())
    };
    assert_eq!(
        KERNELS.map(known),
        [
            ("5.10", false, false),
            ("6.1", true, false),
            ("6.12", true, true),
            ("6.16", true, true),
            ("6.18", true, true),
            ("7.2", true, true),
            ("7.3", true, true),
        ]
    );
}

#[test]
fn a_sentence_says_each_reason_once_and_the_weightiest_only() {
    let lacking = |words: &str| Obstacle::Lacking(words.to_owned());
    let why = [
        (Backend::Tracepoint, Obstacle::NoWay("no tracepoint tells this".to_owned())),
        (Backend::Fentry, lacking("no function f")),
        (Backend::Kprobe, lacking("no function f")),
    ];
    assert_eq!(sentence(&why), "no function f");
    assert_eq!(sentence(&why[..1]), "no tracepoint tells this");
    assert_eq!(sentence(&[]), "");
}
