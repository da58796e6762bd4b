-- Hours since the last load of each cloud that is expected; a cloud that was never loaded counts as
-- a year, so that it is a number and not silence. Dollars: what each of its last seven complete days
-- cost, usage and discounts, which is about what each day without a bill leaves out.
SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COALESCE((UNIX_SECONDS({now}) - UNIX_SECONDS(loads.last_load)) / 3600, 8760) AS value,
    COALESCE(usual.day, 0.0) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = expected.cloud_provider
LEFT JOIN (
    SELECT
        costs.cloud_provider AS cloud_provider,
        CAST(SUM(costs.cost) AS FLOAT64) / 7 AS day
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS complete
        ON complete.cloud_provider = costs.cloud_provider
    WHERE
        costs.charge_type IN ('usage', 'discount')
        AND costs.date > complete.data_through - 7
        AND costs.date <= complete.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider
) AS usual
    ON usual.cloud_provider = expected.cloud_provider
