//! What a file must have beyond its syntax, before anything is played.

use std::{collections::BTreeSet, ops::Range};

use super::{Action, Call, File, play};

/// Where, and what is wrong there.
pub(super) type Fault = (Range<usize>, String);

impl File {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.step.is_empty() {
            return Err((0..0, "there is no [[step]]: nothing would be traced".to_owned()));
        }
        if !matches!(self.hosts.len(), 0 | 2) {
            return Err((
                0..0,
                format!("{} hosts: none (one loopback) or two (joined by a cable)", self.hosts.len()),
            ));
        }
        for host in self.hosts.values() {
            play::address(host.address.get_ref()).ok_or_else(|| {
                (host.address.span(), "an address with its prefix, such as 10.7.0.1/24".to_owned())
            })?;
        }
        for host in self.programs.values() {
            self.known_host(Some(host.get_ref())).map_err(|what| (host.span(), what))?;
        }
        for action in self.actions() {
            self.check_action(action.get_ref()).map_err(|what| (action.span(), what))?;
            check_value(action.get_ref())?;
        }
        self.check_sockets()?;
        self.check_expected()
    }

    /// No call on a socket that nothing has made.
    fn check_sockets(&self) -> Result<(), Fault> {
        let mut made = BTreeSet::new();
        for spanned in self.actions() {
            let action = spanned.get_ref();
            let (call, Some((who, name))) = (action.call, action.on()) else { continue };
            if matches!(call, Call::Bind | Call::Connect) {
                made.insert((who, name));
            } else if call != Call::Say && !made.contains(&(who, name)) {
                let has: Vec<&str> =
                    made.iter().filter(|(of, _)| *of == who).map(|(_, name)| *name).collect();
                let (call, has) = (call.name(), listed(&has));
                let what = format!(
                    "{call}: {who} has no socket \"{name}\" here, it has: {has}; bind and connect make one, accept makes \"accepted\""
                );
                return Err((spanned.span(), what));
            }
            match call {
                Call::Accept => drop(made.insert((who, "accepted"))),
                Call::Close => drop(made.remove(&(who, name))),
                _ => {}
            }
        }
        Ok(())
    }

    /// What is expected is about a program that there is.
    fn check_expected(&self) -> Result<(), Fault> {
        let all: BTreeSet<&str> =
            self.actions().filter_map(|action| action.get_ref().who.as_deref()).collect();
        let Some(who) = &self.expect.who else { return Ok(()) };
        if all.contains(who.get_ref().as_str()) {
            return Ok(());
        }
        let all: Vec<&str> = all.into_iter().collect();
        Err((who.span(), format!("no step is by \"{}\"; programs: {}", who.get_ref(), listed(&all))))
    }

    fn known_host(&self, name: Option<&str>) -> Result<(), String> {
        let all: Vec<&str> = self.hosts.keys().map(String::as_str).collect();
        match name {
            Some(name) if !all.contains(&name) => {
                Err(format!("there is no host \"{name}\"; hosts: {}", listed(&all)))
            }
            None if !all.is_empty() => Err(format!("which host? hosts: {}", listed(&all))),
            _ => Ok(()),
        }
    }

    /// Whether all that the call needs is there, and nothing that it does not know.
    fn check_action(&self, action: &Action) -> Result<(), String> {
        let (needs, may) = action.call.fields();
        let given = action.given();
        let name = action.call.name();
        if let Some(field) = needs.iter().find(|field| !given.contains(field)) {
            return Err(format!("{name} needs \"{field}\"; it takes {}", listed(&[needs, may].concat())));
        }
        if let Some(field) = given.iter().find(|field| !needs.contains(field) && !may.contains(field)) {
            return Err(format!("{name} knows no \"{field}\"; it takes {}", listed(&[needs, may].concat())));
        }
        if matches!(action.call, Call::Sysctl | Call::Nft | Call::Await) {
            return self.known_host(action.host.as_deref());
        }
        match &action.who {
            // TASK_COMM_LEN, with its NUL.
            Some(who) if who.is_empty() || who.len() > 15 => {
                Err(format!("\"{who}\" as a program's name: the kernel keeps 1 to 15 bytes"))
            }
            Some(who) if !self.hosts.is_empty() && !self.programs.contains_key(who) => {
                Err(format!("on which host does \"{who}\" run? [programs] says it"))
            }
            _ => Ok(()),
        }
    }
}

/// SO_LINGER takes seconds.
fn check_value(action: &Action) -> Result<(), Fault> {
    match &action.value {
        Some(value) if action.call == Call::Linger && value.get_ref().parse::<u16>().is_err() => {
            let what =
                format!("linger: \"{}\" as value; it takes seconds, \"0\" to \"65535\"", value.get_ref());
            Err((value.span(), what))
        }
        _ => Ok(()),
    }
}

pub(super) fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
