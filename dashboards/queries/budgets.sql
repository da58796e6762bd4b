-- Spent and forecast as in month_to_date and forecast, for whatever a budget limits. The filters
-- choose budgets: those of the chosen clouds, models and customers, and always the total.
WITH spent AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        costs.model AS model,
        costs.customer_key AS customer_key,
        SUM(costs.cost) AS cost,
        SUM(
            CASE
                WHEN least.days >= 5
                    THEN
                        CAST(costs.cost AS FLOAT64) * CAST(month.days_of_month AS FLOAT64)
                        / CAST(month.days AS FLOAT64)
            END
        ) AS forecast
    FROM {serving_daily_costs} AS costs
    INNER JOIN {this_month} AS month
        ON month.cloud_provider = costs.cloud_provider
    CROSS JOIN (SELECT MIN(known.days) AS days FROM {this_month} AS known) AS least
    WHERE
        costs.date >= month.first_day
        AND costs.date <= month.last_day
        AND costs.billing_period >= DATE_SUB({until}, INTERVAL 6 MONTH)
        AND costs.billing_period <= {until} + 31
    GROUP BY costs.cloud_provider, costs.model, costs.customer_key
),

plans AS (
    SELECT plan.limits, plan.key, plan.name, plan.amount_usd
    FROM {budgets} AS plan
    CROSS JOIN (SELECT MAX(known.first_day) AS first_day FROM {this_month} AS known) AS month
    WHERE
        (plan.month IS NULL OR plan.month = month.first_day)
        AND (
            plan.limits = 'total'
            OR (
                plan.limits = 'cloud'
                AND ('__all' IN ({clouds}) OR plan.key IN ({clouds}))
            )
            OR (
                plan.limits = 'model'
                AND ('__all' IN ({models}) OR plan.key IN ({models}))
            )
            OR (
                plan.limits = 'customer'
                AND ('__all' IN ({customers}) OR plan.key IN ({customers}))
            )
        )
    QUALIFY
        ROW_NUMBER() OVER (PARTITION BY plan.limits, plan.key ORDER BY plan.month NULLS LAST) = 1
),

used AS (
    SELECT
        plans.limits AS limits,
        plans.key AS key,
        CASE WHEN plans.limits = 'total' THEN 'all' ELSE plans.name END AS name,
        CAST(MAX(plans.amount_usd) AS FLOAT64) AS budget,
        CAST(SUM(spent.cost) AS FLOAT64) AS cost,
        SUM(spent.forecast) AS forecast
    FROM plans
    CROSS JOIN spent
    WHERE
        plans.limits = 'total'
        OR (plans.limits = 'cloud' AND spent.cloud_provider = plans.key)
        OR (plans.limits = 'model' AND spent.model = plans.key)
        OR (plans.limits = 'customer' AND spent.customer_key = plans.key)
    GROUP BY plans.limits, plans.key, plans.name
)

SELECT
    used.limits AS limits,
    used.name AS budget_of,
    used.budget AS budget,
    used.cost AS cost,
    used.cost / NULLIF(used.budget, 0) AS used_share,
    used.forecast AS forecast,
    used.forecast / NULLIF(used.budget, 0) AS forecast_share
FROM used
ORDER BY used_share DESC, limits, budget_of
