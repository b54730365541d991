//! What is counted, at one moment: metric families as plain data, of which the text for Prometheus and the points for OTLP
//! are both made, so that the two never say different things.

use std::borrow::Cow;

/// Names and values of labels. An empty value is an absent fact: to Prometheus it is the same as no label.
pub type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// All of it, in the order in which it is shown.
pub type Snapshot = Vec<Family>;

/// One metric with all its labels.
#[derive(Clone, Debug)]
pub struct Family {
    /// Without unit, `_total` and `_info`, which are put behind it.
    pub name: &'static str,
    /// What is counted, exactly: one sentence, without its full stop.
    pub help: &'static str,
    /// Of what the values are.
    pub unit: Unit,
    /// The values.
    pub points: Points,
}

/// Units that Prometheus has names for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// Values, by labels.
#[derive(Clone, Debug)]
pub enum Points {
    /// Rise only.
    Counter(Vec<(Labels, f64)>),
    /// Rise and fall.
    Gauge(Vec<(Labels, f64)>),
    /// Distributions.
    Histogram(Vec<(Labels, Distribution)>),
}

/// How many observations were not above each bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Upper bounds, each with the observations above the bound before it; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of all observations.
    pub sum: f64,
}

impl Distribution {
    /// How many observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

impl Family {
    /// A count of things that have happened.
    pub(super) fn counter(name: &'static str, help: &'static str, points: Vec<(Labels, u64)>) -> Self {
        // Exact to 2^53: at a million lines a second that is 285 years.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let points = points.into_iter().map(|(labels, count)| (labels, count as f64)).collect();
        Self { name, help, unit: Unit::None, points: Points::Counter(points) }
    }

    /// A level.
    pub(super) fn gauge(name: &'static str, help: &'static str, points: Vec<(Labels, f64)>) -> Self {
        Self { name, help, unit: Unit::None, points: Points::Gauge(points) }
    }

    /// The same in another unit.
    pub(super) fn of(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }
}
