use std::{io::Read as _, thread};

use super::*;

/// A daemon's end, and the socket of a helper that is played here.
fn pair() -> (Remote, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let link = Link::new(ours, Origin::Socket("/nowhere".into())).expect("a link");
    theirs.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    (Remote { clock: WallClock::sample(), link: RefCell::new(link) }, theirs)
}

fn asked(helper: &mut UnixStream) -> (u64, Ask) {
    let (mut inbox, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        if let Some(asked) = take(&mut inbox).expect("a frame") {
            return asked;
        }
        let read = helper.read(&mut piece).expect("a question");
        inbox.extend_from_slice(&piece[..read]);
    }
}

fn answer(helper: &mut UnixStream, number: u64, text: &str) {
    let mut frame = Vec::new();
    put(number, &Reply::Answer(Answer::Text(text.to_owned())), &mut frame);
    helper.write_all(&frame).expect("a reader");
}

#[test]
fn an_answer_that_comes_too_late_is_there_for_the_next_event() {
    let (remote, mut helper) = pair();
    let question = Question::Cgroup(7);
    assert_eq!(remote.ask(question.clone()), Answer::Nothing, "nobody answers in time");
    let (number, ask) = asked(&mut helper);
    assert_eq!(ask, Ask::Question(question.clone()));
    assert_eq!(remote.ask(Question::Cgroup(8)), Answer::Nothing, "while one is late no other is asked");
    answer(&mut helper, number, "/system.slice");
    // The helper is not asked again: nobody answers any more.
    assert_eq!(remote.ask(question), Answer::Text("/system.slice".to_owned()));
}

#[test]
fn what_holds_for_a_moment_only_is_asked_again() {
    let (remote, mut helper) = pair();
    let question = Question::Holder(7);
    assert_eq!(remote.ask(question.clone()), Answer::Nothing);
    let (number, _) = asked(&mut helper);
    answer(&mut helper, number, "too late");
    let helping = thread::spawn(move || {
        let (number, _) = asked(&mut helper);
        answer(&mut helper, number, "now");
        helper
    });
    assert_eq!(remote.ask(question), Answer::Text("now".to_owned()));
    drop(helping.join().expect("it was asked"));
}
