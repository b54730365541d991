-- Hosts whose tcpx lost records in the last day, by stage and hook: what the other queries may miss of them.
SELECT
    host,
    attributes['tcpx.stage'] AS stage,
    attributes['tcpx.hook'] AS hook,
    sum(toUInt64OrZero(attributes['tcpx.count'])) AS lost,
    max(time) AS last
FROM tcpx.others FINAL
WHERE kind = 'tcpx.loss' AND time >= now() - INTERVAL 1 DAY
GROUP BY host, stage, hook
ORDER BY lost DESC
LIMIT 100;
