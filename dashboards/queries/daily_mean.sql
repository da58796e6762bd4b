-- Days that are complete in every cloud that was chosen; the mean of a day is that of the seven days
-- that end with it, days without cost included.
WITH days AS (
    SELECT
        costs.date AS date,
        CAST(SUM(costs.cost) AS FLOAT64) AS cost
    FROM {serving_daily_costs} AS costs
    CROSS JOIN (
        SELECT MIN(loads.data_through) AS last_day
        FROM {clouds_loaded} AS loads
        WHERE
            '__all' IN ({clouds})
            OR loads.cloud_provider IN ({clouds})
    ) AS known
    WHERE
        {consumed}
        AND costs.date >= {since} - 6
        AND costs.date <= LEAST(known.last_day, {until})
        AND costs.billing_period >= {since} - 68
        AND costs.billing_period <= {until} + 31
        {picked}
    GROUP BY costs.date
),

meant AS (
    SELECT
        days.date AS date,
        days.cost AS cost,
        SUM(days.cost) OVER (
            ORDER BY UNIX_DATE(days.date) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW
        ) / 7 AS mean_cost
    FROM days
)

SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(meant.date) * 86400) AS time,
    meant.cost AS cost,
    meant.mean_cost AS mean_cost
FROM meant
WHERE meant.date >= {since}
ORDER BY time
