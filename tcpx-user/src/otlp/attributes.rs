//! Attributes: names of OpenTelemetry's semantic conventions where they have one, `tcpx.` before all others. What is not
//! known has no attribute.

use std::net::IpAddr;

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};

use crate::{
    enrich::container,
    line::{Endpoint, Netns, Process},
    who::Whose,
};

/// Attributes so far.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) Vec<KeyValue>);

impl Attributes {
    pub(super) fn text(&mut self, key: &str, value: Option<impl Into<String>>) {
        self.put(key, value.map(|value| Value::StringValue(value.into())));
    }

    /// OTLP has signed numbers of 64 bits only: none of ours comes near the end of them.
    pub(super) fn number(&mut self, key: &str, value: Option<impl TryInto<i64>>) {
        self.put(key, value.and_then(|value| value.try_into().ok()).map(Value::IntValue));
    }

    pub(super) fn truth(&mut self, key: &str, value: Option<bool>) {
        self.put(key, value.map(Value::BoolValue));
    }

    pub(super) fn texts(&mut self, key: &str, values: &[String]) {
        let values = values.iter().map(|value| text(value.clone())).collect();
        self.put(key, Some(Value::ArrayValue(ArrayValue { values })));
    }

    /// `network.local.address` and `.port`, or with another word than `local`.
    pub(super) fn endpoint(&mut self, prefix: &str, at: Option<Endpoint>) {
        self.text(&format!("{prefix}.address"), at.map(|at| at.addr.to_string()));
        self.number(&format!("{prefix}.port"), at.map(|at| at.port));
    }

    pub(super) fn family(&mut self, addr: Option<IpAddr>) {
        self.text("network.transport", Some("tcp"));
        self.text("network.type", addr.map(|addr| if addr.is_ipv4() { "ipv4" } else { "ipv6" }));
    }

    pub(super) fn netns(&mut self, netns: Option<&Netns>) {
        self.number("tcpx.netns.inum", netns.map(|netns| netns.inum));
        self.text("tcpx.netns.name", netns.and_then(|netns| netns.name.as_deref()));
    }

    /// Who, or where nobody is known, whose network namespace it is.
    pub(super) fn process_in(&mut self, process: Option<&Process>, netns: &Netns) {
        match (process, &netns.of) {
            (Some(_), _) => self.process(process),
            (None, Some(Whose::Container(id))) => self.text("container.id", Some(id.as_str())),
            (None, Some(Whose::Pod(uid))) => self.text("k8s.pod.uid", Some(uid.as_str())),
            (None, Some(Whose::Unit(unit))) => self.text("tcpx.netns.unit", Some(unit.as_str())),
            (None, None) => {}
        }
    }

    pub(super) fn process(&mut self, process: Option<&Process>) {
        let Some(process) = process else { return };
        self.number("process.pid", Some(process.pid));
        self.text("process.executable.name", Some(process.comm.as_str()));
        self.text("process.executable.path", process.exe.as_deref());
        self.text("user.id", process.uid.map(|uid| uid.to_string()));
        self.text("process.linux.cgroup", process.cgroup.as_deref());
        self.text("container.id", process.container.as_deref());
        let place = process.cgroup.as_deref().map(container::place).unwrap_or_default();
        self.text("container.runtime.name", place.runtime.map(container::Runtime::name));
        self.text("k8s.pod.uid", place.pod);
    }

    fn put(&mut self, key: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
    }
}

/// A text as a value.
pub(super) fn text(value: impl Into<String>) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(process: Option<&Process>, of: Whose) -> Vec<String> {
        let mut all = Attributes::default();
        all.process_in(process, &Netns { inum: 7, name: None, of: Some(of) });
        all.0.into_iter().map(|one| one.key).collect()
    }

    #[test]
    fn where_no_process_is_known_its_namespace_tells_whose_it_is() {
        assert_eq!(keys(None, Whose::Container("c".to_owned())), ["container.id"]);
        assert_eq!(keys(None, Whose::Pod("p".to_owned())), ["k8s.pod.uid"]);
        assert_eq!(keys(None, Whose::Unit("u".to_owned())), ["tcpx.netns.unit"]);
        let process = Process::default();
        let known = keys(Some(&process), Whose::Container("c".to_owned()));
        assert!(!known.contains(&"container.id".to_owned()), "the process's own word holds: {known:?}");
    }
}
