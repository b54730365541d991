//! Which kernel is meant: a name, a folder, a package, an image.

use std::{
    env,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use tcpx_guest::{
    command,
    kernels::{self, Cache, Kernel},
};

use crate::cli::failure::Failure;

/// The full kernels first: they can share the host's files. `generic` is Ubuntu's.
const FLAVOURS: &[&str] = &["amd64", "generic", "cloud-amd64"];

/// Where kernels are kept for this user.
///
/// # Errors
/// Where no folder is to be had.
pub fn cache() -> Result<Cache, Failure> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let Some(base) = base else {
        let (what, advice) = ("lab: no place for kernels", "set HOME or XDG_CACHE_HOME");
        return Err(Failure::Machine { what: what.to_owned(), advice: advice.to_owned() });
    };
    let base = base.join("tcpx");
    Ok(Cache { kernels: base.join("kernels"), lists: base.join("apt"), flavours: FLAVOURS })
}

/// The kernel that is called so.
///
/// # Errors
/// If there is none: with what there is, and how to get it.
pub fn choose(cache: &Cache, word: &str) -> Result<Kernel, Failure> {
    let path = Path::new(word);
    if !word.contains('/') && !path.exists() {
        return cache.get(word).ok_or_else(|| not_there(cache, word));
    }
    let metadata = path.metadata().map_err(Failure::io(format!("lab: --kernel {word}")))?;
    if metadata.is_dir() {
        let none = || {
            wrong(word, "this folder holds no kernel that --fetch-kernel of this version of tcpx has made")
        };
        return kernels::from_folder(path).ok_or_else(none);
    }
    // What was made of a file is kept as long as the file is the same.
    let mut hasher = DefaultHasher::new();
    let path = path.canonicalize().map_err(Failure::io(format!("lab: --kernel {word}")))?;
    (&path, metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
    let name = format!("file-{:016x}", hasher.finish());
    if let Some(kernel) = cache.get(&name) {
        return Ok(named_by_release(kernel));
    }
    let made = if path.extension().is_some_and(|ending| ending == "deb") {
        cache.unpack(&name, &path)
    } else {
        kernels::from_image(&path, &cache.kernels.join(&name))
    };
    made.map(named_by_release).map_err(|error| wrong(word, &format!("{error:#}")))
}

/// Files have no series; the release is what tells them apart.
fn named_by_release(mut kernel: Kernel) -> Kernel {
    kernel.name.clone_from(&kernel.release);
    kernel
}

fn wrong(word: &str, why: &str) -> Failure {
    Failure::Other(anyhow::anyhow!("lab: --kernel {word}: {why}"))
}

fn not_there(cache: &Cache, word: &str) -> Failure {
    let names = cache.names();
    let names: Vec<_> = names.iter().filter(|name| !name.starts_with("file-")).map(String::as_str).collect();
    let fetched = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    let known = kernels::SERIES.iter().any(|series| series.name == word);
    if known || word.starts_with(|c: char| c.is_ascii_digit()) {
        let debian = if known { String::new() } else { format!("; Debian has {}", kernels::known()) };
        return Failure::Machine {
            what: format!("lab: kernel {word} has not been fetched (fetched: {fetched}{debian})"),
            advice: format!("tcpx lab --fetch-kernel {word} {}", if known { "does it" } else { "tries to" }),
        };
    }
    Failure::Usage(format!(
        "lab: --kernel: there is no kernel and no file \"{word}\"; fetched: {fetched}; Debian has {}; or name a file: a \
         bzImage, a .deb",
        kernels::known()
    ))
}

/// Fetches these kernels, unless they are there; says on stderr what it does.
///
/// # Errors
/// When one cannot be had, with what to do instead.
pub fn fetch(cache: &Cache, names: &[String]) -> Result<Vec<Kernel>, Failure> {
    let missing = ["apt-get", "apt-cache", "dpkg"].into_iter().find(|program| !command::exists(program));
    if let Some(program) = missing {
        return Err(Failure::Unavailable(format!(
            "lab: --fetch-kernel: kernels are fetched by apt, and there is no {program} here; \
             --kernel FILE takes a bzImage (with its modules in /lib/modules/RELEASE or beside it) or a .deb"
        )));
    }
    names.iter().map(|name| one(cache, name)).collect()
}

fn one(cache: &Cache, name: &str) -> Result<Kernel, Failure> {
    let say = |text: String| {
        // Progress for whoever watches.
        let _ = writeln!(std::io::stderr(), "{name}: {text}");
    };
    if cache.get(name).is_none() {
        say("looking for it in the package lists".to_owned());
    }
    let kernel = cache.obtain(name, &|package| say(format!("fetching {package}")));
    kernel.map_err(|error| Failure::Other(error.context(format!("lab: --fetch-kernel {name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache =
            Cache { kernels: folder.path().join("k"), lists: folder.path().join("l"), flavours: FLAVOURS };
        (folder, cache)
    }

    #[test]
    fn a_kernel_that_is_not_there_says_how_to_get_it() {
        let (_folder, cache) = empty();
        let said = |word| choose(&cache, word).expect_err("not there").to_string();
        assert!(said("6.1").contains("(fetched: none yet); tcpx lab --fetch-kernel 6.1 does it"));
        assert!(said("4.9").contains("Debian has 5.10, 6.1"));
        assert!(said("newest").contains("no kernel and no file \"newest\""));
        assert!(said("./x").contains("lab: --kernel ./x"));
    }

    #[test]
    fn what_is_fetched_is_found_by_its_name() {
        let (_folder, cache) = empty();
        let folder = cache.kernels.join("6.1");
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
        write("release", "6.1.0-9-amd64");
        assert!(choose(&cache, "6.1").is_err(), "a kernel of a version that wanted other modules");
        write("modules.wanted", &tcpx_guest::modules::wanted_text());
        assert_eq!(choose(&cache, "6.1").expect("it is there").release, "6.1.0-9-amd64");
        assert_eq!(choose(&cache, &folder.display().to_string()).expect("by its path").name, "6.1");
        assert!(choose(&cache, "6.12").expect_err("not there").to_string().contains("(fetched: 6.1)"));
    }

    #[test]
    fn a_file_that_is_no_kernel_is_told_so() {
        let (folder, cache) = empty();
        let file = folder.path().join("vmlinux");
        std::fs::write(&file, "\x7fELF").expect("a file");
        let said = choose(&cache, &file.display().to_string()).expect_err("no kernel").to_string();
        assert!(said.contains("is no kernel that boots on x86"), "{said}");
    }
}
