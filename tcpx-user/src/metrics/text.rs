//! A snapshot as OpenMetrics text.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, text},
    metrics::MetricType,
    registry,
};

use super::family::{Distribution, Family, Labels, Points, Snapshot, Unit};

/// What the text is, for the header `Content-Type`. Prometheus 3 refuses an answer without one.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Above it not every integer is a floating-point number: 2^53.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// The exemplar that no point has.
type NoExemplar<V> = Option<&'static prometheus_client::metrics::exemplar::Exemplar<Labels, V>>;

/// Writes it, `# EOF` at the end.
#[must_use]
pub(super) fn render(snapshot: Snapshot) -> String {
    let mut registry = registry::Registry::default();
    registry.register_collector(Box::new(Shown(snapshot)));
    let mut text = String::new();
    match text::encode(&mut text, &registry) {
        Ok(()) => text,
        // A String takes everything, so that the encoder has no reason to fail. Half of the metrics would look like all.
        Err(fmt::Error) => "# EOF\n".to_owned(),
    }
}

#[derive(Debug)]
struct Shown(Snapshot);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| one(family, &mut encoder))
    }
}

fn one(family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let kind = match family.points {
        Points::Counter(_) => MetricType::Counter,
        Points::Gauge(_) => MetricType::Gauge,
        Points::Histogram(_) => MetricType::Histogram,
    };
    let unit = match family.unit {
        Unit::None => None,
        Unit::Seconds => Some(registry::Unit::Seconds),
        Unit::Bytes => Some(registry::Unit::Bytes),
    };
    let help = format!("{}.", family.help);
    let mut metric = encoder.encode_descriptor(family.name, &help, unit.as_ref(), kind)?;
    match &family.points {
        Points::Counter(points) => each(&mut metric, points, |point, value| counter(point, *value)),
        Points::Gauge(points) => each(&mut metric, points, |point, value| gauge(point, *value)),
        Points::Histogram(points) => each(&mut metric, points, histogram),
    }
}

fn each<V>(
    metric: &mut MetricEncoder<'_>,
    points: &[(Labels, V)],
    encode: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
) -> fmt::Result {
    points.iter().try_for_each(|(labels, value)| match labels.as_slice() {
        [] => encode(metric, value),
        _ => encode(&mut metric.encode_family(labels)?, value),
    })
}

fn counter(point: &mut MetricEncoder<'_>, value: f64) -> fmt::Result {
    let (whole, exact): (NoExemplar<u64>, NoExemplar<f64>) = (None, None);
    match integer(value) {
        Some(value) => point.encode_counter(&value.unsigned_abs(), whole),
        None => point.encode_counter(&value, exact),
    }
}

fn gauge(point: &mut MetricEncoder<'_>, value: f64) -> fmt::Result {
    match integer(value) {
        Some(value) => point.encode_gauge(&value),
        None => point.encode_gauge(&value),
    }
}

/// Counts are written as such: `12345678` and not `1.2345678e7`.
fn integer(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < MOST_EXACT).then_some(value as i64)
}

fn histogram(point: &mut MetricEncoder<'_>, seen: &Distribution) -> fmt::Result {
    point.encode_histogram::<Labels>(seen.sum, seen.count(), &seen.buckets, None)
}
