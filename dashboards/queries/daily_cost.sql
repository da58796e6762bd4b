-- Days after the last complete one of a cloud have columns of their own, to be drawn in grey.
SELECT
    TIMESTAMP_SECONDS(UNIX_DATE(costs.date) * 86400) AS time,
    SUM(
        CASE
            WHEN costs.cloud_provider = 'AWS' AND costs.date <= loads.data_through THEN costs.cost
        END
    ) AS aws,
    SUM(
        CASE
            WHEN costs.cloud_provider = 'Azure' AND costs.date <= loads.data_through THEN costs.cost
        END
    ) AS azure,
    SUM(
        CASE
            WHEN costs.cloud_provider = 'GCP' AND costs.date <= loads.data_through THEN costs.cost
        END
    ) AS gcp,
    SUM(
        CASE
            WHEN costs.date > COALESCE(loads.data_through, DATE '1970-01-01') THEN costs.cost
        END
    ) AS incomplete
FROM {serving_daily_costs} AS costs
LEFT JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = costs.cloud_provider
WHERE
    {consumed}
    AND {in_range}
    {picked}
GROUP BY costs.date
ORDER BY time
