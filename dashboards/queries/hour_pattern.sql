-- The mean of an hour is over all days of the chosen time up to the cloud's last complete one.
WITH means AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        costs.hour AS hour,
        CAST(SUM(costs.cost) AS FLOAT64) / CAST(
            MAX(UNIX_DATE(LEAST(loads.data_through, {until}))) - UNIX_DATE({since}) + 1 AS FLOAT64
        ) AS cost
    FROM {serving_hourly_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        {consumed}
        AND costs.date <= loads.data_through
        AND {in_range}
        {picked}
    GROUP BY costs.cloud_provider, costs.hour
)

SELECT
    CAST(hours.hour AS STRING) AS hour,
    SUM(CASE WHEN means.cloud_provider = 'AWS' THEN means.cost END) AS aws,
    SUM(CASE WHEN means.cloud_provider = 'Azure' THEN means.cost END) AS azure,
    SUM(CASE WHEN means.cloud_provider = 'GCP' THEN means.cost END) AS gcp
FROM (
    -- All of a day, so that an hour without cost is a gap; none where no bill states the hour.
    SELECT DISTINCT n AS hour
    FROM means
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, 23)) AS n
) AS hours
LEFT JOIN means
    ON means.hour = hours.hour
GROUP BY hours.hour
ORDER BY hours.hour
