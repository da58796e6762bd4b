-- The loads of one cloud on one path that began at or after a moment, oldest first.
SELECT
    load_id,
    cloud_provider,
    scope,
    FORMAT_DATE('%Y-%m', billing_period) AS period,
    status,
    CAST(ledger.rows AS STRING) AS loaded_rows,
    CAST(ROUND(cost_usd, 2) AS STRING) AS cost_usd,
    error
FROM ledger
WHERE
    cloud_provider = @cloud
    AND warehouse = @warehouse
    AND started_at >= TIMESTAMP(@since)
ORDER BY finished_at, load_id
