-- Days after the last complete one of a cloud have columns of their own, to be drawn in grey.
WITH spent AS (
    SELECT
        costs.date AS date,
        costs.cloud_provider AS cloud_provider,
        SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    WHERE
        {consumed}
        AND {in_range}
        {picked}
    GROUP BY costs.date, costs.cloud_provider
),

known AS (
    SELECT
        spent.date AS date,
        spent.cost AS cost,
        CASE
            WHEN spent.date > COALESCE(loads.data_through, DATE '1970-01-01') THEN 'incomplete'
            ELSE spent.cloud_provider
        END AS what
    FROM spent
    LEFT JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = spent.cloud_provider
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(known.date) * 86400) AS time,
    SUM(CASE WHEN known.what = 'AWS' THEN known.cost END) AS aws,
    SUM(CASE WHEN known.what = 'Azure' THEN known.cost END) AS azure,
    SUM(CASE WHEN known.what = 'GCP' THEN known.cost END) AS gcp,
    SUM(CASE WHEN known.what = 'incomplete' THEN known.cost END) AS incomplete
FROM known
GROUP BY known.date
ORDER BY time
