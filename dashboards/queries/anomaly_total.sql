-- Cloud, model and customer rise together: of one cloud and day the largest counts.
WITH days AS (
    SELECT
        found.date AS date,
        found.cloud_provider AS cloud_provider,
        MAX(ABS(found.actual - found.expected)) AS cost
    FROM {anomalies} AS found
    WHERE
        found.status IN ('high', 'low')
        AND found.date >= {since}
        AND found.date <= {until}
        AND {picked_series}
    GROUP BY found.date, found.cloud_provider
)

SELECT
    COUNT(days.date) AS anomalies,
    COALESCE(SUM(days.cost), 0) AS unexpected_cost
FROM days
