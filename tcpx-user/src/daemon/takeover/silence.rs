//! A time at which nothing happened.

/// The middle of the longest stretch between `from` and `until` in which no event has its time.
pub(super) fn longest(mut times: Vec<u64>, from: u64, until: u64) -> u64 {
    times.retain(|time| (from..until).contains(time));
    times.extend([from, until.max(from)]);
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0], pair[0]));
    gaps.max().map_or(from, |(length, since)| since + length / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_the_middle_of_the_longest_silence() {
        assert_eq!(longest(vec![30, 10, 12, 60, 500, 3], 5, 70), 45);
        assert_eq!(longest(vec![], 100, 200), 150, "nothing happened at all");
        assert_eq!(longest(vec![7], 100, 90), 100, "no time has passed");
    }
}
