use super::*;
use crate::{
    line::Outcome,
    sink::text::Main,
    top::testing::{SECOND, item, refused, refused_another, tried, worked},
};

fn taken(items: Vec<Item>) -> Model {
    let mut model = Model::default();
    for item in items {
        model.take(&Rc::new(item));
    }
    model
}

#[test]
fn a_result_counts_once_under_each() {
    let model = taken(vec![item(refused(), 1), item(worked(9, "curl", "[::1]:8080"), 2)]);
    assert_eq!(model.total(), Tally { failed: 1, worked: 1 });
    assert_eq!((model.verdicts.len(), model.names.len(), model.peers.len()), (2, 1, 1));
    assert_eq!(model.processes.len(), 2, "two processes of one name");
    assert_eq!(model.latest.newest(false).count(), 1);
    assert_eq!(model.latest.newest(true).map(|item| item.seq).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn who_called_is_the_peer_of_a_refusal() {
    let peer = |group| item(group, 1).peer.map(|peer| (peer.addr.to_string(), peer.port));
    assert_eq!(peer(refused()), Some(("::1".to_owned(), Some(8080))));
    assert_eq!(peer(refused_another()), Some(("10.0.0.7".to_owned(), None)));
}

#[test]
fn what_is_told_anew_moves_and_counts_once() {
    let first = tried(5, "curl", "10.0.0.9:80", Outcome::Refused, VerdictId::ClosedPort);
    let mut again = tried(5, "curl", "10.0.0.9:80", Outcome::Refused, VerdictId::ListenerNotYet);
    let Main::Attempt(attempt) = &mut again.main else { panic!("an attempt") };
    attempt.was = Some(VerdictId::ClosedPort);
    let model = taken(vec![item(first, 1), item(again, 2)]);
    assert_eq!(model.total(), Tally { failed: 1, worked: 0 });
    let verdicts: Vec<_> =
        model.verdicts.rows().map(|(verdict, row)| (*verdict, row.failed.total())).collect();
    assert_eq!(verdicts, [(VerdictId::ListenerNotYet, 1)]);
    let (_, row) = model.processes.rows().next().expect("one process");
    assert_eq!((row.failed.total(), row.latest), (1, VerdictId::ListenerNotYet));
    assert_eq!(model.latest.newest(true).map(|item| item.seq).collect::<Vec<_>>(), [2]);
}

#[test]
fn memory_is_bounded_and_totals_are_exact() {
    let mut model = Model::default();
    let many = 5_000;
    for n in 0..many {
        let comm = format!("worker{n}");
        let to = format!("10.{}.{}.9:80", n / 250, n % 250);
        let group = if n % 5 == 0 {
            worked(n, &comm, &to)
        } else {
            tried(n, &comm, &to, Outcome::Refused, VerdictId::ClosedPort)
        };
        model.take(&Rc::new(Item::new(group, n, SECOND + n / 100)));
    }
    assert_eq!(model.total(), Tally { failed: 4_000, worked: 1_000 });
    assert!(model.processes.len() <= ranking::MOST && model.peers.len() <= ranking::MOST);
    let kept: u64 = model.peers.rows().map(|(_, row)| row.failed.total()).sum();
    assert_eq!(kept + model.peers.others().results.failed, 4_000);
    assert_eq!(model.latest.newest(true).count(), latest::FAILED + latest::WORKED);
}

#[test]
fn losses_are_summed_by_place_and_hook() {
    let mut losses = Losses::default();
    assert!(losses.is_empty());
    for (hook, stage, count) in [("drop", "kernel", 3), ("drop", "kernel", 2), ("state", "user", 1)] {
        losses.add(&Loss { hook: hook.to_owned(), stage: stage.to_owned(), count });
    }
    assert_eq!((losses.kernel, losses.user, losses.hooks["drop"]), (5, 1, 5));
}
