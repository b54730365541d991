//! A snapshot of the metrics as OTLP has them: the same names and units, cumulative since the start.

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
        metric::Data, number_data_point::Value,
    },
};

use super::attributes::Attributes;
use crate::metrics::family::{Distribution, Family, Labels, Points, Snapshot, Unit};

/// From when, until when, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) since: u64,
    pub(super) until: u64,
}

pub(super) fn of(snapshot: &Snapshot, span: Span) -> Vec<Metric> {
    snapshot.iter().map(|family| metric(family, span)).collect()
}

fn metric(family: &Family, span: Span) -> Metric {
    let unit = match family.unit {
        Unit::None => "1",
        Unit::Seconds => "s",
        Unit::Bytes => "By",
    };
    Metric {
        name: family.name.to_owned(),
        description: format!("{}.", family.help),
        unit: unit.to_owned(),
        data: Some(data(&family.points, span)),
        ..Metric::default()
    }
}

fn data(points: &Points, span: Span) -> Data {
    let cumulative = AggregationTemporality::Cumulative.into();
    match points {
        Points::Counter(points) => Data::Sum(Sum {
            data_points: numbers(points, span),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        Points::Gauge(points) => Data::Gauge(Gauge { data_points: numbers(points, span) }),
        Points::Histogram(points) => Data::Histogram(Histogram {
            data_points: points.iter().map(|(labels, seen)| distribution(labels, seen, span)).collect(),
            aggregation_temporality: cumulative,
        }),
    }
}

fn numbers(points: &[(Labels, f64)], span: Span) -> Vec<NumberDataPoint> {
    let point = |(labels, value): &(Labels, f64)| NumberDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: span.since,
        time_unix_nano: span.until,
        value: Some(Value::AsDouble(*value)),
        ..NumberDataPoint::default()
    };
    points.iter().map(point).collect()
}

fn distribution(labels: &Labels, seen: &Distribution, span: Span) -> HistogramDataPoint {
    let bounds = seen.buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite());
    HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: span.since,
        time_unix_nano: span.until,
        count: seen.count(),
        sum: Some(seen.sum),
        bucket_counts: seen.buckets.iter().map(|(_, count)| *count).collect(),
        explicit_bounds: bounds.collect(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    let mut all = Attributes::default();
    for (label, value) in labels {
        all.text(label, (!value.is_empty()).then_some(value.as_ref()));
    }
    all.0
}
