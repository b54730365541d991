//! As whom the command runs.
//!
//! /etc/passwd and /etc/group are read by hand: getpwnam of a static glibc wants the shared libraries of the host.

use std::{fs, io};

use rustix::{
    process::{Gid, Uid, geteuid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use super::CommandError;

/// Group of a user id that no file knows (`nogroup`).
const NO_GROUP: u32 = 65_534;

/// A user to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// All groups.
    pub groups: Vec<u32>,
    /// Name, if it has one.
    pub name: Option<String>,
    /// Home directory, if it has one.
    pub home: Option<String>,
}

/// The user for `--user`, or the one that called sudo; `None` to stay who tcpx is.
pub(crate) fn choose(
    asked: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<User>, CommandError> {
    let files = Files::read();
    let user = match asked {
        Some(asked) => Some(files.find(asked).ok_or_else(|| CommandError::NoUser(asked.to_owned()))?),
        None if geteuid().is_root() => files.invoking(environment),
        None => None,
    };
    Ok(user.filter(|user| user.uid != geteuid().as_raw()))
}

/// A user by name or number, if there is one.
pub(crate) fn find_user(asked: &str) -> Option<User> {
    Files::read().find(asked)
}

/// Number of a group by its name.
pub(crate) fn find_group(name: &str) -> Option<u32> {
    let files = Files::read();
    let mut groups = files.group.lines().map(|line| line.split(':').collect::<Vec<_>>());
    groups.find_map(|fields| fields.get(2).filter(|_| fields[0] == name)?.parse().ok())
}

impl User {
    /// Makes the calling thread, and what it starts from then on, this user's; it cannot go back.
    ///
    /// The kernel makes the whole process undumpable by this (`suid_dumpable`), and tcpx leaves it so: else the
    /// user could trace the thread, which shares root's memory.
    pub(crate) fn become_on_this_thread(&self) -> Result<(), CommandError> {
        self.switch().map_err(|error| CommandError::Become(self.uid, error))
    }

    fn switch(&self) -> io::Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        Ok(set_thread_res_uid(uid, uid, uid)?)
    }

    /// What a login sets and most programs ask for.
    pub(crate) fn environment(&self) -> Vec<(&'static str, &str)> {
        let name = |variable| self.name.as_deref().map(|name| (variable, name));
        let home = self.home.as_deref().map(|home| ("HOME", home));
        [home, name("USER"), name("LOGNAME")].into_iter().flatten().collect()
    }
}

/// The two files.
struct Files {
    passwd: String,
    group: String,
}

impl Files {
    fn read() -> Self {
        let read = |path| fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned());
        Self {
            passwd: read("/etc/passwd").unwrap_or_default(),
            group: read("/etc/group").unwrap_or_default(),
        }
    }

    /// By name, else by number.
    fn find(&self, asked: &str) -> Option<User> {
        let number = asked.parse::<u32>().ok().filter(|&uid| uid != u32::MAX);
        let by_name = self.entries().find(|user| user.name.as_deref() == Some(asked));
        let by_number =
            || Some(self.by_number(number?).unwrap_or_else(|| stranger(number.unwrap_or(NO_GROUP))));
        by_name.or_else(by_number).map(|user| self.with_groups(user))
    }

    fn by_number(&self, uid: u32) -> Option<User> {
        self.entries().find(|user| user.uid == uid)
    }

    /// Who called sudo, in sudo's words: the user may come from a directory service that no file knows.
    fn invoking(&self, environment: &dyn Fn(&str) -> Option<String>) -> Option<User> {
        let number = |name| environment(name)?.parse().ok();
        let (uid, gid) = (number("SUDO_UID")?, number("SUDO_GID")?);
        let name = environment("SUDO_USER");
        let home = self.by_number(uid).and_then(|user| user.home);
        Some(self.with_groups(User { uid, gid, groups: Vec::new(), name, home }))
    }

    fn entries(&self) -> impl Iterator<Item = User> {
        self.passwd.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
            let (name, home) = (Some(name.to_owned()), Some(home.to_owned()));
            Some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()?, groups: Vec::new(), name, home })
        })
    }

    fn with_groups(&self, mut user: User) -> User {
        let member_of = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let [_, _, gid, members] = fields[..] else { return None };
            members.split(',').any(|member| Some(member) == user.name.as_deref()).then(|| gid.parse().ok())?
        };
        user.groups = self.group.lines().filter_map(member_of).chain([user.gid]).collect();
        user.groups.sort_unstable();
        user.groups.dedup();
        user
    }
}

/// Whom no file knows: no groups but `nogroup`.
pub(crate) const fn stranger(uid: u32) -> User {
    User { uid, gid: NO_GROUP, groups: Vec::new(), name: None, home: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files() -> Files {
        Files {
            passwd:
                "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n1001:x:7:8::/:\n"
                    .to_owned(),
            group: "root:x:0:\nsudo:x:27:ann,bob\nwireshark:x:110:bob,ann\nann:x:1000:\nx:x:5:annabel\n"
                .to_owned(),
        }
    }

    #[test]
    fn a_user_by_name_or_number_has_all_its_groups() {
        let ann = files().find("ann").expect("ann");
        assert_eq!((ann.uid, ann.gid, ann.groups.as_slice()), (1000, 1000, &[27, 110, 1000][..]));
        assert_eq!(ann.environment(), [("HOME", "/home/ann"), ("USER", "ann"), ("LOGNAME", "ann")]);
        assert_eq!(files().find("1000"), Some(ann));
        assert_eq!(files().find("1001").map(|user| user.uid), Some(7), "a name before a number, as in chown");
        assert_eq!(files().find("nosuch"), None);
        assert_eq!(files().find("4294967295"), None, "-1 means no change to setresuid");
    }

    #[test]
    fn a_number_that_no_file_knows_gets_no_groups_of_others() {
        let stranger = files().find("4242").expect("any number");
        assert_eq!((stranger.uid, stranger.groups.as_slice()), (4242, &[NO_GROUP][..]));
        assert_eq!(stranger.environment(), []);
    }

    #[test]
    fn sudo_says_who_called_it() {
        let environment = |name: &str| match name {
            "SUDO_UID" | "SUDO_GID" => Some("1000".to_owned()),
            "SUDO_USER" => Some("ann".to_owned()),
            _ => None,
        };
        let user = files().invoking(&environment).expect("sudo");
        assert_eq!((user.uid, user.groups.as_slice()), (1000, &[27, 110, 1000][..]));
        assert_eq!(files().invoking(&|_| None), None);
        let nobody = Files { passwd: String::new(), group: String::new() };
        let user = nobody.invoking(&environment).expect("a user of a directory service");
        assert_eq!((user.uid, user.groups.as_slice(), user.home), (1000, &[1000][..], None));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(passwd: String, group: String, asked: String) {
            let _ = Files { passwd, group }.find(&asked);
        }
    }
}
