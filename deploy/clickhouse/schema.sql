-- Tables for what tcpx tells from all hosts; tested with ClickHouse 26.9. May be run again: what is there stays.
--
--   clickhouse-client --multiquery < schema.sql
--
-- The collector's exporter inserts into otel_logs, which keeps nothing; views sort what comes into tables with types. Its
-- columns are those of the exporter's own table, so that nothing is set up there but `create_schema: false`.
--
-- OTLP may send a record twice, and tcpx tells a refusal again when a listener appears later: the same host, time and id, with
-- `was`. The tables keep the last of these (ReplacingMergeTree); FINAL in a query says so for what is not merged yet.
--
-- What is not known is '' in a text, 0 in a port or id, and NULL where 0 would mean something.

CREATE DATABASE IF NOT EXISTS tcpx;

CREATE FUNCTION IF NOT EXISTS tcpx_endpoint AS (address, port) ->
    if(position(address, ':') > 0, concat('[', address, ']:', toString(port)), concat(address, ':', toString(port)));

CREATE FUNCTION IF NOT EXISTS tcpx_truth AS (text) ->
    multiIf(text = 'true', true, text = 'false', false, NULL);

CREATE TABLE IF NOT EXISTS tcpx.otel_logs
(
    Timestamp DateTime64(9),
    TimestampTime DateTime DEFAULT toDateTime(Timestamp),
    TraceId String,
    SpanId String,
    TraceFlags UInt8,
    SeverityText LowCardinality(String),
    SeverityNumber UInt8,
    ServiceName LowCardinality(String),
    Body String,
    ResourceSchemaUrl LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String),
    ScopeSchemaUrl LowCardinality(String),
    ScopeName LowCardinality(String),
    ScopeVersion LowCardinality(String),
    ScopeAttributes Map(LowCardinality(String), String),
    LogAttributes Map(LowCardinality(String), String)
)
ENGINE = Null;

-- One row for each attempt to connect that failed, and for one of so many that worked (otlp.worked_one_in).
CREATE TABLE IF NOT EXISTS tcpx.attempts
(
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    host LowCardinality(String),
    id UInt64,
    outcome LowCardinality(String),
    errno LowCardinality(String),
    verdict LowCardinality(String),
    was LowCardinality(String),
    confidence LowCardinality(String),
    why String CODEC(ZSTD(3)),
    -- What the application asked for; without address translation the same as remote.
    requested_address String CODEC(ZSTD),
    requested_port UInt16,
    local_address String CODEC(ZSTD),
    local_port UInt16,
    remote_address String CODEC(ZSTD),
    remote_port UInt16,
    -- The two ends as the other host has them, if this host's conntrack changed them.
    nat_local_address String CODEC(ZSTD),
    nat_local_port UInt16,
    nat_remote_address String CODEC(ZSTD),
    nat_remote_port UInt16,
    duration_ns UInt64,
    syn_retransmits UInt16,
    -- Initial sequence number of its SYN: what no translation of addresses changes.
    isn Nullable(UInt32),
    netns UInt32,
    pid UInt32,
    process LowCardinality(String),
    exe LowCardinality(String),
    container String CODEC(ZSTD),
    pod String CODEC(ZSTD),
    -- Whether nothing that could matter was lost on that host; NULL where its kernel cannot tell.
    complete Nullable(Bool),
    service String ALIAS if(requested_port = 0,
        tcpx_endpoint(remote_address, remote_port), tcpx_endpoint(requested_address, requested_port)),
    wire_local String ALIAS if(nat_local_port = 0,
        tcpx_endpoint(local_address, local_port), tcpx_endpoint(nat_local_address, nat_local_port)),
    wire_remote String ALIAS if(nat_remote_port = 0,
        tcpx_endpoint(remote_address, remote_port), tcpx_endpoint(nat_remote_address, nat_remote_port))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), host, time, id)
TTL toDateTime(time) + INTERVAL 30 DAY,
    toDateTime(time) + INTERVAL 3 DAY DELETE WHERE outcome = 'established';

-- One row for each RST. Local is the end that is on that host; the sender if both are.
CREATE TABLE IF NOT EXISTS tcpx.resets
(
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    host LowCardinality(String),
    id UInt64,
    origin LowCardinality(String),
    direction LowCardinality(String),
    verdict LowCardinality(String),
    was LowCardinality(String),
    confidence LowCardinality(String),
    why String CODEC(ZSTD(3)),
    local_address String CODEC(ZSTD),
    local_port UInt16,
    peer_address String CODEC(ZSTD),
    peer_port UInt16,
    -- Of the segment that was answered, or of the RST itself where only that was seen.
    flags LowCardinality(String),
    seq Nullable(UInt32),
    reason LowCardinality(String),
    netns UInt32,
    pid UInt32,
    process LowCardinality(String),
    container String CODEC(ZSTD),
    pod String CODEC(ZSTD),
    -- The attempt on the same host that it ended.
    attempt UInt64,
    joined_by LowCardinality(String),
    complete Nullable(Bool)
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), host, time, id)
TTL toDateTime(time) + INTERVAL 30 DAY;

-- One row for each flow whose SYN, or last ACK of the handshake, was dropped silently. Local is where it was dropped.
CREATE TABLE IF NOT EXISTS tcpx.drops
(
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    host LowCardinality(String),
    id UInt64,
    verdict LowCardinality(String),
    confidence LowCardinality(String),
    why String CODEC(ZSTD(3)),
    local_address String CODEC(ZSTD),
    local_port UInt16,
    peer_address String CODEC(ZSTD),
    peer_port UInt16,
    segments UInt32,
    reason LowCardinality(String),
    backlog Nullable(UInt32),
    max_backlog Nullable(UInt32),
    netns UInt32,
    pid UInt32,
    process LowCardinality(String),
    container String CODEC(ZSTD),
    pod String CODEC(ZSTD),
    attempt UInt64,
    complete Nullable(Bool)
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), host, time, id)
TTL toDateTime(time) + INTERVAL 30 DAY;

-- The rest: deaths, failed calls, and losses of tcpx itself, which say where the other tables have gaps.
CREATE TABLE IF NOT EXISTS tcpx.others
(
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD),
    host LowCardinality(String),
    kind LowCardinality(String),
    id UInt64,
    verdict LowCardinality(String),
    why String CODEC(ZSTD(3)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), host, time, kind, id, why)
TTL toDateTime(time) + INTERVAL 30 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS tcpx.otel_logs_to_attempts TO tcpx.attempts AS
SELECT
    Timestamp AS time,
    ResourceAttributes['host.name'] AS host,
    toUInt64OrZero(LogAttributes['tcpx.id']) AS id,
    LogAttributes['tcpx.outcome'] AS outcome,
    LogAttributes['error.type'] AS errno,
    LogAttributes['tcpx.verdict'] AS verdict,
    LogAttributes['tcpx.was'] AS was,
    LogAttributes['tcpx.confidence'] AS confidence,
    Body AS why,
    LogAttributes['tcpx.requested.address'] AS requested_address,
    toUInt16OrZero(LogAttributes['tcpx.requested.port']) AS requested_port,
    LogAttributes['network.local.address'] AS local_address,
    toUInt16OrZero(LogAttributes['network.local.port']) AS local_port,
    LogAttributes['network.peer.address'] AS remote_address,
    toUInt16OrZero(LogAttributes['network.peer.port']) AS remote_port,
    LogAttributes['tcpx.nat.local.address'] AS nat_local_address,
    toUInt16OrZero(LogAttributes['tcpx.nat.local.port']) AS nat_local_port,
    LogAttributes['tcpx.nat.peer.address'] AS nat_remote_address,
    toUInt16OrZero(LogAttributes['tcpx.nat.peer.port']) AS nat_remote_port,
    toUInt64OrZero(LogAttributes['tcpx.duration_ns']) AS duration_ns,
    toUInt16OrZero(LogAttributes['tcpx.syn_retransmits']) AS syn_retransmits,
    toUInt32OrNull(LogAttributes['tcpx.seq']) AS isn,
    toUInt32OrZero(LogAttributes['tcpx.netns.inum']) AS netns,
    toUInt32OrZero(LogAttributes['process.pid']) AS pid,
    LogAttributes['process.executable.name'] AS process,
    LogAttributes['process.executable.path'] AS exe,
    LogAttributes['container.id'] AS container,
    LogAttributes['k8s.pod.uid'] AS pod,
    tcpx_truth(LogAttributes['tcpx.complete']) AS complete
FROM tcpx.otel_logs
WHERE LogAttributes['event.name'] = 'tcpx.attempt';

CREATE MATERIALIZED VIEW IF NOT EXISTS tcpx.otel_logs_to_resets TO tcpx.resets AS
SELECT
    Timestamp AS time,
    ResourceAttributes['host.name'] AS host,
    toUInt64OrZero(LogAttributes['tcpx.id']) AS id,
    LogAttributes['tcpx.origin'] AS origin,
    LogAttributes['tcpx.direction'] AS direction,
    LogAttributes['tcpx.verdict'] AS verdict,
    LogAttributes['tcpx.was'] AS was,
    LogAttributes['tcpx.confidence'] AS confidence,
    Body AS why,
    LogAttributes['network.local.address'] AS local_address,
    toUInt16OrZero(LogAttributes['network.local.port']) AS local_port,
    LogAttributes['network.peer.address'] AS peer_address,
    toUInt16OrZero(LogAttributes['network.peer.port']) AS peer_port,
    LogAttributes['tcpx.segment.flags'] AS flags,
    toUInt32OrNull(LogAttributes['tcpx.seq']) AS seq,
    LogAttributes['tcpx.reason'] AS reason,
    toUInt32OrZero(LogAttributes['tcpx.netns.inum']) AS netns,
    toUInt32OrZero(LogAttributes['process.pid']) AS pid,
    LogAttributes['process.executable.name'] AS process,
    LogAttributes['container.id'] AS container,
    LogAttributes['k8s.pod.uid'] AS pod,
    toUInt64OrZero(LogAttributes['tcpx.attempt']) AS attempt,
    LogAttributes['tcpx.joined_by'] AS joined_by,
    tcpx_truth(LogAttributes['tcpx.complete']) AS complete
FROM tcpx.otel_logs
WHERE LogAttributes['event.name'] = 'tcpx.reset';

CREATE MATERIALIZED VIEW IF NOT EXISTS tcpx.otel_logs_to_drops TO tcpx.drops AS
SELECT
    Timestamp AS time,
    ResourceAttributes['host.name'] AS host,
    toUInt64OrZero(LogAttributes['tcpx.id']) AS id,
    LogAttributes['tcpx.verdict'] AS verdict,
    LogAttributes['tcpx.confidence'] AS confidence,
    Body AS why,
    LogAttributes['network.local.address'] AS local_address,
    toUInt16OrZero(LogAttributes['network.local.port']) AS local_port,
    LogAttributes['network.peer.address'] AS peer_address,
    toUInt16OrZero(LogAttributes['network.peer.port']) AS peer_port,
    toUInt32OrZero(LogAttributes['tcpx.count']) AS segments,
    LogAttributes['tcpx.reason'] AS reason,
    toUInt32OrNull(LogAttributes['tcpx.backlog']) AS backlog,
    toUInt32OrNull(LogAttributes['tcpx.max_backlog']) AS max_backlog,
    toUInt32OrZero(LogAttributes['tcpx.netns.inum']) AS netns,
    toUInt32OrZero(LogAttributes['process.pid']) AS pid,
    LogAttributes['process.executable.name'] AS process,
    LogAttributes['container.id'] AS container,
    LogAttributes['k8s.pod.uid'] AS pod,
    toUInt64OrZero(LogAttributes['tcpx.attempt']) AS attempt,
    tcpx_truth(LogAttributes['tcpx.complete']) AS complete
FROM tcpx.otel_logs
WHERE LogAttributes['event.name'] = 'tcpx.drop';

CREATE MATERIALIZED VIEW IF NOT EXISTS tcpx.otel_logs_to_others TO tcpx.others AS
SELECT
    Timestamp AS time,
    ResourceAttributes['host.name'] AS host,
    LogAttributes['event.name'] AS kind,
    toUInt64OrZero(LogAttributes['tcpx.id']) AS id,
    LogAttributes['tcpx.verdict'] AS verdict,
    Body AS why,
    LogAttributes AS attributes
FROM tcpx.otel_logs
WHERE LogAttributes['event.name'] IN ('tcpx.death', 'tcpx.call', 'tcpx.loss');

-- Failures by minute, kept for much longer than the rows they were counted from. What is counted are the attempts themselves, so
-- that one that was sent twice is one. `withdrawn` are those that were told again with another verdict.
CREATE TABLE IF NOT EXISTS tcpx.failures_by_minute
(
    minute DateTime('UTC'),
    outcome LowCardinality(String),
    verdict LowCardinality(String),
    service String,
    process LowCardinality(String),
    told AggregateFunction(uniqExact, UInt64),
    withdrawn AggregateFunction(uniqExact, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, outcome, verdict, service, process)
TTL minute + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS tcpx.attempts_to_failures_by_minute TO tcpx.failures_by_minute AS
SELECT
    toStartOfMinute(toDateTime(time, 'UTC')) AS minute,
    outcome,
    counted.1 AS verdict,
    if(requested_port = 0,
        tcpx_endpoint(remote_address, remote_port), tcpx_endpoint(requested_address, requested_port)) AS service,
    process,
    uniqExactStateIf(cityHash64(host, time, id), NOT counted.2) AS told,
    uniqExactStateIf(cityHash64(host, time, id), counted.2) AS withdrawn
FROM
(
    SELECT
        *,
        arrayJoin(if(was = '', [(verdict, false)], [(verdict, false), (was, true)])) AS counted
    FROM tcpx.attempts
    WHERE outcome NOT IN ('established', 'pending', 'cancelled')
)
GROUP BY minute, outcome, verdict, service, process;

-- Both ends of a connection that a RST ended before it stood: the attempt as the client's host told it, and the RST as the
-- host told it that sent it. The initial sequence number is the same on both, whatever translated addresses in between; it has
-- 32 bits, so that time has to agree too, with 5 s for clocks that differ. `joined_by` says what else did:
--   flow                      both hosts have the same addresses and ports, once the client's conntrack is taken into account
--   one end                   one of the two ends is the same: something in between, or conntrack of the server's host, translated
--   sequence number only      neither is. Given only if a single host sent such a RST.
-- Of what tcpx joined itself, as both ends are on one host, nothing is here: the attempt has the verdict already.
CREATE VIEW IF NOT EXISTS tcpx.both_ends AS
SELECT *
FROM
(
    SELECT
        a.time AS time,
        a.host AS client_host,
        a.process AS client_process,
        a.pod AS client_pod,
        a.container AS client_container,
        a.service AS service,
        a.outcome AS outcome,
        a.verdict AS client_verdict,
        r.verdict AS verdict,
        r.host AS server_host,
        r.process AS server_process,
        r.pid AS server_pid,
        r.pod AS server_pod,
        r.container AS server_container,
        r.why AS why,
        tcpx_endpoint(r.local_address, r.local_port) AS answered_by,
        tcpx_endpoint(r.peer_address, r.peer_port) AS client_as_seen,
        multiIf(
            a.wire_remote = answered_by AND a.wire_local = client_as_seen, 'flow',
            a.wire_remote = answered_by OR a.wire_local = client_as_seen, 'one end',
            'sequence number only') AS joined_by,
        a.id AS client_id,
        r.id AS server_id,
        r.time AS answered,
        indexOf(['flow', 'one end', 'sequence number only'], joined_by) AS rank,
        count() OVER (PARTITION BY client_host, time, client_id, rank, server_host) AS of_host,
        count() OVER (PARTITION BY client_host, time, client_id, rank) AS of_all
    FROM
    (
        SELECT host, time, id, process, pod, container, service, outcome, verdict, isn, wire_local, wire_remote, duration_ns
        FROM tcpx.attempts FINAL
        WHERE time >= {since:DateTime} AND outcome != 'established' AND isn IS NOT NULL
    ) AS a
    INNER JOIN
    (
        SELECT host, time, id, verdict, process, pid, pod, container, why, local_address, local_port, peer_address, peer_port, seq
        FROM tcpx.resets FINAL
        WHERE time >= {since:DateTime} - INTERVAL 5 SECOND AND direction != 'received' AND flags = 'S'
    ) AS r ON a.isn = r.seq
    WHERE a.host != r.host
        AND r.time >= a.time - INTERVAL 5 SECOND
        AND r.time <= a.time + toIntervalNanosecond(a.duration_ns) + INTERVAL 5 SECOND
)
WHERE rank < 3 OR of_host = of_all
-- A SYN that was sent again was answered again: the last answer is the one that counts.
ORDER BY rank, answered DESC
LIMIT 1 BY client_host, time, client_id;
