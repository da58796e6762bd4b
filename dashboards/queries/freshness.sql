SELECT
    expected.cloud_provider AS cloud,
    loads.data_through AS complete_through,
    UNIX_DATE({until}) - UNIX_DATE(loads.data_through) AS missing_days,
    loads.last_load AS last_load,
    COALESCE(troubles.failed, 0) AS failed_loads,
    COALESCE(troubles.held, 0) AS held_loads
FROM {expected_clouds} AS expected
LEFT JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = expected.cloud_provider
LEFT JOIN (
    SELECT
        last_rows.cloud_provider AS cloud_provider,
        SUM(CASE WHEN last_rows.status = 'failed' THEN 1 ELSE 0 END) AS failed,
        SUM(CASE WHEN last_rows.status = 'held' THEN 1 ELSE 0 END) AS held
    FROM (
        SELECT cloud_provider, status
        FROM {serving_ledger}
        WHERE TRUE
        QUALIFY
            ROW_NUMBER() OVER (
                PARTITION BY cloud_provider, scope, billing_period
                ORDER BY finished_at DESC, started_at DESC, load_id
            ) = 1
    ) AS last_rows
    GROUP BY last_rows.cloud_provider
) AS troubles
    ON troubles.cloud_provider = expected.cloud_provider
ORDER BY cloud
