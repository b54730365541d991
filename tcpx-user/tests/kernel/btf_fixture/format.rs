//! BTF as bytes (Documentation/bpf/btf.rst): just enough to copy types from one file to another.

use std::collections::BTreeMap;

/// Kinds of types.
pub(super) mod kind {
    pub(crate) const INT: u32 = 1;
    pub(crate) const PTR: u32 = 2;
    pub(crate) const ARRAY: u32 = 3;
    pub(crate) const STRUCT: u32 = 4;
    pub(crate) const UNION: u32 = 5;
    pub(crate) const ENUM: u32 = 6;
    pub(crate) const FWD: u32 = 7;
    pub(crate) const TYPEDEF: u32 = 8;
    pub(crate) const VOLATILE: u32 = 9;
    pub(crate) const CONST: u32 = 10;
    pub(crate) const RESTRICT: u32 = 11;
    pub(crate) const FUNC: u32 = 12;
    pub(crate) const FUNC_PROTO: u32 = 13;
    pub(crate) const VAR: u32 = 14;
    pub(crate) const DATASEC: u32 = 15;
    pub(crate) const DECL_TAG: u32 = 17;
    pub(crate) const TYPE_TAG: u32 = 18;
    pub(crate) const ENUM64: u32 = 19;
}

const MAGIC: u32 = 0x0001_eb9f;
const HEADER: usize = 24;

/// One type: the kernel's `struct btf_type` and what follows it.
#[derive(Clone, Default)]
pub(super) struct Type {
    pub(super) name: String,
    /// Kind, number of followers, flag.
    pub(super) info: u32,
    /// A size or a type.
    pub(super) size_or_type: u32,
    pub(super) rest: Vec<u32>,
}

impl Type {
    pub(super) fn kind(&self) -> u32 {
        self.info >> 24 & 0x1f
    }

    pub(super) fn vlen(&self) -> usize {
        (self.info & 0xffff) as usize
    }

    /// The same with another number of followers.
    pub(super) fn with_vlen(&self, vlen: usize) -> u32 {
        self.info & !0xffff | vlen as u32
    }
}

/// A file's types.
pub(super) struct Types {
    /// By number; 0 is `void`.
    list: Vec<Type>,
    strings: Vec<u8>,
    names: BTreeMap<String, Vec<u32>>,
}

impl Types {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        if word(0)? != MAGIC {
            return None;
        }
        let start = word(4)? as usize;
        let (types, types_len) = (start + word(8)? as usize, word(12)? as usize);
        let (strings, strings_len) = (start + word(16)? as usize, word(20)? as usize);
        let strings = bytes.get(strings..strings + strings_len)?.to_vec();
        let mut this = Self { list: vec![Type::default()], strings, names: BTreeMap::new() };
        let mut at = types;
        while at < types + types_len {
            let mut one = Type {
                name: this.string(word(at)?),
                info: word(at + 4)?,
                size_or_type: word(at + 8)?,
                rest: Vec::new(),
            };
            at += 12;
            for _ in 0..followers(one.kind(), one.vlen()) {
                one.rest.push(word(at)?);
                at += 4;
            }
            this.names.entry(one.name.clone()).or_default().push(this.list.len() as u32);
            this.list.push(one);
        }
        Some(this)
    }

    pub(super) fn string(&self, at: u32) -> String {
        let rest = self.strings.get(at as usize..).unwrap_or_default();
        String::from_utf8_lossy(rest.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
    }

    pub(super) fn get(&self, id: u32) -> &Type {
        &self.list[id as usize]
    }

    pub(super) fn named(&self, name: &str) -> &[u32] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Words that follow a type of this kind.
fn followers(kind: u32, vlen: usize) -> usize {
    match kind {
        kind::INT | kind::VAR | kind::DECL_TAG => 1,
        kind::ARRAY => 3,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 3 * vlen,
        kind::ENUM | kind::FUNC_PROTO => 2 * vlen,
        _ => 0,
    }
}

/// A new file.
pub(super) struct Writer {
    /// From number 1 on.
    list: Vec<Type>,
    strings: Vec<u8>,
    places: BTreeMap<String, u32>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), strings: vec![0], places: BTreeMap::from([(String::new(), 0)]) }
    }

    pub(super) fn add(&mut self, one: Type) -> u32 {
        self.list.push(one);
        self.list.len() as u32
    }

    pub(super) fn string(&mut self, text: &str) -> u32 {
        if let Some(at) = self.places.get(text) {
            return *at;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(text.bytes().chain([0]));
        self.places.insert(text.to_owned(), at);
        at
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut words = Vec::new();
        for one in std::mem::take(&mut self.list) {
            words.extend([self.string(&one.name), one.info, one.size_or_type]);
            words.extend(one.rest);
        }
        let types = words.len() as u32 * 4;
        let header = [MAGIC, HEADER as u32, 0, types, types, self.strings.len() as u32];
        let mut bytes: Vec<u8> = header.iter().chain(&words).flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(self.strings);
        bytes
    }
}
