-- Percent of each budget that the month's complete days have used. Everything that is paid counts:
-- usage, purchases, credits, taxes. The month is that of the newest complete day of any cloud.
WITH month AS (
    SELECT
        DATE_ADD(LAST_DAY(DATE_SUB(MAX(data_through), INTERVAL 1 MONTH)), INTERVAL 1 DAY)
            AS first_day
    FROM {clouds_loaded} AS loads
),

spent AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        costs.model AS model,
        costs.customer_key AS customer_key,
        SUM(costs.cost) AS cost
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    CROSS JOIN month
    WHERE
        costs.date >= month.first_day
        AND costs.date <= loads.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider, costs.model, costs.customer_key
),

budgets AS (
    SELECT plan.limits, plan.key, plan.name, plan.amount_usd
    FROM {budgets} AS plan
    CROSS JOIN month
    WHERE plan.month IS NULL OR plan.month = month.first_day
    QUALIFY
        ROW_NUMBER() OVER (PARTITION BY plan.limits, plan.key ORDER BY plan.month NULLS LAST) = 1
)

SELECT
    {now} AS time,
    used.limits AS limits,
    CASE WHEN used.limits = 'total' THEN 'of all clouds' ELSE used.name END AS name,
    used.key AS key,
    100 * used.usd / used.amount AS value,
    used.usd AS usd
FROM (
    SELECT
        budgets.limits AS limits,
        budgets.name AS name,
        budgets.key AS key,
        CAST(MAX(budgets.amount_usd) AS FLOAT64) AS amount,
        CAST(
            SUM(
                CASE
                    WHEN budgets.limits = 'total' THEN spent.cost
                    WHEN budgets.limits = 'cloud' AND spent.cloud_provider = budgets.key
                        THEN spent.cost
                    WHEN budgets.limits = 'model' AND spent.model = budgets.key THEN spent.cost
                    WHEN budgets.limits = 'customer' AND spent.customer_key = budgets.key
                        THEN spent.cost
                    ELSE 0
                END
            ) AS FLOAT64
        ) AS usd
    FROM budgets
    CROSS JOIN spent
    GROUP BY budgets.limits, budgets.name, budgets.key
) AS used
