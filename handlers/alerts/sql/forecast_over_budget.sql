-- Percent of each budget, in all and per customer, that the month will have used at its end if its
-- other days cost what its complete days cost on average, cloud by cloud. Nothing before every
-- cloud has five complete days in the month. Dollars are those over the budget. Zero for a
-- budget that is used up already: another rule tells that.
WITH month AS (
    SELECT
        DATE_ADD(LAST_DAY(DATE_SUB(MAX(data_through), INTERVAL 1 MONTH)), INTERVAL 1 DAY)
            AS first_day,
        LAST_DAY(MAX(data_through)) AS last_day
    FROM {clouds_loaded} AS loads
),

known AS (
    SELECT
        loads.cloud_provider AS cloud_provider,
        loads.data_through AS data_through,
        UNIX_DATE(loads.data_through) - UNIX_DATE(month.first_day) + 1 AS days,
        MIN(UNIX_DATE(loads.data_through) - UNIX_DATE(month.first_day) + 1) OVER () AS least_days,
        UNIX_DATE(month.last_day) - UNIX_DATE(month.first_day) + 1 AS days_of_month,
        month.first_day AS first_day
    FROM {clouds_loaded} AS loads
    CROSS JOIN month
),

expected AS (
    SELECT
        costs.customer_key AS customer_key,
        CAST(SUM(costs.cost) AS FLOAT64) AS spent,
        SUM(
            CAST(costs.cost AS FLOAT64) * CAST(known.days_of_month AS FLOAT64)
            / CAST(known.days AS FLOAT64)
        ) AS cost
    FROM {serving_daily_costs} AS costs
    INNER JOIN known
        ON known.cloud_provider = costs.cloud_provider
    WHERE
        known.least_days >= 5
        AND costs.date >= known.first_day
        AND costs.date <= known.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.customer_key
),

budgets AS (
    SELECT plan.limits, plan.key, plan.name, plan.amount_usd
    FROM {budgets} AS plan
    CROSS JOIN month
    WHERE
        plan.limits IN ('total', 'customer')
        AND (plan.month IS NULL OR plan.month = month.first_day)
    QUALIFY
        ROW_NUMBER() OVER (PARTITION BY plan.limits, plan.key ORDER BY plan.month NULLS LAST) = 1
)

SELECT
    {now} AS time,
    expects.limits AS limits,
    CASE WHEN expects.limits = 'total' THEN 'of all clouds' ELSE expects.name END AS name,
    expects.key AS key,
    CASE WHEN expects.spent > expects.amount THEN 0.0 ELSE 100 * expects.usd / expects.amount END
        AS value,
    expects.usd - expects.amount AS usd
FROM (
    SELECT
        budgets.limits AS limits,
        budgets.name AS name,
        budgets.key AS key,
        CAST(MAX(budgets.amount_usd) AS FLOAT64) AS amount,
        SUM(
            CASE
                WHEN budgets.limits = 'total' OR expected.customer_key = budgets.key
                    THEN expected.spent
                ELSE 0.0
            END
        ) AS spent,
        SUM(
            CASE
                WHEN budgets.limits = 'total' OR expected.customer_key = budgets.key
                    THEN expected.cost
                ELSE 0.0
            END
        ) AS usd
    FROM budgets
    CROSS JOIN expected
    GROUP BY budgets.limits, budgets.name, budgets.key
) AS expects
