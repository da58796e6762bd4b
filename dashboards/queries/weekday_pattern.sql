-- The mean of a weekday is over all such days of the chosen time up to the cloud's last complete
-- one, also those without cost. 1 January 1970 was a Thursday, so Monday is 0.
WITH days AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        costs.date AS date,
        SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    WHERE
        {consumed}
        AND {in_range}
        {picked}
    GROUP BY costs.cloud_provider, costs.date
),

spent AS (
    SELECT
        days.cloud_provider AS cloud_provider,
        MOD(UNIX_DATE(days.date) + 3, 7) AS weekday,
        LEAST(loads.data_through, {until}) AS last_day,
        days.cost AS cost
    FROM days
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = days.cloud_provider
    WHERE days.date <= loads.data_through
),

means AS (
    SELECT
        spent.cloud_provider AS cloud_provider,
        spent.weekday AS weekday,
        CAST(SUM(spent.cost) AS FLOAT64) / CAST(
            DIV(
                UNIX_DATE(MAX(spent.last_day)) - UNIX_DATE({since})
                - MOD(spent.weekday - MOD(UNIX_DATE({since}) + 3, 7) + 7, 7) + 7,
                7
            ) AS FLOAT64
        ) AS cost
    FROM spent
    GROUP BY spent.cloud_provider, spent.weekday
)

SELECT
    CASE means.weekday
        WHEN 0 THEN 'Mon'
        WHEN 1 THEN 'Tue'
        WHEN 2 THEN 'Wed'
        WHEN 3 THEN 'Thu'
        WHEN 4 THEN 'Fri'
        WHEN 5 THEN 'Sat'
        ELSE 'Sun'
    END AS weekday,
    SUM(CASE WHEN means.cloud_provider = 'AWS' THEN means.cost END) AS aws,
    SUM(CASE WHEN means.cloud_provider = 'Azure' THEN means.cost END) AS azure,
    SUM(CASE WHEN means.cloud_provider = 'GCP' THEN means.cost END) AS gcp
FROM means
GROUP BY means.weekday
ORDER BY means.weekday
