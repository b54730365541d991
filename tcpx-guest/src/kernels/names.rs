//! Names of kernel packages: `linux-image-6.1.0-56-cloud-amd64` is the release 6.1.0-56 in the flavour cloud-amd64.

/// Words that are parts of a release: Debian's backports, and release candidates. Others belong to the flavour.
const WORDS: &[&str] = &["deb", "bpo", "rc"];

/// The newest image package of a version, in the first of these flavours that has one; leaves aside debug packages and
/// metapackages.
pub(super) fn newest_image(names: &[String], version: &str, flavours: &[&str]) -> Option<String> {
    flavours.iter().find_map(|flavour| {
        let images = names.iter().filter(|name| is_image(name, version, flavour));
        images.max_by_key(|name| sort_key(name)).cloned()
    })
}

/// The series that these names have, oldest first.
pub(super) fn series_of(names: &[String], flavours: &[&str]) -> Vec<String> {
    let series = names.iter().filter_map(|name| {
        let release = flavours.iter().find_map(|flavour| release_of(name, flavour))?;
        let mut numbers = release.split('.');
        let (major, minor) = (numbers.next()?, numbers.next()?);
        // What has no third number is a metapackage.
        numbers.next()?;
        Some(format!("{major}.{minor}"))
    });
    let mut series: Vec<_> = series.collect();
    series.sort_by_key(|name| sort_key(name));
    series.dedup();
    series
}

fn is_image(package: &str, version: &str, flavour: &str) -> bool {
    let Some(release) = release_of(package, flavour) else { return false };
    // A release candidate has no third number. Elsewhere that is a metapackage, which sorts before all that have one.
    release == version || release.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
}

fn release_of<'a>(package: &'a str, flavour: &str) -> Option<&'a str> {
    let release = package.strip_prefix("linux-image-")?.strip_suffix(flavour)?.strip_suffix('-')?;
    let mut words = release.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    (release.starts_with(|c: char| c.is_ascii_digit()) && words.all(|word| WORDS.contains(&word)))
        .then_some(release)
}

/// The numbers of the release in a name: `6.1.0-56` sorts after `6.1.0-9`, and after `6.1.0-0.deb11.52`. Those of the flavour (`amd64`)
/// are none of them.
pub(super) fn sort_key(name: &str) -> Vec<u64> {
    let parts = name.split('-').filter(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let digits = parts.flat_map(|part| part.split(|c: char| !c.is_ascii_digit()));
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &[
        "linux-image-6.1-cloud-amd64",
        "linux-image-6.1.0-9-cloud-amd64",
        "linux-image-6.1.0-56-cloud-amd64",
        "linux-image-6.1.0-57-cloud-amd64-dbg",
        "linux-image-6.1.0-0.deb11.99-cloud-amd64",
        "linux-image-6.1.0-58-rt-amd64",
        "linux-image-6.1.0-55-amd64",
        "linux-image-6.12.1+deb13-cloud-amd64",
        "linux-image-amd64",
    ];

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn newest(version: &str, flavours: &[&str]) -> Option<String> {
        newest_image(&owned(NAMES), version, flavours)
    }

    #[test]
    fn newest_is_by_number_and_never_a_metapackage_or_debug_symbols() {
        let cloud = &["cloud-amd64"];
        assert_eq!(newest("6.1", cloud).as_deref(), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(newest("6.12", cloud).as_deref(), Some("linux-image-6.12.1+deb13-cloud-amd64"));
        assert_eq!(newest("5.10", cloud), None);
    }

    #[test]
    fn the_first_flavour_that_is_there_is_taken() {
        let all = &["amd64", "cloud-amd64"];
        assert_eq!(newest("6.1", all).as_deref(), Some("linux-image-6.1.0-55-amd64"));
        assert_eq!(newest("6.12", all).as_deref(), Some("linux-image-6.12.1+deb13-cloud-amd64"));
        let ubuntu = ["linux-image-6.8.0-45-generic", "linux-image-generic", "linux-image-6.11.0-9-generic"];
        assert_eq!(series_of(&owned(&ubuntu), &["amd64", "generic"]), ["6.8", "6.11"]);
        assert_eq!(series_of(&owned(NAMES), all), ["6.1", "6.12"]);
    }
}
