//! Copies the types that are asked for, and no more of them than is asked.

use std::collections::BTreeMap;

use super::format::{Type, Types, Writer, kind};

/// Paths of members, from one structure on.
type Paths = [Vec<&'static str>];

/// A copy in the making.
pub(super) struct Reduction<'a> {
    from: &'a Types,
    to: Writer,
    /// New numbers of types that parameters have.
    copied: BTreeMap<u32, u32>,
    /// Stands for every member type that nobody asks for.
    byte: u32,
}

impl<'a> Reduction<'a> {
    /// Begins with these enums in full.
    pub(super) fn new(from: &'a Types, enums: &[&str]) -> Self {
        let mut to = Writer::new();
        let byte = Type { name: "byte".to_owned(), info: kind::INT << 24, size_or_type: 1, rest: vec![8] };
        let byte = to.add(byte);
        let mut this = Self { from, to, copied: BTreeMap::new(), byte };
        for id in enums.iter().flat_map(|name| from.named(name)) {
            this.whole_enum(*id);
        }
        this
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.to.finish()
    }

    fn whole_enum(&mut self, id: u32) {
        let mut one = self.from.get(id).clone();
        if one.kind() != kind::ENUM {
            return;
        }
        for member in one.rest.chunks_exact_mut(2) {
            member[0] = self.to.string(&self.from.string(member[0]));
        }
        let new = self.to.add(one);
        self.copied.insert(id, new);
    }

    /// All definitions of a structure, with the members that these paths begin with.
    pub(super) fn structure(&mut self, name: &str, paths: &Paths) {
        for id in self.from.named(name) {
            if matches!(self.from.get(*id).kind(), kind::STRUCT | kind::UNION) {
                self.members(*id, paths, name);
            }
        }
    }

    fn members(&mut self, id: u32, paths: &Paths, name: &str) -> u32 {
        let one = self.from.get(id).clone();
        let mut rest = Vec::new();
        for member in one.rest.chunks_exact(3) {
            let member_name = self.from.string(member[0]);
            let inside = self.embedded(member[1]);
            let below: Vec<Vec<_>> = match (member_name.as_str(), inside) {
                ("", Some(anonymous)) => {
                    paths.iter().filter(|path| self.has(anonymous, path)).cloned().collect()
                }
                (name, _) => {
                    let those = paths.iter().filter(|path| path.first() == Some(&name));
                    those.map(|path| path[1..].to_vec()).collect()
                }
            };
            if below.is_empty() {
                continue;
            }
            let deeper = below.iter().any(|path| !path.is_empty());
            let new = match inside {
                // Without a name, so that it is no second definition of a structure that is asked for by name.
                Some(inside) if deeper => self.members(inside, &below, ""),
                _ => self.byte,
            };
            rest.extend([self.to.string(&member_name), new, member[2]]);
        }
        let info = one.with_vlen(rest.len() / 3);
        self.to.add(Type { name: name.to_owned(), info, rest, ..one })
    }

    /// Whether a path begins in this structure.
    fn has(&self, id: u32, path: &[&str]) -> bool {
        let mut members = self.from.get(id).rest.chunks_exact(3);
        members.any(|member| match self.from.string(member[0]).as_str() {
            "" => self.embedded(member[1]).is_some_and(|inside| self.has(inside, path)),
            name => path.first() == Some(&name),
        })
    }

    /// The structure behind aliases.
    fn embedded(&self, id: u32) -> Option<u32> {
        let one = self.from.get(id);
        match one.kind() {
            kind::STRUCT | kind::UNION => Some(id),
            kind::TYPEDEF | kind::CONST | kind::VOLATILE | kind::RESTRICT => self.embedded(one.size_or_type),
            _ => None,
        }
    }

    /// Every function, or tracepoint's type, of this name.
    pub(super) fn function(&mut self, name: &str) {
        for id in self.from.named(name) {
            let mut one = self.from.get(*id).clone();
            match one.kind() {
                kind::FUNC => {
                    one.size_or_type = self.prototype(one.size_or_type);
                    self.to.add(one);
                }
                // typedef void (*btf_trace_NAME)(void *, …)
                kind::TYPEDEF => {
                    let mut pointer = self.from.get(one.size_or_type).clone();
                    pointer.size_or_type = self.prototype(pointer.size_or_type);
                    one.size_or_type = self.to.add(pointer);
                    self.to.add(one);
                }
                _ => {}
            }
        }
    }

    fn prototype(&mut self, id: u32) -> u32 {
        let mut one = self.from.get(id).clone();
        one.size_or_type = 0;
        for parameter in one.rest.chunks_exact_mut(2) {
            parameter[0] = self.to.string(&self.from.string(parameter[0]));
            parameter[1] = self.parameter(parameter[1]);
        }
        self.to.add(one)
    }

    /// A parameter's type: its names from outside in, and nothing of what they stand for.
    fn parameter(&mut self, id: u32) -> u32 {
        if id == 0 {
            return 0;
        }
        if let Some(new) = self.copied.get(&id) {
            return *new;
        }
        let one = self.from.get(id).clone();
        let copy = match one.kind() {
            kind::PTR | kind::TYPEDEF | kind::CONST | kind::VOLATILE | kind::RESTRICT | kind::TYPE_TAG => {
                Type { size_or_type: self.parameter(one.size_or_type), ..one }
            }
            kind::STRUCT => Type { name: one.name, info: kind::FWD << 24, ..Type::default() },
            kind::UNION => Type { name: one.name, info: 1 << 31 | kind::FWD << 24, ..Type::default() },
            kind::ENUM | kind::FUNC_PROTO => {
                let size_or_type = if one.kind() == kind::ENUM { one.size_or_type } else { 0 };
                Type { info: one.with_vlen(0), size_or_type, rest: Vec::new(), ..one }
            }
            kind::INT | kind::FWD => one,
            other => panic!("a parameter of kind {other}"),
        };
        let new = self.to.add(copy);
        self.copied.insert(id, new);
        new
    }
}
