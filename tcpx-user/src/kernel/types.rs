//! Questions to the kernel's BTF: where a member is, which argument has a type, what an enum's numbers are called.
//!
//! Every answer is exact or an error that says what is missing; nothing is guessed from a version number.

mod named;

use btf_rs::{Btf, BtfType, Type};
use named::Named;

/// Why BTF could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// No such type.
    #[error("this kernel has no {0}")]
    NoType(String),
    /// No such member.
    #[error("{0} has no member {1}")]
    NoMember(String, String),
    /// No parameter of that type.
    #[error("{0} has no parameter of type {1}")]
    NoParameter(String, String),
    /// Two definitions that disagree.
    #[error("{0} is defined in several ways")]
    Ambiguous(String),
    /// The question is not in the language of `Offsets::PATHS`.
    #[error("{0:?} is no question that can be asked of BTF")]
    Syntax(String),
    /// The data is broken.
    #[error("BTF: {0}")]
    Broken(String),
}

impl From<btf_rs::Error> for TypeError {
    fn from(error: btf_rs::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

type Result<T> = std::result::Result<T, TypeError>;

/// The kernel's types, and those of its modules.
pub struct Types {
    base: Named,
    modules: Vec<Btf>,
}

/// A place in a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    bits: u32,
    /// Type of the member.
    type_id: u32,
}

impl Types {
    /// Reads BTF: of the kernel, and of the modules that matter.
    ///
    /// # Errors
    /// When the kernel's cannot be read. A module's that cannot be takes the module's hooks away, no more.
    pub fn new(kernel: &[u8], modules: &[Vec<u8>]) -> Result<Self> {
        let base = Named::new(kernel)?;
        let modules =
            modules.iter().filter_map(|bytes| Btf::from_split_bytes(bytes, &base.btf).ok()).collect();
        Ok(Self { base, modules })
    }

    /// Answers a question in the language of `tcpx_common::offsets::Offsets::PATHS`.
    ///
    /// # Errors
    /// When the kernel has no such thing, or several that disagree.
    pub fn answer(&self, question: &str) -> Result<u16> {
        let mut last = TypeError::Syntax(question.to_owned());
        for part in question.split('|') {
            match self.part(part) {
                Ok(value) => return Ok(value),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn part(&self, part: &str) -> Result<u16> {
        let words: Vec<&str> = part.split_whitespace().collect();
        let value = match words.as_slice() {
            ["sizeof", name] => self.size(name)?,
            ["enum", name, member] => self.enumerator(name, member)?,
            ["mask", path] => 1 << (self.place(path)?.bits % 8),
            ["slot", functions, of] => self.slot(functions, of, 0, false)?,
            ["slot", functions, of, nth] => self.slot(functions, of, number(nth)?, false)?,
            ["module", "slot", functions, of] => self.slot(functions, of, 0, true)?,
            ["always", number] => self::number(number)? as u32,
            ["result", functions] => self.agree(functions, false, |params| Ok(params.len() as u32))?,
            [path] => self.place(path)?.bits / 8,
            _ => return Err(TypeError::Syntax(part.to_owned())),
        };
        u16::try_from(value).map_err(|_| TypeError::Syntax(part.to_owned()))
    }

    /// Whether the kernel has a function of this name that a trampoline could stand at.
    #[must_use]
    pub fn has_function(&self, name: &str) -> bool {
        self.function(name).is_ok()
    }

    /// Number of a function in the kernel's BTF, by which programs are attached to it.
    ///
    /// # Errors
    /// When the kernel has none of that name.
    pub fn function_id(&self, name: &str) -> Result<u32> {
        let is_function = |id: &u32| matches!(self.base.btf.resolve_type_by_id(*id), Ok(Type::Func(_)));
        self.base
            .ids(name)
            .into_iter()
            .find(is_function)
            .ok_or_else(|| TypeError::NoType(format!("function {name}")))
    }

    /// The parameters of a function, or of a tracepoint as `btf_trace_NAME`, each by the name of its type: pointers as
    /// what they lead to. `None` if the kernel has none of that name.
    #[must_use]
    pub fn prototype(&self, name: &str) -> Option<String> {
        let parameters = self.parameters(name, true).ok()?;
        let names: Vec<_> =
            parameters.iter().map(|names| names.first().map_or("?", String::as_str)).collect();
        Some(format!("({})", names.join(", ")))
    }

    /// Whether the kernel has this tracepoint.
    #[must_use]
    pub fn has_tracepoint(&self, name: &str) -> bool {
        !self.base.ids(&format!("btf_trace_{name}")).is_empty()
    }

    /// Numbers and names of an enum; empty if the kernel has none of that name.
    #[must_use]
    pub fn enum_names(&self, name: &str) -> Vec<(u32, String)> {
        self.base
            .types(name)
            .iter()
            .find_map(|ty| if let Type::Enum(e) = ty { Some(e) } else { None })
            .map_or_else(Vec::new, |found| {
                found
                    .members
                    .iter()
                    .filter_map(|member| Some((member.val(), self.base.btf.resolve_name(member).ok()?)))
                    .collect()
            })
    }

    fn enumerator(&self, name: &str, member: &str) -> Result<u32> {
        let found = self.enum_names(name).into_iter().find(|(_, known)| known == member);
        found.map(|(number, _)| number).ok_or_else(|| TypeError::NoType(format!("{member} in enum {name}")))
    }

    fn size(&self, name: &str) -> Result<u32> {
        Ok(self.structure(name)?.size() as u32)
    }

    /// A structure by name. Several definitions of one name are common in BTF; they must agree in size.
    fn structure(&self, name: &str) -> Result<btf_rs::Struct> {
        let mut found: Option<btf_rs::Struct> = None;
        for ty in self.base.types(name) {
            let (Type::Struct(this) | Type::Union(this)) = ty else { continue };
            match &found {
                Some(other) if other.size() != this.size() || other.members.len() != this.members.len() => {
                    return Err(TypeError::Ambiguous(format!("struct {name}")));
                }
                Some(_) => {}
                None => found = Some(this),
            }
        }
        found.ok_or_else(|| TypeError::NoType(format!("struct {name}")))
    }

    /// `struct.member.member`, through embedded and anonymous structures.
    fn place(&self, path: &str) -> Result<Place> {
        let mut parts = path.split('.');
        let name = parts.next().unwrap_or_default();
        let mut inside = self.structure(name)?;
        let mut bits = 0;
        let mut type_id = 0;
        let mut so_far = format!("struct {name}");
        let mut rest = parts.peekable();
        while let Some(part) = rest.next() {
            let place = self
                .member(&inside, part)
                .ok_or_else(|| TypeError::NoMember(so_far.clone(), part.to_owned()))?;
            bits += place.bits;
            type_id = place.type_id;
            so_far = format!("{so_far}.{part}");
            if rest.peek().is_some() {
                inside = self
                    .embedded(type_id)
                    .ok_or_else(|| TypeError::NoMember(so_far.clone(), "(it is not embedded)".to_owned()))?;
            }
        }
        Ok(Place { bits, type_id })
    }

    fn member(&self, inside: &btf_rs::Struct, name: &str) -> Option<Place> {
        for member in &inside.members {
            let bits = member.bit_offset();
            let type_id = member.get_type_id()?;
            let member_name = self.base.btf.resolve_name(member).unwrap_or_default();
            if member_name == name {
                return Some(Place { bits, type_id });
            }
            if member_name.is_empty()
                && let Some(anonymous) = self.embedded(type_id)
                && let Some(place) = self.member(&anonymous, name)
            {
                return Some(Place { bits: bits + place.bits, ..place });
            }
        }
        None
    }

    /// The structure or union behind a type that is not a pointer.
    fn embedded(&self, id: u32) -> Option<btf_rs::Struct> {
        match self.base.btf.resolve_type_by_id(id).ok()? {
            Type::Struct(found) | Type::Union(found) => Some(found),
            Type::Typedef(alias) => self.embedded(alias.get_type_id()?),
            Type::Const(alias) | Type::Volatile(alias) | Type::Restrict(alias) => {
                self.embedded(alias.get_type_id()?)
            }
            _ => None,
        }
    }

    fn slot(&self, functions: &str, of: &str, nth: usize, modules: bool) -> Result<u32> {
        self.agree(functions, modules, |params| {
            params
                .iter()
                .enumerate()
                .filter(|(_, names)| names.iter().any(|name| name == of))
                .nth(nth)
                .map(|(at, _)| at as u32)
                .ok_or_else(|| TypeError::NoParameter(functions.to_owned(), of.to_owned()))
        })
    }

    /// Asks each of `f&g` and wants one answer.
    fn agree(
        &self,
        functions: &str,
        modules: bool,
        ask: impl Fn(&[Vec<String>]) -> Result<u32>,
    ) -> Result<u32> {
        let mut answer = None;
        for name in functions.split('&') {
            let this = ask(&self.parameters(name, modules)?)?;
            if answer.is_some_and(|other| other != this) {
                return Err(TypeError::Ambiguous(functions.to_owned()));
            }
            answer = Some(this);
        }
        answer.ok_or_else(|| TypeError::Syntax(functions.to_owned()))
    }

    /// For each parameter of a function or tracepoint all the names that its type has, from outside in. A
    /// tracepoint's first parameter is the probe's own data, which programs do not see.
    fn parameters(&self, name: &str, modules: bool) -> Result<Vec<Vec<String>>> {
        if let Some(tracepoint) = name.strip_prefix("btf_trace_") {
            let prototype = self
                .tracepoint_prototype(name)?
                .ok_or_else(|| TypeError::NoType(format!("tracepoint {tracepoint}")))?;
            return Ok(prototype
                .parameters
                .iter()
                .skip(1)
                .map(|param| type_names(&self.base.btf, param))
                .collect());
        }
        let names = |prototype: btf_rs::FuncProto, btf| -> Vec<_> {
            prototype.parameters.iter().map(|param| type_names(btf, param)).collect()
        };
        if let Ok(prototype) = self.function(name) {
            return Ok(names(prototype, &self.base.btf));
        }
        for btf in self.modules.iter().filter(|_| modules) {
            let types = btf.resolve_types_by_name(name).unwrap_or_default();
            if let Ok(prototype) = prototype(btf, types, name) {
                return Ok(names(prototype, btf));
            }
        }
        Err(TypeError::NoType(format!("function {name}")))
    }

    fn function(&self, name: &str) -> Result<btf_rs::FuncProto> {
        prototype(&self.base.btf, self.base.types(name), name)
    }

    /// `typedef void (*btf_trace_NAME)(void *__data, ...)`
    fn tracepoint_prototype(&self, name: &str) -> Result<Option<btf_rs::FuncProto>> {
        for ty in self.base.types(name) {
            if let Type::Typedef(alias) = ty
                && let Type::Ptr(pointer) = self.base.btf.resolve_chained_type(&alias)?
                && let Type::FuncProto(prototype) = self.base.btf.resolve_chained_type(&pointer)?
            {
                return Ok(Some(prototype));
            }
        }
        Ok(None)
    }
}

/// That of the function among `types`, all of which are called `name`.
fn prototype(btf: &Btf, types: Vec<Type>, name: &str) -> Result<btf_rs::FuncProto> {
    for ty in types {
        if let Type::Func(function) = ty
            && let Type::FuncProto(prototype) = btf.resolve_chained_type(&function)?
        {
            return Ok(prototype);
        }
    }
    Err(TypeError::NoType(format!("function {name}")))
}

/// `struct sock *` gives `sock`; `u8` gives `u8`, `__u8`, `unsigned char`; `void *` gives `void`.
fn type_names(btf: &Btf, param: &btf_rs::Parameter) -> Vec<String> {
    let mut names = Vec::new();
    let mut id = param.get_type_id();
    while let Some(this) = id {
        if this == 0 {
            names.push("void".to_owned());
            break;
        }
        let Ok(ty) = btf.resolve_type_by_id(this) else { break };
        let Some(as_type) = ty.as_btf_type() else { break };
        if let Ok(name) = btf.resolve_name(as_type)
            && !name.is_empty()
        {
            names.push(name);
        }
        id = match ty {
            Type::Ptr(_)
            | Type::Typedef(_)
            | Type::Const(_)
            | Type::Volatile(_)
            | Type::Restrict(_)
            | Type::TypeTag(_) => as_type.get_type_id(),
            _ => None,
        };
    }
    names
}

fn number(word: &str) -> Result<usize> {
    word.parse().map_err(|_| TypeError::Syntax(word.to_owned()))
}
