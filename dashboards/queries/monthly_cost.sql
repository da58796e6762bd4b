-- Twelve months up to the last chosen day; the days after a cloud's last complete one apart.
WITH spent AS (
    SELECT
        costs.date AS date,
        costs.cloud_provider AS cloud_provider,
        SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    WHERE
        costs.date > LAST_DAY(DATE_SUB({until}, INTERVAL 12 MONTH))
        AND costs.date <= {until}
        AND costs.billing_period >= DATE_SUB({until}, INTERVAL 14 MONTH)
        AND costs.billing_period <= {until} + 31
        {picked}
    GROUP BY costs.date, costs.cloud_provider
),

paid AS (
    SELECT
        SUBSTR(CAST(spent.date AS STRING), 1, 7) AS month,
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
    paid.month AS month,
    SUM(CASE WHEN paid.what = 'AWS' THEN paid.cost END) AS aws,
    SUM(CASE WHEN paid.what = 'Azure' THEN paid.cost END) AS azure,
    SUM(CASE WHEN paid.what = 'GCP' THEN paid.cost END) AS gcp,
    SUM(CASE WHEN paid.what = 'incomplete' THEN paid.cost END) AS incomplete
FROM paid
GROUP BY paid.month
ORDER BY month
