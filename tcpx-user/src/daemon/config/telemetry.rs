//! `[metrics]` and `[otlp]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{Size, Time};
use crate::{metrics::Asked, otlp};

/// What GET /metrics tells beside what it always does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Names of processes are labels.
    pub process: bool,
    /// Ids of containers are labels.
    pub container: bool,
    /// How many different ones.
    pub names: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        let Asked { process, container, most } = Asked::default();
        Self { process, container, names: most }
    }
}

impl Metrics {
    /// For [`crate::metrics::Metrics::new`].
    #[must_use]
    pub const fn asked(&self) -> Asked {
        Asked { process: self.process, container: self.container, most: self.names }
    }
}

/// Lines and metrics to a collector.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// Where to, if at all.
    pub endpoint: Option<Spanned<String>>,
    /// Sent with each request.
    pub headers: BTreeMap<String, String>,
    /// Where requests wait while the collector is away.
    pub queue: PathBuf,
    /// How many bytes of them.
    pub queue_size: Size,
    /// Of attempts that worked one in so many.
    pub worked_one_in: u64,
    /// How often metrics are sent.
    pub metrics_interval: Time,
    /// What else is known of this host.
    pub resource: BTreeMap<String, String>,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            queue: "/var/lib/tcpx/otlp".into(),
            queue_size: Size(64_000_000),
            worked_one_in: 0,
            metrics_interval: Time::seconds(60),
            resource: BTreeMap::new(),
        }
    }
}

impl Otlp {
    /// For [`otlp::Exporter::start`], if lines are to be sent.
    #[must_use]
    pub fn config(&self) -> Option<otlp::Config> {
        let endpoint = self.endpoint.as_ref()?.get_ref().clone();
        let pairs = |map: &BTreeMap<String, String>| map.clone().into_iter().collect();
        Some(otlp::Config {
            headers: pairs(&self.headers),
            resource: pairs(&self.resource),
            most_bytes: self.queue_size.0,
            worked_one_in: self.worked_one_in,
            ..otlp::Config::new(endpoint, self.queue.clone())
        })
    }

    /// What no single value shows.
    pub(super) fn check(&self) -> Result<(), (Option<std::ops::Range<usize>>, String)> {
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        otlp::Config::check_endpoint(endpoint.get_ref())
            .map_err(|why| (Some(endpoint.span()), format!("otlp.endpoint: {why}")))
    }
}
