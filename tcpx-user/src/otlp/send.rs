//! One request over HTTP, and what its answer means.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message as _;
use ureq::{Agent, http::Response};

/// No collector has more to say.
const MOST_ANSWER: u64 = 64 * 1024;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Taken, but for so many records that the collector does not want, and why.
    Taken { rejected: u64, why: String },
    /// It will never be taken.
    Refused(String),
    /// Later perhaps; the collector may say when. That it was not taken is not certain.
    Later { after: Option<Duration>, why: String },
}

/// Sends to one collector.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    base: String,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Nothing is sent yet.
    pub(super) fn new(endpoint: &str, headers: Vec<(String, String)>, timeout: Duration) -> Self {
        let config =
            Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).proxy(None);
        let base = endpoint.trim_end_matches('/').to_owned();
        Self { agent: config.build().new_agent(), base, headers }
    }

    /// Sends a compressed body to `v1/logs` or `v1/metrics`.
    pub(super) fn send(&self, path: &str, body: &[u8]) -> Sent {
        let mut request = self.agent.post(format!("{}/{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request =
            request.header("Content-Type", "application/x-protobuf").header("Content-Encoding", "gzip");
        match request.send(body) {
            Ok(mut answer) => {
                let after = retry_after(&answer);
                let body =
                    answer.body_mut().with_config().limit(MOST_ANSWER).read_to_vec().unwrap_or_default();
                judge(answer.status().as_u16(), &body, after)
            }
            Err(error) => Sent::Later { after: None, why: error.to_string() },
        }
    }
}

/// OTLP's rules: these four may be sent again, all others must not.
fn judge(status: u16, body: &[u8], after: Option<Duration>) -> Sent {
    match status {
        200..=299 => taken(body),
        429 | 502 | 503 | 504 => Sent::Later { after, why: format!("HTTP status {status}") },
        _ => Sent::Refused(format!("HTTP status {status}")),
    }
}

/// Logs and metrics answer with the same fields.
fn taken(body: &[u8]) -> Sent {
    let partial = ExportLogsServiceResponse::decode(body).ok().and_then(|answer| answer.partial_success);
    let partial = partial.unwrap_or_default();
    Sent::Taken { rejected: partial.rejected_log_records.try_into().unwrap_or(0), why: partial.error_message }
}

/// In seconds: a date is passed over, and the pause is tcpx's own.
fn retry_after<B>(answer: &Response<B>) -> Option<Duration> {
    answer.headers().get("Retry-After")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;

    use super::*;

    #[test]
    fn only_what_otlp_allows_is_sent_again() {
        let kind = |status| match judge(status, &[], None) {
            Sent::Taken { .. } => "taken",
            Sent::Refused(_) => "refused",
            Sent::Later { .. } => "later",
        };
        assert_eq!([200, 202].map(kind), ["taken"; 2]);
        assert_eq!([429, 502, 503, 504].map(kind), ["later"; 4]);
        assert_eq!([301, 400, 401, 404, 413, 500, 501].map(kind), ["refused"; 7]);
    }

    #[test]
    fn a_partial_success_says_how_many_were_not_taken() {
        let partial =
            ExportLogsPartialSuccess { rejected_log_records: 3, error_message: "too old".to_owned() };
        let body = ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        assert_eq!(judge(200, &body, None), Sent::Taken { rejected: 3, why: "too old".to_owned() });
    }
}
