-- The last word on each bill on each path, and of each scope's bills only the newest three.
WITH words AS (
    SELECT
        load_id,
        warehouse,
        cloud_provider,
        scope,
        billing_period,
        status,
        finished_at,
        ledger.rows AS loaded_rows,
        cost_usd,
        data_through,
        error
    FROM ledger
    WHERE TRUE
    QUALIFY
        ROW_NUMBER() OVER (
            PARTITION BY warehouse, cloud_provider, scope, billing_period
            ORDER BY finished_at DESC, started_at DESC, load_id
        ) = 1
)

SELECT
    load_id,
    warehouse,
    cloud_provider,
    scope,
    FORMAT_DATE('%Y-%m', billing_period) AS period,
    status,
    FORMAT_TIMESTAMP('%F %H:%M', finished_at) AS finished,
    CAST(loaded_rows AS STRING) AS loaded_rows,
    CAST(ROUND(cost_usd, 2) AS STRING) AS cost_usd,
    CAST(data_through AS STRING) AS data_through,
    error
FROM words
WHERE TRUE
QUALIFY
    ROW_NUMBER() OVER (
        PARTITION BY warehouse, cloud_provider, scope ORDER BY billing_period DESC
    ) <= 3
    OR status IN ('held', 'failed')
ORDER BY cloud_provider, scope, billing_period DESC, warehouse
