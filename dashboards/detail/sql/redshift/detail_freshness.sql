-- How each bill stands: what its months' newest loads say, and what the hub was not told yet.
WITH loads AS (
    SELECT
        ledger.scope AS scope,
        ledger.load_id AS load_id,
        ledger.status AS status,
        ledger.data_through AS data_through,
        ledger.finished_at AS finished_at,
        ROW_NUMBER() OVER (
            PARTITION BY ledger.scope, ledger.billing_period
            ORDER BY ledger.finished_at DESC, ledger.started_at DESC, ledger.load_id
        ) AS place
    FROM {ledger} AS ledger
    WHERE ledger.cloud_provider = {cloud}
)

SELECT
    loads.scope AS scope,
    CAST(MAX(CASE WHEN loads.status = 'loaded' THEN loads.data_through END) AS VARCHAR(10))
        AS complete_through,
    MAX(CASE WHEN loads.status = 'loaded' THEN loads.finished_at END) AS last_load,
    SUM(CASE WHEN loads.place = 1 AND loads.status = 'failed' THEN 1 ELSE 0 END) AS failed_loads,
    SUM(CASE WHEN loads.place = 1 AND loads.status = 'held' THEN 1 ELSE 0 END) AS held_loads,
    SUM(CASE WHEN waiting.load_id IS NOT NULL THEN 1 ELSE 0 END) AS unpublished_loads
FROM loads
LEFT JOIN {outbox} AS waiting
    ON waiting.load_id = loads.load_id
    AND waiting.finished_at = loads.finished_at
    AND waiting.published_at IS NULL
GROUP BY loads.scope
ORDER BY scope
