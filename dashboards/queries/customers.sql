WITH spent AS (
    SELECT
        costs.customer_key AS customer_key,
        SUM(costs.cost) AS cost,
        COUNT(DISTINCT CASE WHEN costs.charge_type = 'usage' THEN costs.date END) AS active_days
    FROM {serving_daily_costs} AS costs
    WHERE
        {in_range}
        {picked}
    GROUP BY costs.customer_key
)

SELECT
    ROW_NUMBER() OVER (ORDER BY spent.cost DESC, spent.customer_key) AS place,
    COALESCE(names.name, spent.customer_key) AS customer,
    spent.cost AS cost,
    CAST(spent.cost AS FLOAT64) / NULLIF(SUM(CAST(spent.cost AS FLOAT64)) OVER (), 0) AS share,
    spent.active_days AS active_days,
    CAST(spent.cost AS FLOAT64) / NULLIF(spent.active_days, 0) AS average_day,
    spent.customer_key AS customer_key
FROM spent
LEFT JOIN {customer_names} AS names
    ON names.key = spent.customer_key
ORDER BY place
LIMIT {limit}
