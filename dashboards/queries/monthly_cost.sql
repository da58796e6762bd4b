-- Twelve months up to the last chosen day; the days after a cloud's last complete one apart.
WITH paid AS (
    SELECT
        SUBSTR(CAST(costs.date AS STRING), 1, 7) AS month,
        costs.cloud_provider AS cloud_provider,
        CASE WHEN costs.date <= loads.data_through THEN costs.cost END AS complete,
        CASE
            WHEN costs.date > COALESCE(loads.data_through, DATE '1970-01-01') THEN costs.cost
        END AS incomplete
    FROM {serving_daily_costs} AS costs
    LEFT JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        costs.date > LAST_DAY(DATE_SUB({until}, INTERVAL 12 MONTH))
        AND costs.date <= {until}
        AND costs.billing_period >= DATE_SUB({until}, INTERVAL 14 MONTH)
        AND costs.billing_period <= {until} + 31
        {picked}
)

SELECT
    paid.month AS month,
    SUM(CASE WHEN paid.cloud_provider = 'AWS' THEN paid.complete END) AS aws,
    SUM(CASE WHEN paid.cloud_provider = 'Azure' THEN paid.complete END) AS azure,
    SUM(CASE WHEN paid.cloud_provider = 'GCP' THEN paid.complete END) AS gcp,
    SUM(paid.incomplete) AS incomplete
FROM paid
GROUP BY paid.month
ORDER BY month
