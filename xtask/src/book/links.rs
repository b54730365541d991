//! Links of the pages that mdBook made: to files that are there, and to places in them that are there. The network is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use super::files;

/// Follows all links of the pages below a folder, and counts them.
pub(super) fn check(pages: &Path) -> Result<usize> {
    let mut texts = BTreeMap::new();
    for page in files::below(pages, "html")? {
        texts.insert(page.clone(), files::text(&page)?);
    }
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> =
        texts.iter().map(|(page, text)| (page, values(text, "id").collect())).collect();
    let mut count = 0;
    let mut broken = BTreeSet::new();
    // The page for what was not found is shown in place of any page, so that its links have no place to start from.
    for (page, text) in texts.iter().filter(|(page, _)| !page.ends_with("404.html")) {
        for link in values(text, "href").chain(values(text, "src")).filter(|link| is_ours(link)) {
            count += 1;
            if let Some(why) = trouble(page, link, &ids) {
                broken.insert(format!(
                    "  {}: {link}: {why}",
                    page.strip_prefix(pages).unwrap_or(page).display()
                ));
            }
        }
    }
    if broken.is_empty() {
        return Ok(count);
    }
    bail!("links of the book that lead nowhere:\n{}", broken.into_iter().collect::<Vec<_>>().join("\n"))
}

/// The values of an attribute, in tags and nowhere else.
fn values<'a>(page: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
    let tags = page.split('<').skip(1).filter_map(|part| part.split('>').next());
    tags.filter(|tag| !tag.starts_with('!')).filter_map(move |tag| {
        let (_, rest) = tag.split_once(&format!(" {attribute}=\""))?;
        rest.split('"').next()
    })
}

/// Of this book, and not another site's.
fn is_ours(link: &str) -> bool {
    !link.is_empty()
        && !["http:", "https:", "mailto:", "data:", "javascript:"].iter().any(|other| link.starts_with(other))
}

/// What is wrong with a link, if anything.
fn trouble(page: &Path, link: &str, ids: &BTreeMap<&PathBuf, BTreeSet<&str>>) -> Option<String> {
    let (file, place) = link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)));
    let file = file.split('?').next().unwrap_or_default();
    let mut target = if file.is_empty() { page.to_path_buf() } else { joined(page.parent()?, file) };
    if target.is_dir() {
        target.push("index.html");
    }
    if !target.exists() {
        return Some("there is no such file".to_owned());
    }
    let place = place.filter(|place| !place.is_empty())?;
    let known = ids.get(&target)?;
    let is_there = known.contains(place) || known.iter().any(|id| decoded(place) == *id);
    (!is_there).then(|| "there is no such place on that page".to_owned())
}

/// A relative path from a folder, without `..` in it.
fn joined(folder: &Path, file: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for part in Path::new(&decoded(file)).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

/// With bytes in place of `%E4` and the like.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => (bytes.push(byte), rest = &more[2..]),
            None => (bytes.push(first), rest = more),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_named() -> Result<()> {
        let folder = crate::paths::target_folder("book-test")?;
        let write = |name: &str, text: &str| crate::paths::write(&folder.join(name), text);
        write("b.html", "<h1 id=\"top\">B</h1>")?;
        write(
            "a.html",
            "<a href=\"b.html#top\">b</a> <a class=\"x\" href=\"#here\">c</a> <p id=\"here\"> <a href=\"https://a.b/c\">",
        )?;
        assert_eq!(check(&folder)?, 2);
        write("a.html", "<a href=\"c.html\">c</a> <a href=\"b.html#bottom\">b</a>")?;
        let told = check(&folder).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("a.html: c.html: there is no such file"), "{told}");
        assert!(told.contains("a.html: b.html#bottom: there is no such place"), "{told}");
        crate::paths::remove_folder(&folder)
    }

    #[test]
    fn letters_that_a_link_has_to_write_otherwise_are_read() {
        assert_eq!(decoded("%E4%B8%AD-a"), "中-a");
        assert_eq!(decoded("100%"), "100%");
    }
}
