-- Attempts without an answer, and the host that dropped their SYN silently, the last hour. A dropped SYN is told without its
-- sequence number: joined are flow and time, so that only the client's own conntrack may have translated.
SELECT
    a.time AS time,
    a.host AS client_host,
    a.process AS client_process,
    a.service AS service,
    a.outcome AS outcome,
    a.verdict AS client_verdict,
    d.verdict AS verdict,
    d.host AS server_host,
    d.process AS server_process,
    d.pod AS server_pod,
    d.segments AS segments,
    d.backlog AS backlog,
    d.max_backlog AS max_backlog,
    d.why AS why
FROM
(
    SELECT host, time, id, process, service, outcome, verdict, wire_local, wire_remote, duration_ns
    FROM tcpx.attempts FINAL
    WHERE time >= now() - INTERVAL 1 HOUR AND outcome IN ('timed-out', 'cancelled', 'pending')
) AS a
INNER JOIN
(
    SELECT
        host, time, process, pod, verdict, segments, backlog, max_backlog, why,
        tcpx_endpoint(local_address, local_port) AS to,
        tcpx_endpoint(peer_address, peer_port) AS source
    FROM tcpx.drops FINAL
    WHERE time >= now() - INTERVAL 1 HOUR - INTERVAL 5 SECOND
) AS d ON a.wire_remote = d.to AND a.wire_local = d.source
WHERE a.host != d.host
    AND d.time >= a.time - INTERVAL 5 SECOND
    AND d.time <= a.time + toIntervalNanosecond(a.duration_ns) + INTERVAL 5 SECOND
ORDER BY time DESC, d.time DESC
LIMIT 1 BY client_host, time, a.id
LIMIT 1000;
