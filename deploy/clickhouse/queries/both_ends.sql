-- Both ends joined, the last hour: what "peer-refused" on the client's host is on the server's. See tcpx.both_ends in
-- schema.sql for how.
SELECT
    time,
    client_host,
    client_process,
    client_pod,
    service,
    outcome,
    client_verdict,
    verdict,
    server_host,
    server_process,
    server_pid,
    server_pod,
    answered_by,
    why,
    joined_by
FROM tcpx.both_ends(since = now() - INTERVAL 1 HOUR)
ORDER BY time DESC
LIMIT 1000;
