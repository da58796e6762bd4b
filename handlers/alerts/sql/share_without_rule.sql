-- Percent of the cost of each cloud's last seven complete days that no rule of the catalog names.
-- What the bill itself does not say is not counted: no rule could. Usage and discounts only. Zero
-- where it is less than one percent of what all clouds cost in these days.
WITH spent AS (
    SELECT costs.cloud_provider AS cloud_provider, CAST(SUM(costs.cost) AS FLOAT64) AS cost
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        costs.charge_type IN ('usage', 'discount')
        AND costs.date > loads.data_through - 7
        AND costs.date <= loads.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider
),

ruleless AS (
    SELECT costs.cloud_provider AS cloud_provider, CAST(SUM(costs.cost) AS FLOAT64) AS cost
    FROM {serving_unnamed_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        costs.rule_id IS NULL
        AND costs.charge_type IN ('usage', 'discount')
        AND costs.date > loads.data_through - 7
        AND costs.date <= loads.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider
)

SELECT
    {now} AS time,
    shares.cloud_provider AS cloud,
    CASE
        WHEN shares.ruleless < 0.01 * shares.bill THEN 0.0
        ELSE 100 * shares.ruleless / NULLIF(shares.cost, 0)
    END AS value,
    shares.ruleless AS usd
FROM (
    SELECT
        spent.cloud_provider AS cloud_provider,
        spent.cost AS cost,
        SUM(spent.cost) OVER () AS bill,
        COALESCE(ruleless.cost, 0.0) AS ruleless
    FROM spent
    LEFT JOIN ruleless
        ON ruleless.cloud_provider = spent.cloud_provider
) AS shares
WHERE shares.cost > 0
