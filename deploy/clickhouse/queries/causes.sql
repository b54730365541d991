-- Where to look first: refusals of the last hour by the cause that the server's host saw, with one example of each.
SELECT
    count() AS refusals,
    uniqExact(client_host) AS client_hosts,
    service,
    verdict,
    server_host,
    server_process,
    server_pod,
    min(time) AS first,
    max(time) AS last,
    any(why) AS example
FROM tcpx.both_ends(since = now() - INTERVAL 1 HOUR)
WHERE outcome = 'refused'
GROUP BY service, verdict, server_host, server_process, server_pod
ORDER BY refusals DESC
LIMIT 100;
