-- Percent of the cost of each cloud's last seven complete days that no tag, label or map names a
-- customer for. Usage and discounts only: a tax or a credit has no customer. Zero where it is less
-- than one percent of what all clouds cost in these days: a small bill is not worth a message.
SELECT
    {now} AS time,
    shares.cloud_provider AS cloud,
    CASE
        WHEN shares.nameless < 0.01 * SUM(shares.cost) OVER () THEN 0.0
        ELSE 100 * shares.nameless / NULLIF(shares.cost, 0)
    END AS value,
    shares.nameless AS usd
FROM (
    SELECT
        costs.cloud_provider AS cloud_provider,
        CAST(SUM(costs.cost) AS FLOAT64) AS cost,
        CAST(
            SUM(CASE WHEN costs.customer_key = {untagged} THEN costs.cost ELSE 0 END) AS FLOAT64
        ) AS nameless
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        costs.charge_type IN ('usage', 'discount')
        AND costs.date > loads.data_through - 7
        AND costs.date <= loads.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider
) AS shares
WHERE shares.cost > 0
