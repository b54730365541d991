//! The other end of an exporter: requests of OTLP over HTTP, and the records in them.

use std::io::{BufRead, Read as _};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest, common::v1::any_value::Value, logs::v1::LogRecord,
};
use prost::Message as _;

/// What says that all of a request was taken.
pub(crate) const TAKEN: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";

/// Page and unpacked body of the next request; `None` at the end of the connection.
pub(crate) fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut path, mut length, mut packed) = (String::new(), 0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end().to_lowercase();
        if let Some(rest) = line.strip_prefix("post ") {
            rest.split(' ').next()?.clone_into(&mut path);
        } else if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        } else if line.is_empty() {
            break;
        }
        packed |= line == "content-encoding: gzip";
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if packed {
        let mut plain = Vec::new();
        GzDecoder::new(body.as_slice()).read_to_end(&mut plain).ok()?;
        body = plain;
    }
    Some((path, body))
}

/// The records of a request to `/v1/logs`.
pub(crate) fn records(body: &[u8]) -> Option<impl Iterator<Item = LogRecord> + use<>> {
    let told = ExportLogsServiceRequest::decode(body).ok()?;
    let scopes = told.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    Some(scopes.flat_map(|scope| scope.log_records))
}

/// An attribute.
pub(crate) fn attribute<'a>(record: &'a LogRecord, key: &str) -> Option<&'a Value> {
    let own = record.attributes.iter().find(|attribute| attribute.key == key)?;
    own.value.as_ref()?.value.as_ref()
}

/// `tcpx.id`
pub(crate) fn id(record: &LogRecord) -> Option<i64> {
    match attribute(record, "tcpx.id")? {
        Value::IntValue(id) => Some(*id),
        _ => None,
    }
}
