//! In which language a command explains: what was typed, else what the environment says.

use super::{tcpx, text, wrong};

const CHINESE: &str = "没有套接字监听该端口";
const ENGLISH: &str = "nothing listens on the port";

fn explained(args: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = tcpx(&["explain", "closed-port"]);
    let output = command.args(args).envs(environment.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{args:?} {environment:?}");
    text(&output.stdout)
}

#[test]
fn the_language_is_that_of_the_option_else_of_the_environment() {
    let chinese = [
        explained(&["--lang", "zh-CN"], &[]),
        explained(&["--lang", "ZH-cn"], &[("LANG", "en_US.UTF-8")]),
        explained(&[], &[("LANG", "zh_CN.UTF-8")]),
        explained(&[], &[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "zh_SG.UTF-8")]),
        explained(&[], &[("LANG", "en_US.UTF-8"), ("LANGUAGE", "zh_CN:zh")]),
    ];
    let english = [
        explained(&[], &[]),
        explained(&["--lang", "en"], &[("LANG", "zh_CN.UTF-8")]),
        explained(&[], &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")]),
        explained(&[], &[("LANG", "de_DE.UTF-8")]),
        explained(&[], &[("LANG", "zh_CN.UTF-8"), ("LANGUAGE", "en")]),
    ];
    assert!(chinese.iter().all(|said| said.contains(CHINESE)), "{chinese:?}");
    assert!(english.iter().all(|said| said.contains(ENGLISH)), "{english:?}");
}

#[test]
fn what_other_programs_read_is_the_same_in_every_language() {
    let json = |args: &[&str]| explained(args, &[("LANG", "zh_CN.UTF-8")]);
    assert_eq!(json(&["-o", "json"]), json(&["-o", "json", "--lang", "en"]));
}

#[test]
fn a_language_that_there_is_not_is_refused() {
    for command in ["explain", "lab"] {
        let (status, said) = wrong(&[command, "--lang", "tlh", "closed-port"]);
        assert_eq!(status, Some(2));
        assert!(said.contains("'tlh'") && said.contains("en, zh-CN"), "{said}");
    }
}

#[test]
fn the_list_of_labs_and_their_tasks_are_told_in_chinese() {
    let told = |args: &[&str]| text(&tcpx(args).args(["--lang", "zh-CN"]).output().unwrap().stdout);
    assert!(told(&["lab", "--list"]).contains("程序绑定了端口 8888"));
    assert!(told(&["lab", "bound-not-listening", "--task"]).contains("任务 1：少了一个系统调用"));
}
