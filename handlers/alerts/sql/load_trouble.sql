-- Bills of each cloud whose last load failed, or is held until a person decides; dollars of the
-- held ones.
SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COUNT(last_rows.cloud_provider) AS value,
    CAST(COALESCE(SUM(last_rows.cost_usd), 0) AS FLOAT64) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN (
    SELECT
        cloud_provider,
        status,
        CASE WHEN status = 'held' THEN cost_usd END AS cost_usd
    FROM {serving_ledger}
    WHERE TRUE
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY cloud_provider, scope, billing_period
            ORDER BY finished_at DESC, started_at DESC, load_id
        ) = 1
) AS last_rows
    ON last_rows.cloud_provider = expected.cloud_provider
    AND last_rows.status IN ('failed', 'held')
GROUP BY expected.cloud_provider
