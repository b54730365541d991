//! A fair choice of what is shown in detail, in bounded memory.
//!
//! What is offered belongs to a stratum: one kind of line, with one verdict, of one process. Each offer has a number that looks
//! random, and a stratum keeps those with the smallest. When the whole is too large, the largest stratum gives up its last, and from
//! then on takes none that comes behind it. So what a stratum holds is a uniform choice of all it was offered, whenever
//! that came, and a rare case keeps its place beside one that happened a million times.

use std::collections::BTreeMap;

/// How large a sample may become.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Texts.
    pub texts: usize,
    /// Bytes of all of them.
    pub bytes: usize,
    /// Bytes of one.
    pub longest: usize,
}

/// Texts, each of which stands for one line.
#[derive(Debug)]
pub struct Sample {
    bounds: Bounds,
    strata: Vec<Stratum>,
    texts: usize,
    bytes: usize,
}

/// Names a stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratumId(usize);

#[derive(Debug)]
struct Stratum {
    /// By number and id.
    kept: BTreeMap<(u64, u64), String>,
    /// Numbers from here on are refused.
    limit: u64,
}

impl Sample {
    /// Nothing yet.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, strata: Vec::new(), texts: 0, bytes: 0 }
    }

    /// One more stratum.
    pub fn stratum(&mut self) -> StratumId {
        self.strata.push(Stratum { kept: BTreeMap::new(), limit: u64::MAX });
        StratumId(self.strata.len() - 1)
    }

    /// How many strata there are.
    #[must_use]
    pub const fn strata(&self) -> usize {
        self.strata.len()
    }

    /// Offers what has this id. `number` decides, the same for what belongs together; `text` is made only if it is taken.
    pub fn offer(&mut self, to: StratumId, number: u64, id: u64, text: impl FnOnce() -> String) {
        if number >= self.strata[to.0].limit {
            return;
        }
        let text = text();
        if text.len() > self.bounds.longest {
            return;
        }
        self.take(to, (number, id));
        self.bytes += text.len();
        self.texts += 1;
        self.strata[to.0].kept.insert((number, id), text);
        while self.texts > self.bounds.texts || self.bytes > self.bounds.bytes {
            self.shrink();
        }
    }

    /// Takes back what was offered.
    pub fn withdraw(&mut self, from: StratumId, number: u64, id: u64) {
        self.take(from, (number, id));
    }

    fn take(&mut self, from: StratumId, key: (u64, u64)) {
        if let Some(text) = self.strata[from.0].kept.remove(&key) {
            self.bytes -= text.len();
            self.texts -= 1;
        }
    }

    fn shrink(&mut self) {
        // By number and not by size: an attempt and its RST, which have the same number, then stay or go together.
        let largest = (0..self.strata.len()).max_by_key(|&at| self.strata[at].kept.len()).map(StratumId);
        let last = largest.and_then(|at| Some((at, *self.strata[at.0].kept.last_key_value()?.0)));
        if let Some((at, key)) = last {
            self.strata[at.0].limit = key.0;
            self.take(at, key);
        }
    }

    /// What is kept, in the order of the ids.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        let mut all: Vec<_> = self.strata.iter().flat_map(|stratum| &stratum.kept).collect();
        all.sort_by_key(|((_, id), _)| *id);
        all.into_iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// The number of an id: SplitMix64, so that the same recording always gives the same page.
#[must_use]
pub const fn number(id: u64) -> u64 {
    let z = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { texts: 100, bytes: 100_000, longest: 1_000 };

    fn offer(sample: &mut Sample, to: StratumId, ids: std::ops::Range<u64>) {
        for id in ids {
            sample.offer(to, number(id), id, || format!("{id}"));
        }
    }

    fn ids(sample: &Sample) -> Vec<u64> {
        sample.texts().iter().map(|text| text.parse().expect("a number")).collect()
    }

    #[test]
    fn all_are_kept_while_they_fit_and_in_order() {
        let mut sample = Sample::new(BOUNDS);
        let only = sample.stratum();
        offer(&mut sample, only, 0..100);
        assert_eq!(ids(&sample), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_rare_stays_beside_the_frequent() {
        let mut sample = Sample::new(BOUNDS);
        let (frequent, rare) = (sample.stratum(), sample.stratum());
        offer(&mut sample, frequent, 0..100_000);
        offer(&mut sample, rare, 200_000..200_020);
        let kept = ids(&sample);
        assert_eq!(kept.len(), 100);
        assert_eq!(kept.iter().filter(|&&id| id >= 200_000).count(), 20);
    }

    #[test]
    fn early_and_late_have_the_same_chance() {
        let mut sample = Sample::new(Bounds { texts: 1_000, ..BOUNDS });
        let only = sample.stratum();
        offer(&mut sample, only, 0..100_000);
        let early = ids(&sample).iter().filter(|&&id| id < 50_000).count();
        assert!((420..580).contains(&early), "{early} of 1000");
    }

    #[test]
    fn a_choice_is_not_mixed_with_what_came_when_more_could_stay() {
        let mut sample = Sample::new(BOUNDS);
        let (first, second) = (sample.stratum(), sample.stratum());
        offer(&mut sample, first, 0..5_000);
        offer(&mut sample, second, 5_000..10_000);
        let largest = ids(&sample).iter().filter(|&&id| id < 5_000).map(|&id| number(id)).max();
        let smaller = (0..5_000).filter(|&id| Some(number(id)) <= largest).count();
        let kept = ids(&sample).iter().filter(|&&id| id < 5_000).count();
        assert_eq!(kept, smaller, "those with the smallest numbers, without a gap");
    }

    #[test]
    fn bytes_are_bounded_and_what_is_withdrawn_is_gone() {
        let mut sample = Sample::new(Bounds { texts: 100, bytes: 50, longest: 10 });
        let only = sample.stratum();
        sample.offer(only, 1, 1, || "x".repeat(11));
        assert_eq!(sample.texts().len(), 0, "too long");
        for id in 2..20 {
            sample.offer(only, id, id, || "x".repeat(10));
        }
        assert_eq!((sample.texts().len(), sample.bytes), (5, 50));
        sample.withdraw(only, 2, 2);
        assert_eq!((sample.texts().len(), sample.bytes), (4, 40));
    }
}
