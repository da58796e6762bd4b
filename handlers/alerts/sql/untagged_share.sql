-- Percent of the cost of each cloud's last seven complete days that no tag, label or map names a
-- customer for. Usage and discounts only: a tax or a credit has no customer.
SELECT
    {now} AS time,
    costs.cloud_provider AS cloud,
    100 * CAST(
        SUM(CASE WHEN costs.customer_key = {untagged} THEN costs.cost ELSE 0 END) AS FLOAT64
    ) / CAST(NULLIF(SUM(costs.cost), 0) AS FLOAT64) AS value
FROM {serving_daily_costs} AS costs
INNER JOIN {clouds_loaded} AS loads
    ON loads.cloud_provider = costs.cloud_provider
WHERE
    costs.charge_type IN ('usage', 'discount')
    AND costs.date > loads.data_through - 7
    AND costs.date <= loads.data_through
    AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
GROUP BY costs.cloud_provider
ORDER BY cloud
