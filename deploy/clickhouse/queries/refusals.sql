-- Refusals by verdict, service and minute, the last hour: who asked for what, and why it was refused as far as the
-- client's host could tell. `service` is what the application asked for, before any translation of addresses.
SELECT
    minute,
    verdict,
    service,
    process,
    uniqExactMerge(told) - uniqExactMerge(withdrawn) AS refusals
FROM tcpx.failures_by_minute
WHERE outcome = 'refused' AND minute >= toStartOfMinute(now() - INTERVAL 1 HOUR)
GROUP BY minute, verdict, service, process
HAVING refusals > 0
ORDER BY minute DESC, refusals DESC, verdict, service, process
LIMIT 1000;
